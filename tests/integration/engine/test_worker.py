"""Runs on a worker in this process: order, results, progress, failures, cancelling and retrying."""

import asyncio
from typing import Any

import pytest

from agents.engine.worker import run_worker
from agents.errors import UserError
from agents.runs import RunState, RunView, StageState
from agents.services.runs import Runs
from agents.store.db import Database
from tests.integration.engine.conftest import LEASE_S, eventually, is_alive
from tests.integration.engine.toys import REQUESTER, TEAM, make_runs, notes, start_run

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("worker")]


async def reached(runs: Runs, run_id: str, state: RunState) -> RunView:
    async def is_there() -> RunView | None:
        view = await runs.view(TEAM, run_id)
        return view if view.state is state else None

    found: RunView = await eventually(is_there)
    return found


async def cards(database: Database) -> list[dict[str, Any]]:
    async with database.team(TEAM) as connection:
        found = await connection.execute("SELECT kind, subject, version FROM app.slack_card")
        return await found.fetchall()


async def test_a_run_does_its_stages_in_order_and_hands_results_on(database: Database) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs, steps=4)
    view = await reached(runs, run_id, RunState.DONE)
    assert [stage.state for stage in view.stages] == [StageState.DONE] * 3
    assert [stage.attempt for stage in view.stages] == [1, 1, 1]
    assert view.result == {"saw": {"first": {"made": 1}, "slow": {"steps": 4}}, "deps": "deps"}
    assert [note["step"] for note in await notes(database, run_id, "step")] == [0, 1, 2, 3]
    assert view.finished_at is not None
    assert view.current is None


async def test_progress_reaches_the_view_and_the_card(database: Database) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs, steps=60, step_s=0.05)

    async def has_pace() -> Any:
        progress = (await runs.view(TEAM, run_id)).stages[1].progress
        return progress if progress and progress.rate else None

    progress = await eventually(has_pace)
    assert progress.total == 60
    assert progress.unit == "steps"
    assert progress.eta_s is not None
    (card,) = [card for card in await cards(database) if card["kind"] == "run"]
    assert card["subject"] == {"run_id": run_id}
    assert card["version"] > 2, "the card is raised with each change of its run"
    await runs.cancel(TEAM, run_id, REQUESTER)


async def test_a_run_without_a_channel_has_no_cards(database: Database) -> None:
    runs = make_runs(database)
    await reached(runs, await start_run(runs, channel=None), RunState.DONE)
    assert await cards(database) == []


async def test_each_end_of_a_run_is_told_once_in_its_thread(database: Database) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs, steps=4, user_error_at=2)
    await reached(runs, run_id, RunState.FAILED)
    assert [card["subject"] for card in await cards(database) if card["kind"] == "run_end"] == [{"run_id": run_id}]
    await runs.retry(TEAM, run_id, REQUESTER)
    await reached(runs, run_id, RunState.DONE)
    told = [card for card in await cards(database) if card["kind"] == "run_end"]
    assert [card["version"] for card in told] == [1, 1], "it failed once and was done once"


async def test_an_error_that_a_person_can_mend_is_shown_as_it_stands_and_a_retry_goes_on(database: Database) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs, steps=4, user_error_at=2)
    failed = await reached(runs, run_id, RunState.FAILED)
    assert failed.error == "The folder /nowhere does not exist. Choose another one."
    assert [stage.state for stage in failed.stages] == [StageState.DONE, StageState.FAILED, StageState.PENDING]
    await runs.retry(TEAM, run_id, REQUESTER)
    view = await reached(runs, run_id, RunState.DONE)
    assert view.error is None
    assert [stage.attempt for stage in view.stages] == [1, 2, 1], "the finished stage is not repeated"
    assert [note["step"] for note in await notes(database, run_id, "step")] == [0, 1, 2, 3]


async def test_a_fault_names_the_run_and_keeps_its_words_to_the_log(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs, fault_at=1)
    view = await reached(runs, run_id, RunState.FAILED)
    assert view.error == f"Run {run_id} failed at the stage slow; the log has details."
    assert "a secret that must not be shown" in caplog.text


@pytest.mark.parametrize(("stage", "params"), [(0, {"first_s": 60}), (1, {"step_s": 60}), (2, {"last_s": 60})])
async def test_a_cancel_stops_the_stage_in_hand_and_the_rest(
    database: Database, stage: int, params: dict[str, Any]
) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs, child=True, **params)

    async def is_running() -> bool:
        is_there = (await runs.view(TEAM, run_id)).stages[stage].state is StageState.RUNNING
        return is_there and (stage != 1 or bool(await notes(database, run_id, "child")))

    await eventually(is_running)
    await runs.cancel(TEAM, run_id, REQUESTER)
    view = await runs.view(TEAM, run_id)
    assert view.state is RunState.CANCELLED
    expected = [StageState.DONE] * stage + [StageState.CANCELLED] * (3 - stage)
    assert [part.state for part in view.stages] == expected
    for note in await notes(database, run_id, "child"):

        async def are_gone(pids: list[int] = note["pids"]) -> bool:
            return not any(is_alive(pid) for pid in pids)

        await eventually(are_gone)
    # The only way to see that nothing more happens is that other runs, served after it, are done.
    await reached(runs, await start_run(runs), RunState.DONE)
    assert (await runs.view(TEAM, run_id)).state is RunState.CANCELLED


async def test_a_run_that_is_over_is_neither_cancelled_nor_retried(database: Database) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs)
    await reached(runs, run_id, RunState.DONE)
    with pytest.raises(UserError, match=f"Run {run_id} cannot be cancelled: it is done already"):
        await runs.cancel(TEAM, run_id, REQUESTER)
    with pytest.raises(UserError, match="only a failed run can be retried"):
        await runs.retry(TEAM, run_id, REQUESTER)


async def test_a_plain_task_is_called_with_its_arguments_and_again_after_a_failure(
    database: Database, dsn: str
) -> None:
    calls: list[tuple[str, str]] = []
    done = asyncio.Event()

    async def turn(team_id: str, key: str) -> None:
        calls.append((team_id, key))
        if len(calls) == 1:
            raise RuntimeError("the first time fails")
        done.set()

    async with database.team(TEAM) as connection:
        await connection.execute(
            "SELECT app.defer_job('turn', 'turn', jsonb_build_object('team_id', %s::text, 'key', 'e1'), 'thread:1')",
            (TEAM,),
        )
    stop = asyncio.Event()
    serving = asyncio.create_task(
        run_worker(database, dsn, {}, None, queues=["turn"], stop=stop, lease_s=LEASE_S, tasks={"turn": turn})
    )
    async with asyncio.timeout(30):
        await done.wait()
    stop.set()
    await serving
    assert calls == [(TEAM, "e1"), (TEAM, "e1")]
