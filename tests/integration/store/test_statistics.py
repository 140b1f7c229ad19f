"""The planner is told of a burst before the autovacuum comes."""

import psycopg
import pytest

from agents.store import stages
from agents.store.db import Database

pytestmark = pytest.mark.integration

BURST = 5_000


async def known_jobs(dsn: str) -> float:
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        found = await connection.execute("SELECT reltuples FROM pg_class WHERE oid = 'procrastinate_jobs'::regclass")
        row = await found.fetchone()
    return float(row[0]) if row else 0.0


async def test_a_burst_of_jobs_is_known_after_one_look_and_not_looked_at_again(dsn: str, database: Database) -> None:
    async with database.team("T0LOCAL") as connection:
        await connection.execute(
            "SELECT app.defer_job('cpu', 'stage', jsonb_build_object('team_id', 'T0LOCAL', 'seq', n)) "
            "FROM generate_series(1, %s) n",
            [BURST],
        )
        # Sessions report what they changed now and then: here, as the transaction ends.
        await connection.execute("SELECT pg_stat_force_next_flush()")
    assert await known_jobs(dsn) < BURST
    async with database.engine() as connection:
        assert await stages.refresh_statistics(connection) >= 1
    assert await known_jobs(dsn) == BURST
    async with database.engine() as connection:
        await connection.execute("SELECT pg_stat_force_next_flush()")
        assert await stages.refresh_statistics(connection) == 0
