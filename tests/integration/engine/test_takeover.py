"""Processes that die, freeze and are told to stop, and a Postgres that does: nothing is lost, nothing is doubled."""

import asyncio
import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agents.engine.worker import run_worker
from agents.runs import RunState, RunView, StageState
from agents.services.runs import Runs
from agents.store import audit, stages
from agents.store.db import Database
from agents.store.embedded import start_embedded, stop_embedded
from agents.store.migrate import migrate
from tests.integration.engine.conftest import LEASE_S, Workers, eventually, is_alive
from tests.integration.engine.toys import QUEUE, STAGES, TEAM, make_runs, notes, start_run

pytestmark = pytest.mark.integration

STEPS = 24


async def in_the_middle(database: Database, runs: Runs, run_id: str) -> Mapping[str, Any]:
    """Wait until the slow stage has saved something; return what its child wrote down."""

    async def has_steps() -> bool:
        return len(await notes(database, run_id, "step")) >= 3

    await eventually(has_steps)
    assert (await runs.view(TEAM, run_id)).stages[1].state is StageState.RUNNING
    return (await notes(database, run_id, "child"))[0]


async def done(runs: Runs, run_id: str) -> RunView:
    async def is_over() -> RunView | None:
        view = await runs.view(TEAM, run_id)
        return view if view.state.is_over else None

    view: RunView = await eventually(is_over)
    assert view.state is RunState.DONE, view.error
    return view


async def gone(pids: list[int]) -> None:
    async def are_gone() -> bool:
        return not any(is_alive(pid) for pid in pids)

    await eventually(are_gone)


async def each_step_once(database: Database, run_id: str) -> None:
    assert [note["step"] for note in await notes(database, run_id, "step")] == list(range(STEPS))
    assert len(await notes(database, run_id, "first")) == 1, "a finished stage is not repeated"


async def test_a_killed_worker_is_replaced_from_the_checkpoint(database: Database, dsn: str, workers: Workers) -> None:
    runs = make_runs(database)
    killed = workers.start(dsn)
    run_id = await start_run(runs, steps=STEPS, step_s=0.05, child=True)
    child = await in_the_middle(database, runs, run_id)
    killed.kill()
    killed.wait()
    await gone(child["pids"])
    workers.start(dsn)
    view = await done(runs, run_id)
    assert [stage.attempt for stage in view.stages] == [1, 2, 1]
    await each_step_once(database, run_id)


async def test_a_frozen_worker_loses_its_child_and_writes_nothing_after_its_thaw(
    database: Database, dsn: str, workers: Workers
) -> None:
    runs = make_runs(database)
    frozen = workers.start(dsn)
    run_id = await start_run(runs, steps=STEPS, step_s=0.05, child=True)
    child = await in_the_middle(database, runs, run_id)
    frozen.send_signal(signal.SIGSTOP)
    await gone(child["pids"])
    workers.start(dsn)

    async def is_taken_over() -> bool:
        return (await runs.view(TEAM, run_id)).stages[1].attempt == 2

    await eventually(is_taken_over)
    frozen.send_signal(signal.SIGCONT)
    await done(runs, run_id)
    await each_step_once(database, run_id)
    assert frozen.poll() is None, "the thawed worker goes on serving"


async def test_a_worker_told_to_stop_hands_its_stage_over(database: Database, dsn: str, workers: Workers) -> None:
    runs = make_runs(database)
    first = workers.start(dsn)
    run_id = await start_run(runs, steps=STEPS, step_s=0.05, child=True)
    child = await in_the_middle(database, runs, run_id)
    first.terminate()
    assert await asyncio.to_thread(first.wait) == 0
    handed_over = (await runs.view(TEAM, run_id)).stages[1]
    assert handed_over.state is StageState.PENDING
    assert handed_over.owner is None
    await gone(child["pids"])
    workers.start(dsn)
    await done(runs, run_id)
    await each_step_once(database, run_id)


@pytest.mark.parametrize("ahead_s", ["3600", "-3600"])
async def test_a_worker_whose_clock_is_wrong_takes_over_as_soon_as_any(
    database: Database, dsn: str, workers: Workers, ahead_s: str
) -> None:
    runs = make_runs(database)
    killed = workers.start(dsn, "--clock-ahead", ahead_s)
    run_id = await start_run(runs, steps=STEPS, step_s=0.05, child=True)
    await in_the_middle(database, runs, run_id)
    killed.kill()
    killed.wait()
    workers.start(dsn, "--clock-ahead", ahead_s)
    await done(runs, run_id)
    await each_step_once(database, run_id)


async def test_two_workers_do_each_stage_once(database: Database, dsn: str, workers: Workers) -> None:
    runs = make_runs(database)
    workers.start(dsn)
    workers.start(dsn)
    run_ids = [await start_run(runs, steps=3) for _ in range(6)]
    for run_id in run_ids:
        view = await done(runs, run_id)
        assert [stage.attempt for stage in view.stages] == [1, 1, 1]


async def test_a_restart_of_postgres_leaves_the_stage_running(server_home: Path, workers: Workers) -> None:
    dsn = await start_embedded(server_home)
    try:
        await migrate(dsn)
        async with Database(dsn, max_size=4) as database:
            runs = make_runs(database)
            workers.start(dsn)
            run_id = await start_run(runs, steps=STEPS, step_s=0.1, child=True)
            await in_the_middle(database, runs, run_id)
            postmaster = int((server_home / "pg" / "postmaster.pid").read_text().splitlines()[0])
            # Immediate shutdown: every connection is cut, and the next start has to recover.
            os.kill(postmaster, signal.SIGQUIT)
            await gone([postmaster])
            await start_embedded(server_home)
        async with Database(dsn, max_size=4) as database:
            await done(make_runs(database), run_id)
            await each_step_once(database, run_id)
    finally:
        workers.end()
        await stop_embedded(server_home)


async def test_a_stage_that_takes_its_workers_down_fails_in_the_end(database: Database, dsn: str) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs)
    async with database.team(TEAM) as connection:
        await connection.execute("UPDATE app.stage SET attempt = attempt_limit WHERE seq = 0")
    stop = asyncio.Event()
    working = asyncio.create_task(run_worker(database, dsn, STAGES, None, queues=[QUEUE], stop=stop, lease_s=LEASE_S))

    async def has_failed() -> RunView | None:
        view = await runs.view(TEAM, run_id)
        return view if view.state is RunState.FAILED else None

    view: RunView = await eventually(has_failed)
    assert view.error is not None
    assert "was taken up 10 times and no worker came to its end" in view.error
    stop.set()
    await working


async def test_a_stage_whose_job_was_lost_is_found_again(database: Database, dsn: str) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs)
    async with database.engine() as connection:
        await connection.execute("DELETE FROM procrastinate_jobs")
        assert await stages.strays(connection) == [stages.StageKey(TEAM, run_id, 0)]
    stop = asyncio.Event()
    working = asyncio.create_task(run_worker(database, dsn, STAGES, None, queues=[QUEUE], stop=stop, lease_s=LEASE_S))
    await done(runs, run_id)
    stop.set()
    await working


async def test_a_stage_that_one_worker_does_not_know_is_left_to_one_that_does(database: Database, dsn: str) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs)
    stop = asyncio.Event()
    old = asyncio.create_task(run_worker(database, dsn, {}, None, queues=[QUEUE], stop=stop, lease_s=LEASE_S))

    async def is_left() -> bool:
        stage = (await runs.view(TEAM, run_id)).stages[0]
        return stage.state is StageState.PENDING and "does not know the stage first" in (stage.error or "")

    await eventually(is_left)
    stop.set()
    await old
    stop.clear()
    new = asyncio.create_task(run_worker(database, dsn, STAGES, None, queues=[QUEUE], stop=stop, lease_s=LEASE_S))
    view = await done(runs, run_id)
    assert view.stages[0].error is None
    stop.set()
    await new


async def test_a_stage_that_no_code_knows_fails_with_what_to_do(database: Database, dsn: str) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs)
    async with database.team(TEAM) as connection:
        await connection.execute("UPDATE app.stage SET attempt_limit = 1")
    stop = asyncio.Event()
    working = asyncio.create_task(
        run_worker(database, dsn, {}, None, queues=[QUEUE], stop=stop, lease_s=LEASE_S, name="old-host")
    )

    async def has_failed() -> RunView | None:
        view = await runs.view(TEAM, run_id)
        return view if view.state is RunState.FAILED else None

    view: RunView = await eventually(has_failed)
    assert view.error is not None
    assert "the worker old-host does not know the stage first" in view.error
    stop.set()
    await working


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
async def test_a_turn_cut_off_is_taken_up_by_another_worker_before_the_next_one(
    database: Database, dsn: str, workers: Workers, end: signal.Signals
) -> None:
    stuck = workers.start(dsn, "--stuck")
    async with database.team(TEAM) as connection:
        for key in ("e1", "e2"):
            arguments = json.dumps({"team_id": TEAM, "key": key})
            await connection.execute("SELECT app.defer_job('turn', 'turn', %s, 'thread:1')", (arguments,))

    async def actions(key: str) -> list[str]:
        async with database.team(TEAM) as connection:
            return [entry.action for entry in await audit.of_subject(connection, TEAM, key)]

    async def has_begun() -> bool:
        return await actions("e1") == ["begin"]

    await eventually(has_begun)
    stuck.send_signal(end)
    await asyncio.to_thread(stuck.wait)
    workers.start(dsn)

    async def has_ended() -> bool:
        return "end" in await actions("e2")

    await eventually(has_ended)
    assert await actions("e1") == ["begin", "begin", "end"]
    assert await actions("e2") == ["begin", "end"]
