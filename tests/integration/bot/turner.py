"""Turns as a process of their own, for tests that kill it: DSN and a folder for marks as arguments."""

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from agents.engine.worker import run_worker
from agents.store.db import Database
from agents.wiring import Services
from bot.feature import Turn
from bot.routing import Routes
from bot.turns import Turns


@dataclass(frozen=True, slots=True)
class OnlyDatabase:
    """The services of features that need no service."""

    database: Database


async def main(dsn: str, marks: Path) -> None:
    async def two_steps(turn: Turn) -> None:
        """Say two things; the first time, hang between them until this process is killed."""
        await turn.say("first step")
        mark = marks / "between"
        if not mark.exists():
            mark.write_text(turn.event.key)
            await asyncio.sleep(3600)
        await turn.say("second step")

    async with Database(dsn) as database:
        services = cast("Services", OnlyDatabase(database))
        turns = Turns(services, Routes((), otherwise=two_steps, unknown=two_steps))
        await run_worker(
            database, dsn, {}, None,
            queues=("turn",), stop=asyncio.Event(), lease_s=1, tasks={"turn": turns.handle},
        )  # fmt: skip


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
