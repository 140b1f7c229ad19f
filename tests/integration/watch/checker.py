"""Checks as a process of their own, for tests that kill it: DSN, a folder for marks, and where to hang."""

import asyncio
import sys
import time
from pathlib import Path

from agents.costs.prices.book import PriceBook
from agents.engine.worker import run_worker
from agents.store.db import Database
from tests.integration.watch.desk import Clock, make_desk


def hanging(clock: Clock, marks: Path, at: int) -> PriceBook:
    """Return the prices of the day; at the look-up number `at` of the first process, hang until it is killed."""
    looked = marks / "looked"
    number = int(looked.read_text()) + 1 if looked.exists() else 1
    looked.write_text(str(number))
    if number == at:
        (marks / "hangs").touch()
        time.sleep(3600)
    return clock.book()


async def main(dsn: str, marks: Path, at: int) -> None:
    clock = Clock()
    async with Database(dsn) as database:
        desk = make_desk(database, clock, lambda: hanging(clock, marks, at))
        await run_worker(
            database, dsn, {}, None,
            queues=("watch",), stop=asyncio.Event(), lease_s=1, tasks={"watch": desk.watches.check},
        )  # fmt: skip


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
