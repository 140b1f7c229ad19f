"""Child stages in processes of their own: what they are given and may do, and each way in which they can end."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from agents.adapters.artifacts import open_artifacts
from agents.engine.worker import run_worker
from agents.runs import RunState, RunView, StageState
from agents.store import logs
from agents.store.db import Database
from tests.integration.engine.conftest import LEASE_S, Workers, eventually, is_alive
from tests.integration.engine.toys import QUEUE, REQUESTER, STAGES, TEAM, make_runs, notes, start_run

pytestmark = pytest.mark.integration
with_worker = pytest.mark.usefixtures("keeping_worker")


@pytest.fixture
async def keeping_worker(
    database: Database, dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[None]:
    """A worker in this process that keeps artifacts."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    monkeypatch.setenv("DATABASE_URL", "secret")
    stop = asyncio.Event()
    artifacts = open_artifacts(str(tmp_path / "artifacts"), tmp_path)
    running = asyncio.create_task(
        run_worker(
            database, dsn, STAGES, None, queues=[QUEUE], stop=stop, lease_s=LEASE_S, grace_s=0.2, artifacts=artifacts
        )
    )
    yield
    stop.set()
    await running


async def over(database: Database, run_id: str) -> RunView:
    runs = make_runs(database)

    async def is_over() -> RunView | None:
        view = await runs.view(TEAM, run_id)
        return view if view.state.is_over else None

    view: RunView = await eventually(is_over)
    return view


async def log_of(database: Database, run_id: str) -> list[str]:
    async with database.team(TEAM) as connection:
        return [line.line for line in await logs.of_run(connection, TEAM, run_id, seq=1)]


async def pids(database: Database, run_id: str, *, attempt: int = 1) -> list[int]:
    """Return the ids of the stage's process, of one that it started and of its guard, once they are known."""

    async def are_told() -> list[int]:
        told = [line for line in await log_of(database, run_id) if line.startswith("pids ")]
        return [int(pid) for pid in told[attempt - 1].split()[1:]] if len(told) >= attempt else []

    found: list[int] = await eventually(are_told)
    return found


async def gone(ids: Sequence[int]) -> None:
    async def are_gone() -> bool:
        return not any(is_alive(pid) for pid in ids)

    await eventually(are_gone)


async def saved(database: Database, run_id: str) -> Mapping[str, Any]:
    """Return the checkpoint of the child stage."""
    async with database.team(TEAM) as connection:
        found = await connection.execute("SELECT checkpoint FROM app.stage WHERE run_id = %s AND seq = 1", (run_id,))
        row = await found.fetchone()
    assert row is not None
    return dict(row["checkpoint"])


async def in_the_middle(database: Database, run_id: str) -> list[int]:
    """Wait until the stage has saved something; return the ids of its processes."""

    async def has_saved() -> bool:
        return int((await saved(database, run_id)).get("step", 0)) >= 2

    await eventually(has_saved)
    return await pids(database, run_id)


def steps(lines: Sequence[str]) -> list[int]:
    return [int(line.removeprefix("step ")) for line in lines if line.startswith("step ")]


@with_worker
async def test_a_child_stage_is_given_what_it_needs_and_its_result_goes_on(database: Database) -> None:
    run_id = await start_run(make_runs(database), kind="child", files=True)
    view = await over(database, run_id)
    assert view.state is RunState.DONE, view.error
    work, last = view.stages[1:]
    result = work.result or {}
    assert result["previous"] == {"first": {"made": 1}}
    assert result["weights"] == "weights of step 2", "the newest of the files it saved"
    assert work.progress is not None
    assert (work.progress.done, work.progress.total, work.progress.unit) == (3, 3, "steps")
    assert (last.result or {})["saw"]["work"] == work.result
    assert not await asyncio.to_thread(Path(result["scratch"]).exists)


@with_worker
async def test_a_child_stage_has_no_keys_no_database_and_no_gpu_that_it_did_not_ask_for(database: Database) -> None:
    run_id = await start_run(make_runs(database), kind="child")
    result = (await over(database, run_id)).stages[1].result or {}
    assert not {"SLACK_BOT_TOKEN", "DATABASE_URL"} & set(result["environment"])
    assert "PATH" in result["environment"]
    assert result["gpus"] == ""
    foreign = {"psycopg", "psycopg_pool", "procrastinate", "slack_bolt", "pydantic", "asyncio", "numpy", "bot", "sql"}
    assert not foreign & set(result["modules"]), "a process starts fast and can reach little"


@with_worker
async def test_what_a_child_prints_is_in_its_log_and_never_a_message(database: Database) -> None:
    run_id = await start_run(make_runs(database), kind="child", steps=2)
    await over(database, run_id)
    lines = await log_of(database, run_id)
    assert {"it prints, which is no message", "to both", "and so does what it starts"} <= set(lines)
    assert steps(lines) == [0, 1]


@with_worker
@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("killed", "it was ended by signal 9 before it had a result"),
        ("exits", "it ended with status 3 before it had a result"),
        ("leaves", "it ended with status 0 before it had a result"),
        ("hangs", "it gave no sign of life for 1 s"),
        ("garbage", "it sent what is no message"),
        ("unknown", "it sent what is no message: a message that nobody knows: {'say': 'dance'}"),
        ("no_figure", "it sent what is no message: NaN is no figure"),
        ("long_line", "it sent a message of more than 100,000 bytes"),
        ("foreign_file", "it sent what is no message: 'passwd' is no file in the stage's scratch folder"),
    ],
)
async def test_a_child_that_dies_is_started_again_from_its_checkpoint(
    database: Database, wrong: str, reason: str
) -> None:
    run_id = await start_run(make_runs(database), kind="child", steps=4, wrong=wrong, wrong_at=2)
    view = await over(database, run_id)
    assert view.state is RunState.DONE, view.error
    assert view.stages[1].attempt == 2
    assert (view.stages[1].result or {})["from"] == 2
    lines = await log_of(database, run_id)
    assert steps(lines) == [0, 1, 2, 3], "what was saved is not done again"
    assert any(line.startswith(f"The process of the stage died: {reason}") for line in lines), lines
    await gone(await pids(database, run_id))
    await gone(await pids(database, run_id, attempt=2))


@with_worker
async def test_a_child_that_dies_each_time_fails_its_run_in_the_end_and_says_how(database: Database) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs, kind="child", wrong="killed", wrong_at=1, wrong_attempts=100)
    async with database.team(TEAM) as connection:
        await connection.execute("UPDATE app.stage SET attempt_limit = 2")
    view = await over(database, run_id)
    assert view.state is RunState.FAILED
    assert view.error == (
        f"Run {run_id} failed: its stage work was taken up 2 times, and the last time its process died: it was ended "
        "by signal 9 before it had a result. The stage's log says what came before; mend that, then retry the run."
    )


@with_worker
async def test_an_error_for_people_is_shown_as_the_child_wrote_it(database: Database) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs, kind="child", wrong="user_error", wrong_at=1)
    view = await over(database, run_id)
    assert view.error == "The dataset has 3 rows; 100 are the least. Add rows and retry."
    assert [stage.state for stage in view.stages] == [StageState.DONE, StageState.FAILED, StageState.PENDING]
    await runs.retry(TEAM, run_id, REQUESTER)
    view = await over(database, run_id)
    assert (view.state, view.stages[1].attempt) == (RunState.DONE, 2)


@with_worker
@pytest.mark.parametrize("wrong", ["fault", "system_exit", "no_json"])
async def test_a_fault_in_a_child_fails_the_run_and_keeps_its_words_to_the_log(
    database: Database, caplog: pytest.LogCaptureFixture, wrong: str
) -> None:
    run_id = await start_run(make_runs(database), kind="child", wrong=wrong, wrong_at=1)
    view = await over(database, run_id)
    assert view.error == f"Run {run_id} failed at the stage work; the log has details."
    assert "in _go_wrong" in caplog.text, "the traceback of the other process"
    assert "secret" not in " ".join(await log_of(database, run_id))


@with_worker
async def test_what_postgres_cannot_hold_fails_the_run_and_not_the_worker(database: Database) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs, kind="child", wrong="no_text", wrong_at=1)
    view = await over(database, run_id)
    assert view.error == f"Run {run_id} failed at the stage work; the log has details."
    assert (await over(database, await start_run(runs, kind="child"))).state is RunState.DONE


@with_worker
@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not limit address space")
async def test_a_child_that_wants_too_much_memory_says_what_it_may_use(database: Database) -> None:
    run_id = await start_run(make_runs(database), kind="child", wrong="memory", wrong_at=1)
    view = await over(database, run_id)
    assert view.error is not None
    assert view.error.startswith("The stage needs more than the 0.5 GB of memory that it may use.")


@with_worker
async def test_a_cancel_ends_a_child_and_what_it_started(database: Database) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs, kind="child", steps=1000, step_s=0.05)
    ids = await in_the_middle(database, run_id)
    await runs.cancel(TEAM, run_id, REQUESTER)
    await gone(ids)
    assert (await runs.view(TEAM, run_id)).state is RunState.CANCELLED


@with_worker
async def test_output_without_end_does_not_take_the_worker_down(database: Database) -> None:
    runs = make_runs(database)
    flooding = await start_run(runs, kind="child", steps=100_000, flood=True)
    ids = await pids(database, flooding)
    for _ in range(2):
        assert (await over(database, await start_run(runs))).state is RunState.DONE, "other stages have their turn"

    async def is_bounded() -> bool:
        return any("bytes of output left out" in line for line in await log_of(database, flooding))

    await eventually(is_bounded)
    await runs.cancel(TEAM, flooding, REQUESTER)
    await gone(ids)


@with_worker
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
async def test_a_guard_that_is_killed_takes_all_it_guards_along(database: Database) -> None:
    run_id = await start_run(make_runs(database), kind="child", steps=30, step_s=0.05)
    ids = await in_the_middle(database, run_id)
    os.kill(ids[2], signal.SIGKILL)
    await gone(ids)
    view = await over(database, run_id)
    assert (view.state, view.stages[1].attempt) == (RunState.DONE, 2), view.error
    assert "The process of the stage died: its guard was ended by signal 9 before it had a result." in (
        await log_of(database, run_id)
    )


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_worker_that_dies_or_freezes_takes_the_child_along_and_another_goes_on(
    database: Database, dsn: str, workers: Workers, end: signal.Signals
) -> None:
    lost = workers.start(dsn)
    run_id = await start_run(make_runs(database), kind="child", steps=30, step_s=0.05)
    ids = await in_the_middle(database, run_id)
    lost.send_signal(end)
    await gone(ids)
    at = (await saved(database, run_id))["step"]
    # Which a busy machine does not let lapse again.
    workers.start(dsn, lease_s=3 * LEASE_S)
    view = await over(database, run_id)
    assert (view.state, view.stages[1].attempt) == (RunState.DONE, 2), view.error
    assert (view.stages[1].result or {})["from"] == at
    assert [stage.attempt for stage in view.stages] == [1, 2, 1]


async def test_a_child_told_to_stop_saves_and_another_worker_goes_on_from_there(
    database: Database, dsn: str, workers: Workers
) -> None:
    first = workers.start(dsn, "--grace", "30")
    run_id = await start_run(make_runs(database), kind="child", steps=40, step_s=0.05, heeds=True)
    ids = await in_the_middle(database, run_id)
    first.terminate()
    assert await asyncio.to_thread(first.wait) == 0, "it does not wait for the whole of its grace"
    await gone(ids)
    checkpoint = await saved(database, run_id)
    assert checkpoint["stopped"] is True
    stage = (await make_runs(database).view(TEAM, run_id)).stages[1]
    assert (stage.state, stage.owner) == (StageState.PENDING, None)
    workers.start(dsn)
    view = await over(database, run_id)
    assert view.state is RunState.DONE, view.error
    assert (view.stages[1].result or {})["from"] == checkpoint["step"]


async def test_a_child_that_does_not_heed_the_stop_is_handed_over_with_what_it_saved(
    database: Database, dsn: str, workers: Workers
) -> None:
    first = workers.start(dsn, "--grace", "0.3")
    run_id = await start_run(make_runs(database), kind="child", steps=40, step_s=0.05)
    ids = await in_the_middle(database, run_id)
    first.terminate()
    assert await asyncio.to_thread(first.wait) == 0
    await gone(ids)
    at = (await saved(database, run_id))["step"]
    workers.start(dsn)
    view = await over(database, run_id)
    assert (view.stages[1].result or {})["from"] == at
    async with database.team(TEAM) as connection:
        found = await connection.execute("SELECT attempt_limit FROM app.stage WHERE seq = 1")
        assert await found.fetchone() == {"attempt_limit": 11}, "stopping a worker does not count against the stage"


async def test_a_stage_in_the_worker_learns_of_the_stop_as_well(database: Database, dsn: str, workers: Workers) -> None:
    first = workers.start(dsn, "--grace", "30")
    run_id = await start_run(make_runs(database), steps=400, step_s=0.05, heeds=True)

    async def has_begun() -> bool:
        return bool(await notes(database, run_id, "step"))

    await eventually(has_begun)
    first.terminate()
    assert await asyncio.to_thread(first.wait) == 0
    assert (await make_runs(database).view(TEAM, run_id)).stages[1].state is StageState.PENDING
    assert await notes(database, run_id, "stopped")
