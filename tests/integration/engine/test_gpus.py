"""GPUs: occupied by one stage at a time across workers and teams, handed on when they become free."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from agents.runs import RunState
from agents.runs.workers import WorkersView
from agents.services.workers import Workers as WorkersService
from agents.store.db import Database
from tests.integration.engine.conftest import LEASE_S, Workers, eventually
from tests.integration.engine.placed_toys import PLACED, gpus, held, let_go, start_placed
from tests.integration.engine.toys import REQUESTER, TEAM, make_runs

pytestmark = pytest.mark.integration

OTHER_TEAM = "T0OTHER"


async def notes(
    database: Database, run_id: str, count: int, team_id: str = TEAM
) -> list[tuple[str, Mapping[str, Any]]]:
    """Wait until the stage of a run has written so much down."""

    async def are_there() -> list[tuple[str, Mapping[str, Any]]]:
        found = await held(database, run_id, team_id)
        return found if len(found) >= count else []

    written: list[tuple[str, Mapping[str, Any]]] = await eventually(are_there)
    return written


async def occupied(database: Database, run_id: str, team_id: str = TEAM) -> set[str]:
    """Wait until the stage of a run is at work; return its GPUs."""
    return set((await notes(database, run_id, 1, team_id))[0][1]["gpus"])


async def reason(database: Database, run_id: str, team_id: str = TEAM) -> str:
    async def is_told() -> str | None:
        view: WorkersView = await WorkersService(database, PLACED).view(team_id)
        return next((each.reason for each in view.waiting if each.run_id == run_id), None)

    text: str = await eventually(is_told)
    return text


async def test_a_stage_waits_for_busy_gpus_and_gets_them_at_once_when_they_are_free(
    database: Database, dsn: str, workers: Workers
) -> None:
    workers.start(dsn, "--name", "gpu-1", "--gpus", "2x80", "--concurrency", "4")
    first = await start_placed(database, gpus(2))
    assert await occupied(database, first) == {"gpu-1:0", "gpu-1:1"}
    second = await start_placed(database, gpus(1))
    assert await reason(database, second) == f"waits for a GPU of gpu-1, busy with run {first}"
    assert await held(database, second) == []
    await let_go(database, first)
    assert len(await occupied(database, second)) == 1
    await let_go(database, second)


async def test_stages_share_a_host_whose_gpus_are_enough_for_both(
    database: Database, dsn: str, workers: Workers
) -> None:
    workers.start(dsn, "--name", "gpu-1", "--gpus", "2x80,1x24", "--concurrency", "4")
    small = await start_placed(database, gpus(1, 20))
    assert await occupied(database, small) == {"gpu-1:2"}, "the large ones are left to those that need them"
    large = [await start_placed(database, gpus(1, 80)) for _ in range(2)]
    taken = [await occupied(database, run_id) for run_id in large]
    assert sorted(map(sorted, taken)) == [["gpu-1:0"], ["gpu-1:1"]]
    without = await start_placed(database)
    assert await occupied(database, without) == set()
    for run_id in (small, *large, without):
        await let_go(database, run_id)


async def test_workers_of_one_host_and_teams_never_hold_a_gpu_together(
    database: Database, dsn: str, workers: Workers
) -> None:
    for _ in range(2):
        workers.start(dsn, "--name", "gpu-1", "--gpus", "2x80", "--concurrency", "3")
    teams = [TEAM, OTHER_TEAM]
    runs = [
        (team, await start_placed(database, gpus(1 + number % 2), team, hold_s=0.2))
        for number in range(5)
        for team in teams
    ]
    spans = []
    for team, run_id in runs:
        await notes(database, run_id, 2, team)
        async with database.team(team) as connection:
            found = await connection.execute(
                "SELECT min(at) AS begun, max(at) AS ended FROM app.audit WHERE who = 'toy' AND subject = %s",
                (f"run:{run_id}",),
            )
            row = await found.fetchone()
        assert row is not None
        spans.append((row["begun"], row["ended"], await occupied(database, run_id, team)))
    overlapping = [
        (one, other)
        for number, one in enumerate(spans)
        for other in spans[number + 1 :]
        if one[2] & other[2] and one[0] < other[1] and other[0] < one[1]
    ]
    assert overlapping == []


async def test_gpus_of_a_killed_worker_are_free_when_its_lease_has_run_out(
    database: Database, dsn: str, workers: Workers
) -> None:
    killed = workers.start(dsn, "--name", "gpu-1", "--gpus", "1x80")
    run_id = await start_placed(database, gpus(1))
    await occupied(database, run_id)
    killed.kill()
    killed.wait()
    workers.start(dsn, "--name", "gpu-1", "--gpus", "1x80")
    again = await notes(database, run_id, 2)
    assert [set(details["gpus"]) for _, details in again] == [{"gpu-1:0"}] * 2
    await let_go(database, run_id)


async def test_gpus_of_a_cancelled_stage_go_to_the_next_one(database: Database, dsn: str, workers: Workers) -> None:
    workers.start(dsn, "--name", "gpu-1", "--gpus", "1x80")
    first = await start_placed(database, gpus(1))
    await occupied(database, first)
    second = await start_placed(database, gpus(1))
    await reason(database, second)
    runs = make_runs(database)
    await runs.cancel(TEAM, first, REQUESTER)
    assert (await runs.view(TEAM, first)).state is RunState.CANCELLED
    assert await occupied(database, second) == {"gpu-1:0"}
    await let_go(database, second)


async def test_a_waiting_stage_costs_its_queue_nothing(database: Database, dsn: str, workers: Workers) -> None:
    workers.start(dsn, "--name", "gpu-1", "--gpus", "1x80")
    waiting = [await start_placed(database, gpus(8)) for _ in range(3)]
    for run_id in waiting:
        await reason(database, run_id)

    async def attempts() -> int:
        async with database.engine() as connection:
            row = await (await connection.execute("SELECT sum(attempts) AS n FROM procrastinate_jobs")).fetchone()
        assert row is not None
        return int(row["n"])

    before = await attempts()
    # The only way to see that nothing happens is to let the sweeps pass that could make it happen.
    await asyncio.sleep(2 * LEASE_S)
    assert await attempts() == before, "a job that nobody can take is not picked up again and again"
