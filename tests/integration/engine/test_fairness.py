"""Whose turn it is: teams take turns in a queue, and runs of a higher priority come first."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from agents.engine.stage import StageContext
from agents.engine.worker import run_worker
from agents.errors import UserError
from agents.store import runs as run_store
from agents.store import stages
from agents.store.db import Database, role_conninfo
from agents.store.stages import StageKey
from tests.integration.engine.conftest import LEASE_S
from tests.integration.engine.placed_toys import PLACED, QUEUE, start_placed

pytestmark = pytest.mark.integration

A, B, C = "T0AAA", "T0BBB", "T0CCC"


RUNS = """
WITH proposed AS (
    INSERT INTO app.proposal (team_id, id, kind, params, params_hash, estimate, requested_by, expires_at)
    SELECT %(team)s, 'x' || n, 'placed', '{}', '', '{}', 'U', now() + interval '1 day'
    FROM generate_series(1, %(count)s) n
    RETURNING team_id, id
), run AS (
    INSERT INTO app.run (team_id, id, proposal_id, kind, params, requested_by, approved_by)
    SELECT team_id, id, id, 'placed', '{}', 'U', 'U' FROM proposed
    RETURNING team_id, id
)
INSERT INTO app.stage (team_id, run_id, seq, name, queue) SELECT team_id, id, 0, 'hold', 'toy' FROM run
"""


async def queue_many(database: Database, team_id: str, count: int) -> None:
    """Give a team so many runs, each with its stage waiting in the queue."""
    async with database.team(team_id) as connection:
        await connection.execute(RUNS, {"team": team_id, "count": count})
        for number in range(1, count + 1):
            await stages.defer(connection, StageKey(team_id, f"x{number}", 0))


async def served(database: Database, dsn: str, count: int) -> list[tuple[str, str]]:
    """Let a worker of one stage at a time take up so many; return team and run in the order of that."""
    order: list[tuple[str, str]] = []
    stop = asyncio.Event()

    async def hold(context: StageContext[Any]) -> Mapping[str, Any]:
        order.append((context.team_id, context.run_id))
        if len(order) >= count:
            stop.set()
        return {}

    await run_worker(
        database, dsn, {("placed", "hold"): hold}, None,
        queues=[QUEUE], stop=stop, lease_s=LEASE_S, concurrency=1, grace_s=1,
    )  # fmt: skip
    return order[:count]


async def test_a_team_that_comes_late_need_not_wait_for_thousands(database: Database, dsn: str) -> None:
    await queue_many(database, A, 2_000)
    for _ in range(5):
        await start_placed(database, team_id=B)
    order = [team for team, _ in await served(database, dsn, 12)]
    assert order.count(B) == 5, order
    assert order.count(A) == 7, "the other team's turns come in between"


async def test_a_team_does_not_save_up_turns_while_it_has_nothing_to_do(database: Database, dsn: str) -> None:
    await start_placed(database, team_id=B)
    assert await served(database, dsn, 1)
    for team in (A, B, A, B, A, B):
        await start_placed(database, team_id=team)
    order = [team for team, _ in await served(database, dsn, 6)]
    assert all(abs(order[:end].count(A) - order[:end].count(B)) <= 1 for end in range(7)), order


async def test_a_higher_priority_beats_the_order_and_a_lower_one_waits(database: Database, dsn: str) -> None:
    named = {}
    for priority in (-1, 0, 1, -1, 0, 1):
        named[await start_placed(database, team_id=A, priority=priority)] = priority
    order = [named[run_id] for _, run_id in await served(database, dsn, 6)]
    assert order == [1, 1, 0, 0, -1, -1]


@pytest.mark.parametrize("priority", [7, "high", None, 1.5])
async def test_a_priority_of_an_older_proposal_that_does_not_exist_counts_as_the_usual_one(
    database: Database, priority: object
) -> None:
    with pytest.raises(UserError, match="no priority"):
        await start_placed(database, priority=priority)
    async with database.team(A) as connection:
        found = await connection.execute(
            "INSERT INTO app.proposal (team_id, kind, params, params_hash, estimate, requested_by, expires_at) "
            "VALUES (%s, 'placed', %s, 'h', '{}', 'U', now() + interval '1 day') RETURNING id",
            (A, Jsonb({"priority": priority})),
        )
        proposal = await found.fetchone()
        assert proposal is not None
        run_id = await run_store.start(connection, A, proposal["id"], PLACED["placed"], approved_by="V")
        row = await (await connection.execute("SELECT priority FROM app.run WHERE id = %s", (run_id,))).fetchone()
    assert row == {"priority": 0}


async def test_a_job_of_the_release_before_is_served_among_the_others(database: Database, dsn: str) -> None:
    old = await start_placed(database, team_id=A)
    async with database.engine() as connection:
        await connection.execute("DELETE FROM procrastinate_jobs")
    async with database.team(A) as connection:
        # The statement of release 0.1.0.
        await connection.execute(
            "UPDATE app.stage SET job_id = app.defer_job(queue, 'stage', jsonb_build_object('team_id', team_id, "
            "'run_id', run_id, 'seq', seq), run_at => clock_timestamp()) WHERE run_id = %s",
            (old,),
        )
    new = await start_placed(database, team_id=B)
    assert await served(database, dsn, 2) == [(A, old), (B, new)]


LINES = st.lists(st.one_of(st.sampled_from([A, B, C]), st.none()), min_size=1, max_size=40)


# One database serves all examples: each leaves its queue empty.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(line=LINES)
def test_no_team_gets_ahead_of_another_that_waits(dsn: str, line: list[str | None]) -> None:
    """Whatever order jobs are added (a team) and picked up (None) in, waiting teams get the same number of turns."""
    waiting: Counter[str] = Counter()
    # How often each other team was served since a team began to wait.
    ahead: dict[str, Counter[str]] = {}
    with (
        psycopg.connect(role_conninfo(dsn, "cairn_app"), autocommit=True) as app,
        psycopg.connect(role_conninfo(dsn, "cairn_engine"), autocommit=True) as engine,
    ):
        engine.execute("DELETE FROM procrastinate_jobs")
        for event in [*line, *[None] * len(line)]:
            if event is not None:
                with app.transaction():
                    app.execute("SELECT set_config('cairn.team_id', %s, true)", (event,))
                    app.execute("SELECT app.defer_stage('r', 0, 'toy', 0, NULL)")
                if not waiting[event]:
                    ahead[event] = Counter()
                waiting[event] += 1
                continue
            picked = engine.execute(
                "DELETE FROM procrastinate_jobs WHERE id = (SELECT id FROM procrastinate_jobs WHERE status = 'todo' "
                "ORDER BY priority DESC, id LIMIT 1) RETURNING args->>'team_id'"
            ).fetchone()
            if picked is None:
                assert not waiting.total()
                continue
            team = picked[0]
            waiting[team] -= 1
            for other, turns in ahead.items():
                if other != team and waiting[other]:
                    turns[team] += 1
            ahead[team] = Counter()
            assert all(turns[team] <= 2 for other, turns in ahead.items() if waiting[other]), (line, ahead)
