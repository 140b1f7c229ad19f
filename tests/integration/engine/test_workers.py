"""Workers that are seen, named, drained and missed; and stages that wait until one has what they need."""

import asyncio
import signal
import socket
from typing import Any

import psycopg
import pytest

from agents.engine.placing import place_waiting
from agents.engine.worker import run_worker
from agents.runs.needs import GIB, Capacity, Needs
from agents.runs.workers import WorkerState, WorkersView, WorkerView
from agents.services.workers import Workers as WorkersService
from agents.store import workers as store
from agents.store.db import Database
from tests.integration.engine.conftest import LEASE_S, Workers, eventually
from tests.integration.engine.placed_toys import PLACED, PLACED_STAGES, QUEUE, gpus, held, let_go, start_placed
from tests.integration.engine.toys import REQUESTER, TEAM, make_runs, start_run

pytestmark = pytest.mark.integration

OTHER_TEAM = "T0OTHER"


async def seen(database: Database, team_id: str = TEAM) -> WorkersView:
    return await WorkersService(database, PLACED).view(team_id)


async def worker_called(database: Database, name: str, state: WorkerState = WorkerState.LIVE) -> WorkerView:
    async def is_there() -> WorkerView | None:
        found = [each for each in (await seen(database)).workers if each.name == name and each.state is state]
        return found[0] if found else None

    view: WorkerView = await eventually(is_there)
    return view


async def told(database: Database, run_id: str, team_id: str = TEAM) -> str:
    """Wait until the stage of a run says why it waits; return that."""

    async def reason() -> str | None:
        found = [each.reason for each in (await seen(database, team_id)).waiting if each.run_id == run_id]
        return found[0] if found else None

    text: str = await eventually(reason)
    return text


async def begun(database: Database, run_id: str, team_id: str = TEAM) -> dict[str, Any]:
    async def has_begun() -> Any:
        return await held(database, run_id, team_id)

    notes = await eventually(has_begun)
    return dict(notes[0][1])


async def card_version(database: Database, run_id: str) -> int:
    async with database.team(TEAM) as connection:
        found = await connection.execute("SELECT version FROM app.slack_card WHERE key = %s", (f"run:{run_id}",))
        row = await found.fetchone()
    assert row is not None
    return int(row["version"])


async def test_a_worker_is_seen_with_what_it_has_and_leaves_at_a_clean_end(
    database: Database, dsn: str, workers: Workers
) -> None:
    process = workers.start(dsn, "--name", "gpu-1", "--gpus", "2x80", "--memory-gib", "64", "--concurrency", "3")
    worker = await worker_called(database, "gpu-1")
    assert worker.host == socket.gethostname()
    assert worker.queues == (QUEUE, "turn")
    assert worker.concurrency == 3
    assert [gpu.memory_bytes for gpu in worker.gpus] == [80 * GIB] * 2
    assert (worker.memory_bytes, worker.disk_bytes, worker.cores) == (64 * GIB, 100 * GIB, 2)
    assert worker.version
    process.terminate()
    assert await asyncio.to_thread(process.wait) == 0
    assert (await seen(database)).workers == ()


async def test_a_killed_worker_is_away_and_its_successor_takes_its_name(
    database: Database, dsn: str, workers: Workers
) -> None:
    killed = workers.start(dsn, "--name", "box")
    await worker_called(database, "box")
    killed.kill()
    killed.wait()
    away = await worker_called(database, "box", WorkerState.AWAY)
    assert away.silent_for.total_seconds() > LEASE_S
    workers.start(dsn, "--name", "box")
    await worker_called(database, "box")
    assert len((await seen(database)).workers) == 1


async def test_a_successor_at_the_same_place_need_not_wait_out_the_lease(
    database: Database, dsn: str, workers: Workers
) -> None:
    killed = workers.start(dsn, "--name", "box")
    before = await worker_called(database, "box")
    killed.kill()
    killed.wait()
    workers.start(dsn, "--name", "box")

    async def is_replaced() -> bool:
        return [(each.name, each.started_at > before.started_at) for each in (await seen(database)).workers] == [
            ("box", True)
        ]

    await eventually(is_replaced)


async def test_two_live_workers_of_a_name_are_told_apart(database: Database, dsn: str, workers: Workers) -> None:
    workers.start(dsn, "--name", "box")
    await worker_called(database, "box")
    second = workers.start(dsn, "--name", "box")
    await worker_called(database, "box-2")
    run_ids = [await start_placed(database) for _ in range(3)]
    owners = {(await begun(database, run_id))["owner"] for run_id in run_ids}
    assert owners == {"box", "box-2"}, "with two stages at a time, three are with both"
    second.terminate()
    for run_id in run_ids:
        await let_go(database, run_id)


async def test_a_thawed_worker_whose_name_was_given_away_gets_another_one(
    database: Database, dsn: str, workers: Workers
) -> None:
    frozen = workers.start(dsn, "--name", "box")
    await worker_called(database, "box")
    frozen.send_signal(signal.SIGSTOP)
    await worker_called(database, "box", WorkerState.AWAY)
    workers.start(dsn, "--name", "box")
    await worker_called(database, "box")
    frozen.send_signal(signal.SIGCONT)
    await worker_called(database, "box-2")


async def test_a_draining_worker_says_so_and_takes_nothing_new(database: Database, dsn: str, workers: Workers) -> None:
    draining = workers.start(dsn, "--name", "old", "--grace", "30")
    first = await start_placed(database)
    assert (await begun(database, first))["owner"] == "old"
    draining.terminate()
    view = await worker_called(database, "old", WorkerState.DRAINING)
    assert view.draining_since is not None
    second = await start_placed(database)
    workers.start(dsn, "--name", "new")
    assert (await begun(database, second))["owner"] == "new"
    await let_go(database, first)
    assert await asyncio.to_thread(draining.wait) == 0
    assert [action for action, _ in await held(database, first)] == ["begin", "end"], "it was not handed over"
    await let_go(database, second)


async def test_workers_silent_for_a_day_are_forgotten(database: Database, dsn: str, workers: Workers) -> None:
    killed = workers.start(dsn, "--name", "box")
    await worker_called(database, "box")
    killed.kill()
    killed.wait()
    async with database.engine() as connection:
        await connection.execute("UPDATE app.worker SET seen_at = now() - interval '23 hours'")
        assert await store.forget_silent(connection) == 0
        await connection.execute("UPDATE app.worker SET seen_at = now() - interval '25 hours'")
        assert await store.forget_silent(connection) == 1
    assert (await seen(database)).workers == ()


async def test_the_app_reads_workers_and_writes_none(database: Database) -> None:
    for statement in ("DELETE FROM app.worker", "UPDATE app.worker SET name = 'x'"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with database.team(TEAM) as connection:
                await connection.execute(statement)


async def test_a_stage_that_no_worker_fits_says_why_and_starts_when_one_comes(
    database: Database, dsn: str, workers: Workers
) -> None:
    workers.start(dsn, "--name", "gpu-1", "--gpus", "1x48")
    await worker_called(database, "gpu-1")
    run_id = await start_placed(database, gpus(2, 80))
    assert await told(database, run_id) == "needs 2x80 GB; gpu-1 has 1x48 GB"
    assert await card_version(database, run_id) > 1, "the card says it too"
    workers.start(dsn, "--name", "gpu-2", "--gpus", "2x80")
    notes = await begun(database, run_id)
    assert notes == {"owner": "gpu-2", "gpus": ["gpu-2:0", "gpu-2:1"]}
    assert (await seen(database)).waiting == ()
    await let_go(database, run_id)


async def test_a_stage_goes_to_the_worker_that_has_the_memory(database: Database, dsn: str, workers: Workers) -> None:
    for number in range(2):
        workers.start(dsn, "--name", f"small-{number}", "--memory-gib", "8")
    workers.start(dsn, "--name", "large", "--memory-gib", "64")
    await worker_called(database, "large")
    run_ids = [await start_placed(database, Needs(memory_bytes=32 * GIB), hold_s=0) for _ in range(3)]
    assert {(await begun(database, run_id))["owner"] for run_id in run_ids} == {"large"}


async def test_a_queue_that_no_worker_serves_is_told_by_the_sweep_of_another_queues_worker(
    database: Database, dsn: str, workers: Workers
) -> None:
    run_id = await start_placed(database)
    stop = asyncio.Event()
    # As `cairn serve` does: turns alone.
    serving = asyncio.create_task(run_worker(database, dsn, {}, None, queues=["turn"], stop=stop, lease_s=LEASE_S))
    assert await told(database, run_id) == "no worker serves the queue toy; start one: cairn worker --queues toy"
    assert (await seen(database)).workers == (), "a worker of turns is nobody to place stages on"
    workers.start(dsn)
    await begun(database, run_id)
    await let_go(database, run_id)
    stop.set()
    await serving


async def test_a_stage_whose_only_worker_died_says_that_no_worker_is_there(
    database: Database, dsn: str, workers: Workers
) -> None:
    killed = workers.start(dsn)
    run_id = await start_placed(database)
    await begun(database, run_id)
    killed.kill()
    killed.wait()

    async def is_told() -> bool:
        await place_waiting(database)
        return bool((await seen(database)).waiting)

    await eventually(is_told)
    assert (await told(database, run_id)).startswith("no worker serves the queue toy")
    workers.start(dsn)

    async def is_taken_over() -> bool:
        return [action for action, _ in await held(database, run_id)] == ["begin", "begin"]

    await eventually(is_taken_over)
    await let_go(database, run_id)


async def test_a_run_that_is_over_waits_for_nothing(database: Database, dsn: str, workers: Workers) -> None:
    workers.start(dsn, "--name", "box")
    run_id = await start_placed(database, gpus(1))
    await told(database, run_id)
    await make_runs(database).cancel(TEAM, run_id, REQUESTER)
    assert (await seen(database)).waiting == ()


async def test_a_team_sees_its_own_stages_on_a_worker_and_not_those_of_others(
    database: Database, dsn: str, workers: Workers
) -> None:
    workers.start(dsn, "--name", "box", "--gpus", "1x80")
    theirs = await start_placed(database, gpus(1), OTHER_TEAM, name="secret")
    await begun(database, theirs, OTHER_TEAM)
    ours = await start_placed(database, gpus(1))
    assert await told(database, ours) == "waits for a GPU of box, busy with other work"
    assert (await worker_called(database, "box")).stages == ()
    (stage,) = (await seen(database, OTHER_TEAM)).workers[0].stages
    assert (stage.run_id, stage.subject, stage.gpus) == (theirs, "secret", ("box:0",))
    await let_go(database, theirs, OTHER_TEAM)
    await begun(database, ours)
    await let_go(database, ours)


async def test_a_halted_team_is_not_claimed_for_and_goes_on_after_the_halt(
    database: Database, dsn: str, workers: Workers
) -> None:
    async with database.team(TEAM) as connection:
        run_id = await start_run(make_runs(database))
        await connection.execute("INSERT INTO app.halt (team_id, who) VALUES (%s, 'U0ADMIN')", (TEAM,))
    workers.start(dsn)
    other = await start_placed(database, team_id=OTHER_TEAM, hold_s=0)
    await begun(database, other, OTHER_TEAM)
    runs = make_runs(database)
    assert (await runs.view(TEAM, run_id)).stages[0].attempt == 0
    async with database.team(TEAM) as connection:
        await connection.execute("DELETE FROM app.halt")

    async def is_done() -> bool:
        return (await runs.view(TEAM, run_id)).state.is_over

    await eventually(is_done)


async def test_the_queues_of_recipes_that_nobody_serves_are_known(
    database: Database, dsn: str, workers: Workers
) -> None:
    service = WorkersService(database, PLACED)
    assert await service.unserved_queues() == (QUEUE,)
    workers.start(dsn, "--name", "box")
    await worker_called(database, "box")
    assert await service.unserved_queues() == ()


async def test_a_worker_without_a_capacity_works_on_what_needs_nothing_in_particular(
    database: Database, dsn: str
) -> None:
    stop = asyncio.Event()
    serving = asyncio.create_task(
        run_worker(database, dsn, PLACED_STAGES, None, queues=[QUEUE], stop=stop, lease_s=LEASE_S, capacity=Capacity())
    )
    run_id = await start_placed(database, hold_s=0)
    await begun(database, run_id)
    stop.set()
    await serving
