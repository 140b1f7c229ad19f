"""The runner by itself: two jobs that mean the same stage, in one worker."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from agents.engine.runner import StageRunner
from agents.engine.stage import HandOver, Stage, StageContext
from agents.runs import StageState
from agents.runs.needs import Host
from agents.store.db import Database
from agents.store.stages import StageKey
from tests.integration.engine.toys import QUEUE, TEAM, make_runs, start_run

pytestmark = pytest.mark.integration


def make_runner(database: Database, stage: Stage) -> StageRunner:
    return StageRunner(
        database,
        {("toy", "first"): stage},
        None,
        host=lambda: Host("here", frozenset({QUEUE})),
        lease=timedelta(seconds=5),
        concurrency=2,
        draining=asyncio.Event(),
        grace_s=1,
    )


async def test_two_jobs_for_one_stage_do_it_once(database: Database) -> None:
    attempts: list[int] = []

    async def stage(context: StageContext[Any]) -> Mapping[str, Any]:
        attempts.append(context.attempt)
        await asyncio.sleep(0.1)
        return {}

    key = StageKey(TEAM, await start_run(make_runs(database)), 0)
    runner = make_runner(database, stage)
    await asyncio.gather(*(runner.perform(key) for _ in range(3)))
    assert attempts == [1]


async def test_a_job_that_waited_for_another_takes_up_what_that_one_left(database: Database) -> None:
    attempts: list[int] = []

    async def stage(context: StageContext[Any]) -> Mapping[str, Any]:
        attempts.append(context.attempt)
        if context.attempt == 1:
            raise HandOver
        return {}

    runs = make_runs(database)
    key = StageKey(TEAM, await start_run(runs), 0)
    runner = make_runner(database, stage)
    await asyncio.gather(runner.perform(key), runner.perform(key))
    assert attempts == [1, 2]
    assert (await runs.view(TEAM, key.run_id)).stages[0].state is StageState.DONE
