"""Connections under contention: whoever is cancelled while it waits for one is cancelled."""

import asyncio
import random

import pytest

from agents.store.db import Database

pytestmark = pytest.mark.integration

TASKS = 8
ROUNDS = 120


async def test_a_cancel_that_meets_a_connection_is_not_swallowed(dsn: str) -> None:
    async with Database(dsn, max_size=2) as database:

        async def look() -> None:
            async with database.team("T1") as connection:
                await connection.execute("SELECT 1")

        async def cancelled_again_and_again(seed: int) -> int:
            chance, went_on = random.Random(seed), 0  # noqa: S311  # when to cancel is no secret
            for _ in range(ROUNDS):
                task = asyncio.create_task(look())
                await asyncio.sleep(chance.random() * 0.006)
                was_told = task.cancel()
                await asyncio.wait({task})
                went_on += was_told and not task.cancelled()
            return went_on

        assert sum(await asyncio.gather(*map(cancelled_again_and_again, range(TASKS)))) == 0
