"""A guided conversation on a real database, driven as the inbox drives it."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from agents.adapters import parsers
from agents.adapters.embedders.minilm import MiniLm
from agents.adapters.prices import price_book
from agents.adapters.sources.data_files import DataFiles
from agents.adapters.sources.folder import Folders
from agents.conversation.conversations import Conversations
from agents.conversation.talkers.guided import Guided
from agents.conversation.talking import Talker
from agents.ports import Voice
from agents.services.costs import Chart, ChartKind, Costs
from agents.services.data_sources import DataSources
from agents.services.decision_state import DecisionState
from agents.services.decisions import Decisions
from agents.services.delegations import Delegations
from agents.services.distillations import Distillations
from agents.services.index import Indexes
from agents.services.prices import PriceBooks
from agents.services.runs import Runs
from agents.services.watches import Watches
from agents.store import facts
from agents.store.checkpoints import Checkpoints
from agents.store.db import Database
from tests.people import Members, make_people

TEAM = "T0LOCAL"
ANA, BOB = "U0ANA", "U0BOB"
# Shared by all test sessions of a machine: the conversion of the model is the same each time.
MODELS = Path(tempfile.gettempdir()) / "cairn-test-models"
BOOK = price_book(date(2026, 11, 23))


@dataclass(slots=True)
class Desk:
    """One thread with the services behind it, and what stands in its outbox."""

    database: Database
    conversations: Conversations
    decisions: Decisions
    costs: Costs
    indexes: Indexes
    watches: Watches
    delegations: Delegations
    directory: Members
    team: str = TEAM
    channel: str = "C1"
    thread_ts: str = "1700000000.000100"
    conversation_id: str = ""
    events: Iterator[int] = field(default_factory=lambda: count(1))

    async def say(self, text: str, who: str = ANA, event_key: str | None = None) -> None:
        key = event_key or f"Ev{next(self.events)}"
        turned = await self.conversations.say(
            self.team, self.channel, self.thread_ts, who, text, source=f"ts-{key}", event_key=key
        )
        self.conversation_id = turned.conversation_id

    async def click(self, value: Any, who: str = ANA, *, event_key: str | None = None) -> None:
        asked = (await self.state()).open_question
        assert asked is not None
        key = event_key or f"Tr{next(self.events)}"
        await self.press(asked.question_id, asked.slot, value, who, event_key=key)

    async def press(self, question_id: str, slot: str, value: Any, who: str = ANA, *, event_key: str) -> None:
        await self.conversations.click(
            self.team,
            self.conversation_id,
            who,
            slot=slot,
            value=value,
            question_id=question_id,
            event_key=event_key,
        )

    async def state(self) -> DecisionState:
        return await self.decisions.state(self.team, self.conversation_id)

    async def open_slot(self) -> str | None:
        asked = (await self.state()).open_question
        return asked.slot if asked else None

    async def question_id(self) -> str:
        asked = (await self.state()).open_question
        assert asked is not None
        return asked.question_id

    async def verdict(self) -> str | None:
        verdict = (await self.state()).verdict
        return verdict.approach if verdict else None

    async def answers(self) -> dict[str, Any]:
        return {answer.slot: answer.value for answer in (await self.state()).answers}

    async def cards(self, kind: str | None = None) -> list[dict[str, Any]]:
        async with self.database.team(self.team) as connection:
            found = await connection.execute(
                "SELECT key, kind, subject, version, ephemeral_user FROM app.slack_card ORDER BY created_at"
            )
            return [dict(row) for row in await found.fetchall() if kind in (None, row["kind"])]

    async def said(self) -> list[str]:
        return [card["subject"]["text"] for card in await self.cards("say") if card["ephemeral_user"] is None]

    async def notes(self, who: str) -> list[str]:
        return [card["subject"]["text"] for card in await self.cards("say") if card["ephemeral_user"] == who]

    async def rows(self) -> int:
        """How many answers were ever stored, replaced ones too."""
        async with self.database.team(self.team) as connection:
            return len(await facts.all_facts(connection, self.team, self.conversation_id))

    async def verdicts(self) -> int:
        async with self.database.team(self.team) as connection:
            found = await connection.execute("SELECT count(*) AS n FROM app.verdict")
            row = await found.fetchone()
            return int(row["n"]) if row else 0


def make_desk(
    database: Database,
    checkpoints: Checkpoints,
    talker: Talker | None = None,
    voice: Voice | None = None,
    **where: Any,
) -> Desk:
    charts: dict[ChartKind, Chart] = {"volume": Chart(png=lambda _: b"png", alt=lambda _: "A chart.")}
    costs = Costs(database, PriceBooks(lambda: BOOK), charts)
    decisions = Decisions(database, costs)
    directory = Members()
    delegations = Delegations(database, directory)
    runs = Runs(database, make_people(approvers={BOB}))
    indexes = Indexes(database, MiniLm(MODELS), Folders([tempfile.gettempdir()], parsers.refusal), runs)
    files = DataFiles([tempfile.gettempdir()])
    conversations = Conversations(
        database=database,
        checkpoints=checkpoints,
        decisions=decisions,
        delegations=delegations,
        costs=costs,
        indexes=indexes,
        runs=runs,
        distillations=Distillations(database, PriceBooks(lambda: BOOK), files, DataSources(database, files), runs),
        talker=talker or Guided(),
        voice=voice,
    )
    watched = Watches(database, decisions, costs)
    return Desk(database, conversations, decisions, costs, indexes, watched, delegations, directory=directory, **where)


@pytest.fixture
async def checkpoints(dsn: str) -> AsyncIterator[Checkpoints]:
    async with Checkpoints(dsn) as opened:
        yield opened


@pytest.fixture
def desk(database: Database, checkpoints: Checkpoints) -> Desk:
    return make_desk(database, checkpoints)
