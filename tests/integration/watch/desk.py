"""Decisions that are watched, on a real database: what a person does to them, and what comes of it."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg.sql import SQL

from agents.adapters.prices import price_book
from agents.costs.prices.book import PriceBook
from agents.services.costs import Chart, ChartKind, Costs
from agents.services.decisions import Decisions
from agents.services.measurements import Measurements
from agents.services.prices import PriceBooks, Prices
from agents.services.watch_view import FlipView, WatchView
from agents.services.watches import Watches
from agents.store import conversations
from agents.store.db import Database
from tests.answers import READY_TO_DISTIL, TOKENS
from tests.people import make_people

TEAM = "T0LOCAL"
ANA, BOB = "U0ANA", "U0BOB"
DAY = dt.date(2026, 11, 23)
# Everything that a distillation needs; the volume decides whether it pays.
READY: Mapping[str, Any] = {**READY_TO_DISTIL, "tokens": TOKENS}
LARGE, SMALL = "2M", "500"
_OURS = "task_name = 'watch' AND args->>'team_id' = %s"
_END = SQL("DELETE FROM public.procrastinate_jobs WHERE {} AND status = 'doing'").format(SQL(_OURS))
_TAKE = SQL(
    "UPDATE public.procrastinate_jobs SET status = 'doing' "
    "WHERE id IN (SELECT id FROM public.procrastinate_jobs WHERE {} AND status = 'todo' LIMIT 1)"
).format(SQL(_OURS))


@dataclass(slots=True)
class Clock:
    """The day that prices and watches are told."""

    day: dt.date = DAY
    _books: dict[dt.date, PriceBook] = field(default_factory=dict)

    def today(self) -> dt.date:
        return self.day

    def book(self) -> PriceBook:
        if self.day not in self._books:
            self._books[self.day] = price_book(self.day)
        return self._books[self.day]


@dataclass(slots=True)
class Desk:
    """One team's decisions with the services behind them."""

    database: Database
    decisions: Decisions
    watches: Watches
    prices: Prices
    measurements: Measurements
    clock: Clock
    team: str = TEAM

    async def decide(self, volume: str = LARGE, thread_ts: str = "1.1", channel: str = "C1", **answers: Any) -> str:
        """Begin a conversation with everything answered, and return its id."""
        async with self.database.team(self.team) as connection:
            made = await conversations.open_conversation(
                connection, self.team, channel=channel, thread_ts=thread_ts, started_by=ANA
            )
        await self.answer(made.id, **{**READY, "requests_per_day": volume, **answers})
        return made.id

    async def answer(self, conversation_id: str, who: str = ANA, **answers: Any) -> None:
        await self.decisions.record(self.team, conversation_id, answers=answers, who=who, source="1.2")

    async def watched(self, volume: str = LARGE, **more: Any) -> WatchView:
        return await self.watches.save(self.team, await self.decide(volume, **more), ANA)

    async def dearer_api(self, factor: float = 1.0) -> None:
        """Set the price of the model in use, in multiples of two and ten dollars."""
        await self.prices.set(self.team, f"claude-sonnet-5-5 in={2 * factor:g} out={10 * factor:g}", BOB)

    async def check(self) -> None:
        """Do what the worker does with the job that waits, until nothing is due."""
        while self.team in await self.jobs():
            await self.take_jobs()
            await self.watches.check(self.team)

    async def jobs(self) -> list[str]:
        """Return the teams of the checks that wait."""
        async with self.database.engine() as connection:
            found = await connection.execute(
                "SELECT args->>'team_id' AS team FROM public.procrastinate_jobs "
                "WHERE task_name = 'watch' AND status = 'todo' ORDER BY id"
            )
            return [row["team"] for row in await found.fetchall()]

    async def take_jobs(self) -> None:
        """Take up every check that waits, as a worker does before it begins; what it had in hand is done."""
        async with self.database.engine() as connection:
            for statement in (_END, _TAKE):
                await connection.execute(statement, (self.team,))

    async def replies(self) -> list[dict[str, Any]]:
        """Return the replies that tell flips, oldest first."""
        async with self.database.team(self.team) as connection:
            found = await connection.execute(
                "SELECT key, subject, channel, thread_ts FROM app.slack_card WHERE kind = 'watch_flip' "
                "ORDER BY created_at"
            )
            return [dict(row) for row in await found.fetchall()]

    async def flips(self) -> list[FlipView]:
        return [
            await self.watches.flip(self.team, each["subject"]["watch_id"], each["subject"]["n"])
            for each in await self.replies()
        ]

    async def card_version(self, key: str) -> int:
        async with self.database.team(self.team) as connection:
            row = await (
                await connection.execute("SELECT version FROM app.slack_card WHERE key = %s", (key,))
            ).fetchone()
            return int(row["version"]) if row else 0


def make_desk(
    database: Database, clock: Clock | None = None, book: Callable[[], PriceBook] | None = None, team: str = TEAM
) -> Desk:
    clock = clock or Clock()
    books = PriceBooks(book or clock.book)
    charts: dict[ChartKind, Chart] = {"volume": Chart(png=lambda _: b"png", alt=lambda _: "A chart.")}
    costs = Costs(database, books, charts)
    decisions = Decisions(database, costs)
    people = make_people(approvers={BOB})
    return Desk(
        database,
        decisions,
        Watches(database, decisions, costs, clock.today),
        Prices(database, people, books),
        Measurements(database, people, books),
        clock,
        team,
    )
