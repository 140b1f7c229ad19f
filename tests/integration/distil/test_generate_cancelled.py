"""Batches of runs that people cancelled: ended at their teacher, and paid for as far as they were answered."""

from decimal import Decimal
from pathlib import Path

import pytest

from agents.services.runs import Runs
from agents.stages.distil.ending import end_cancelled
from agents.store.db import Database
from tests.fakes.messages_api import Break
from tests.integration.distil.conftest import StartWorker, working
from tests.integration.distil.desk import (
    APPROVER,
    TEAM,
    asked_texts,
    make_api,
    make_deps,
    make_runs,
    make_teachers,
    start_run,
)
from tests.integration.engine.conftest import eventually

pytestmark = pytest.mark.integration


async def waiting(runs: Runs, run_id: str) -> bool:
    """Return whether the run waits for its batch and no worker holds it."""
    stage = (await runs.view(TEAM, run_id)).stages[1]
    return stage.owner is None and "waits for batch" in (stage.error or "")


async def spend_of(runs: Runs, run_id: str) -> tuple[Decimal, Decimal]:
    """Return what is spent and what is reserved."""
    spend = (await runs.view(TEAM, run_id)).spend
    assert spend is not None
    return spend.spent_usd, spend.reserved_usd


async def test_a_batch_of_a_cancelled_run_ends_and_what_was_answered_is_paid(
    database: Database, tmp_path: Path
) -> None:
    runs = make_runs(database)
    async with make_api() as api:
        api.batches.per_look = 0
        async with working(database, tmp_path, api.url):
            run_id = await start_run(runs)
            await eventually(lambda: waiting(runs, run_id))
        teachers = make_teachers(api.url)
        deps = make_deps(teachers)
        assert await end_cancelled(database, deps) == [], "it goes on while its run does"
        await api.batches.process("msgbatch_00000001", 3)
        _, reserved = await spend_of(runs, run_id)
        await runs.cancel(TEAM, run_id, APPROVER)

        assert await end_cancelled(database, deps) == ["msgbatch_00000001"]
        assert await end_cancelled(database, deps) == []
        spent, left = await spend_of(runs, run_id)
        async with database.team(TEAM) as connection:
            found = await connection.execute("SELECT subject, channel FROM app.slack_card WHERE kind = 'say'")
            (told,) = await found.fetchall()
        await teachers.close()
    assert f"of the cancelled run {run_id} has ended at the teacher: 3 requests were answered by then, for $" in str(
        told
    )
    assert len(asked_texts(api)) == 3
    assert left == 0
    assert 0 < spent < reserved
    assert len(api.bodies("batches.create")) == 1


async def test_a_batch_that_ended_by_itself_is_paid_in_full(database: Database, tmp_path: Path) -> None:
    runs = make_runs(database)
    async with make_api() as api:
        api.batches.per_look = 0
        async with working(database, tmp_path, api.url):
            run_id = await start_run(runs)
            await eventually(lambda: waiting(runs, run_id))
        await api.batches.process("msgbatch_00000001")
        await runs.cancel(TEAM, run_id, APPROVER)
        teachers = make_teachers(api.url)
        assert await end_cancelled(database, make_deps(teachers)) == ["msgbatch_00000001"]
        await teachers.close()
    assert [each.endpoint for each in api.requests].count("batches.cancel") == 0
    spent, left = await spend_of(runs, run_id)
    assert left == 0
    assert spent > 0


async def test_a_worker_that_dies_in_ending_a_batch_leaves_that_to_the_next(
    database: Database, start_worker: StartWorker
) -> None:
    runs = make_runs(database)
    async with make_api() as api:
        api.batches.per_look = 0
        run_id = await start_run(runs)
        killed = start_worker(api.url, shard=10)
        await eventually(lambda: waiting(runs, run_id))
        api.fail_next("batches.cancel", Break("hang"))
        await runs.cancel(TEAM, run_id, APPROVER)

        async def is_asked() -> bool:
            return any(each.endpoint == "batches.cancel" for each in api.requests)

        await eventually(is_asked)
        killed.kill()
        killed.wait()
        start_worker(api.url, shard=10)

        async def is_settled() -> bool:
            return (await spend_of(runs, run_id))[1] == 0

        await eventually(is_settled, within_s=30)
    assert (await spend_of(runs, run_id))[0] == 0, "nothing of it was answered"
    assert len(api.bodies("batches.create")) == 1
