"""Conversations whose values may be remembered, and forgotten, on a real database."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from psycopg.sql import SQL, Identifier
from psycopg.types.json import Jsonb

from agents.adapters.prices import price_book
from agents.conversation.conversations import Conversations
from agents.services.costs import Costs
from agents.services.decisions import Decisions
from agents.services.defaults import Defaults
from agents.services.forgetting import Forgetting
from agents.services.prices import PriceBooks
from agents.store import cost_scenarios
from agents.store.checkpoints import Checkpoints
from agents.store.db import Database
from tests.integration.conversation.conftest import make_desk as make_conversations
from tests.people import Members, make_people

TEAM = "T0LOCAL"
ANA, BOB, ROOT, GUEST = "U0ANA", "U0BOB", "U0ROOT", "U0GUEST"
CHANNEL, THREAD, OTHER_THREAD = "C1", "1700000000.000100", "1700000000.000200"
BOOK = price_book(dt.date(2026, 11, 23))
GPUS = {"kind": "H100-80", "count": 2}


@dataclass(slots=True)
class Desk:
    """The services that remember and forget, beside those that talk."""

    database: Database
    conversations: Conversations
    decisions: Decisions
    defaults: Defaults
    forgetting: Forgetting
    events: Iterator[int] = field(default_factory=lambda: count(1))

    async def begin(self, thread: str = THREAD, who: str = ANA, text: str = "too expensive") -> str:
        """Have somebody begin a conversation in a thread; return its id."""
        number = next(self.events)
        turned = await self.conversations.say(
            TEAM, CHANNEL, thread, who, text, source=f"ts-{number}", event_key=f"E-{number}"
        )
        return turned.conversation_id

    async def answer(self, conversation_id: str, who: str = ANA, **answers: Any) -> None:
        await self.decisions.record(TEAM, conversation_id, answers=answers, who=who, source="1.2")

    async def set(self, conversation_id: str, key: str, value: Any, who: str = ANA) -> None:
        async with self.database.team(TEAM) as connection:
            await cost_scenarios.set_value(
                connection, TEAM, conversation_id, key=key, value=value, who=who, source="1.3"
            )

    async def settings(self, conversation_id: str) -> Mapping[str, cost_scenarios.CostSetting]:
        async with self.database.team(TEAM) as connection:
            return await cost_scenarios.settings(connection, TEAM, conversation_id)

    async def known(self, conversation_id: str) -> dict[str, Any]:
        state = await self.decisions.state(TEAM, conversation_id)
        return {answer.slot: answer.value for answer in state.answers}

    async def remember(self, conversation_id: str, *names: str, who: str = ANA, event_key: str = "R1") -> None:
        """Have somebody tick values in the form and send it."""
        found = await self.defaults.rememberable(TEAM, conversation_id, who)
        marks = [each.mark for each in found if each.name in names]
        await self.defaults.remember(TEAM, conversation_id, marks, who, event_key)

    async def remembered(self) -> dict[str, Any]:
        return {each.name: each.value for each in await self.defaults.list(TEAM)}

    async def rows(self, table: str) -> list[dict[str, Any]]:
        async with self.database.team(TEAM) as connection:
            found = await connection.execute(SQL("SELECT * FROM {}").format(Identifier(*table.split("."))))
            return [dict(row) for row in await found.fetchall()]

    async def run(self, statement: str, **values: Any) -> None:
        """Do something to the database that no service does."""
        async with self.database.team(TEAM) as connection:
            await connection.execute(statement.encode(), {"team": TEAM, **values})

    async def received(self, key: str, who: str, thread: str | None, **body: Any) -> None:
        """Have an event come in and be handled."""
        await self.run(
            "INSERT INTO app.slack_event (team_id, key, kind, channel, thread_ts, user_id, body, handled_at) "
            "VALUES (%(team)s, %(key)s, 'message', %(channel)s, %(thread)s, %(who)s, %(body)s, now())",
            key=key,
            who=who,
            channel=CHANNEL,
            thread=thread,
            body=Jsonb(body),
        )


def make_desk(database: Database, checkpoints: Checkpoints) -> Desk:
    directory = Members()
    people = make_people(admins={ROOT}, requesters={ANA, BOB, ROOT}, directory=directory)
    books = PriceBooks(lambda: BOOK)
    decisions = Decisions(database, Costs(database, books, {}))
    return Desk(
        database,
        make_conversations(database, checkpoints).conversations,
        decisions,
        Defaults(database, people, decisions, books),
        Forgetting(database, people),
    )
