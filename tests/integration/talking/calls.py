"""Calls of models on a real database: what is about to be said, and the meter that lets it."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from agents.adapters.prices import price_book
from agents.costs.prices.overrides import OwnPrice
from agents.dialogue.chat import Usage
from agents.dialogue.speaking import Speaking
from agents.services.prices import PriceBooks
from agents.services.talk_budgets import TalkBudgets
from agents.services.talk_costs import TalkCosts
from agents.store import conversations
from agents.store.db import Database
from tests.people import make_people

TEAM, OTHER = "T0LOCAL", "T0OTHER"
ADMIN, ANA, BOB = "U0ADA", "U0ANA", "U0BOB"
SONNET, HAIKU = "claude-sonnet-5-5", "claude-haiku-5-5"
BOOK = price_book(date(2026, 11, 23))
# Of sonnet: 1,000 tokens that are all written to the cache, and 500 of an answer.
MOST_USD = BOOK.model(SONNET).standard.cache_write / 1_000 + BOOK.model(SONNET).standard.output / 2_000


def make_call(**given: Any) -> Speaking:
    call: dict[str, Any] = {
        "team_id": TEAM,
        "conversation_id": "c",
        "user_id": ANA,
        "turn_id": "Ev1",
        "step": 0,
        "model": SONNET,
        "request_tokens": 1_000,
        "max_tokens": 500,
    }
    return Speaking(**{**call, **given})


def make_costs(database: Database, *own: OwnPrice, self_hosted: tuple[str, ...] = ()) -> TalkCosts:
    return TalkCosts(database, PriceBooks(lambda: BOOK, own), self_hosted=self_hosted)


def make_budgets(database: Database) -> TalkBudgets:
    return TalkBudgets(database, make_people(admins={ADMIN}))


@dataclass(slots=True)
class Threads:
    """Makes the conversations that calls belong to."""

    database: Database
    made: int = field(default=0)

    async def new(self, team_id: str = TEAM, channel: str = "C1") -> str:
        self.made += 1
        async with self.database.team(team_id) as connection:
            opened = await conversations.open_conversation(
                connection, team_id, channel=channel, thread_ts=f"{self.made}.1", started_by=ANA
            )
        return opened.id


async def spend(costs: TalkCosts, conversation_id: str, usage: Usage | None = None, **given: Any) -> str:
    """Make a whole call and return its id."""
    call_id = await costs.begin(make_call(conversation_id=conversation_id, **given))
    await costs.end(
        call_id, usage=usage or Usage(input_tokens=900, output_tokens=100), stop_reason="end_turn", failure=None
    )
    return call_id


async def calls(database: Database, team_id: str = TEAM) -> list[dict[str, Any]]:
    """Return the calls that were written down, in their order."""
    async with database.team(team_id) as connection:
        found = await connection.execute("SELECT * FROM app.model_call ORDER BY id")
        return [dict(row) for row in await found.fetchall()]
