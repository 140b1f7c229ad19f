"""Workers that are killed at any point: no batch is handed in twice, no answer is lost, nothing is paid twice."""

import asyncio
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from agents.runs import RunState
from agents.runs.effects import RESUBMIT
from agents.services.runs import Runs
from agents.store.db import Database
from tests.fakes.messages_api import Break, FakeMessagesApi
from tests.integration.distil.conftest import StartWorker, finished, settled
from tests.integration.distil.desk import (
    APPROVER,
    TEAM,
    asked_texts,
    make_api,
    make_questions,
    make_runs,
    require_sums,
    start_run,
)
from tests.integration.engine.conftest import eventually

pytestmark = pytest.mark.integration

HANG = Break("hang")
# 7 inputs and 2 golden ones, in shards of 4.
REQUESTS, BATCHES = 9, 3


def has_come(api: FakeMessagesApi, endpoint: str, times: int = 1) -> Callable[[], Any]:
    async def is_there() -> bool:
        return sum(each.endpoint == endpoint for each in api.requests) >= times

    return is_there


async def require_whole(runs: Runs, run_id: str, api: FakeMessagesApi) -> None:
    """Require that all was answered, and asked for and paid once."""
    result = await finished(runs, run_id)
    require_sums(result)
    assert (result["asked"], result["answered"]) == (REQUESTS, REQUESTS)
    assert sorted(asked_texts(api)) == sorted(set(asked_texts(api)))
    spend = (await runs.view(TEAM, run_id)).spend
    assert spend is not None
    assert spend.reserved_usd == 0
    assert spend.spent_usd == pytest.approx(Decimal(str(result["usd"])), abs=Decimal("0.00001"))


@pytest.mark.parametrize("endpoint", ["batches.create", "batches.retrieve", "batches.results"])
async def test_what_was_under_way_in_a_call_goes_on(
    endpoint: str, database: Database, start_worker: StartWorker
) -> None:
    runs = make_runs(database)
    async with make_api() as api:
        api.fail_next(endpoint, HANG, done=True)
        run_id = await start_run(runs, inputs=7)
        killed = start_worker(api.url)
        await eventually(has_come(api, endpoint))
        killed.kill()
        killed.wait()
        start_worker(api.url)
        await require_whole(runs, run_id, api)
    assert len(api.bodies("batches.create")) == BATCHES


async def test_a_batch_that_was_not_taken_is_handed_in_again_only_by_a_person(
    database: Database, start_worker: StartWorker
) -> None:
    runs = make_runs(database)
    async with make_api() as api:
        api.fail_next("batches.create", HANG)
        run_id = await start_run(runs, inputs=7)
        killed = start_worker(api.url)
        await eventually(has_come(api, "batches.create"))
        killed.kill()
        killed.wait()
        start_worker(api.url)
        view = await settled(runs, run_id)
        assert view.state is RunState.NEEDS_ATTENTION
        assert view.question is not None
        assert "nothing was found" in view.question.text
        assert len(api.bodies("batches.create")) == 1
        await make_questions(database).answer(TEAM, view.question.id, RESUBMIT, APPROVER)
        result = await finished(runs, run_id)
    require_sums(result)
    assert sorted(asked_texts(api)) == sorted(set(asked_texts(api)))


async def test_answers_that_were_paid_and_not_kept_yet_are_read_again(
    database: Database, start_worker: StartWorker
) -> None:
    runs = make_runs(database)
    async with make_api() as api:
        api.batches.per_look = 0
        run_id = await start_run(runs, inputs=7)
        killed = start_worker(api.url)
        await eventually(has_come(api, "batches.retrieve", BATCHES))

        async def is_closed() -> bool:
            async with database.team(TEAM) as connection:
                found = await connection.execute("SELECT FROM app.effect WHERE state = 'done' AND NOT is_open")
                return await found.fetchone() is not None

        async with database.engine() as blocking:
            # Whoever keeps a file waits here: after the ledger was told, before the checkpoint.
            await blocking.execute("SET LOCAL role cairn_owner")
            await blocking.execute("LOCK TABLE app.artifact IN EXCLUSIVE MODE")
            api.batches.per_look = None
            await eventually(is_closed, within_s=8)
            killed.kill()
            killed.wait()
        start_worker(api.url)
        await require_whole(runs, run_id, api)
    assert len(api.bodies("batches.create")) == BATCHES


async def test_workers_that_are_killed_at_random_hand_nothing_in_twice(
    database: Database, start_worker: StartWorker
) -> None:
    runs = make_runs(database)
    draw = random.Random(6)  # noqa: S311  # moments, no secrets
    async with make_api() as api:
        api.batches.per_look = 2
        run_id = await start_run(runs, inputs=7)
        for _ in range(6):
            killed = start_worker(api.url)
            assert killed.stdout is not None
            await asyncio.to_thread(killed.stdout.readline)
            await asyncio.sleep(draw.uniform(0.1, 2.5))
            killed.kill()
            killed.wait()
        start_worker(api.url)
        await settled_with_answers(database, runs, run_id)
        await require_whole(runs, run_id, api)


async def settled_with_answers(database: Database, runs: Runs, run_id: str) -> None:
    """Approve what is asked, each time that nobody knows whether a batch was taken and none was found."""
    while (view := await settled(runs, run_id)).state is RunState.NEEDS_ATTENTION:
        assert view.question is not None
        assert "nothing was found" in view.question.text
        await make_questions(database).answer(TEAM, view.question.id, RESUBMIT, APPROVER)
