"""A stage that waits for something outside: it holds no worker, and looks again when it said it would."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from agents.engine.runner import StageRunner
from agents.engine.stage import HandOver, Stage, StageContext
from agents.engine.worker import run_worker
from agents.runs import StageState
from agents.runs.needs import Host
from agents.store.db import Database
from agents.store.stages import StageKey
from bot.shell.follow import stage_figures
from tests.integration.engine.conftest import eventually
from tests.integration.engine.toys import QUEUE, TEAM, make_runs, start_run

pytestmark = pytest.mark.integration

REASON = "waits for batch b-1, 20 of 90 answered"
# More than an attempt limit.
POLLS = 13


def make_runner(database: Database, stage: Stage, draining: asyncio.Event | None = None) -> StageRunner:
    return StageRunner(
        database,
        {("toy", "first"): stage},
        None,
        host=lambda: Host("here", frozenset({QUEUE})),
        lease=timedelta(seconds=5),
        concurrency=1,
        draining=draining or asyncio.Event(),
        grace_s=1,
    )


async def polls(context: StageContext[Any]) -> Mapping[str, Any]:
    await context.progress(20, 90, "requests")
    if context.attempt < POLLS:
        raise HandOver(timedelta(hours=1), REASON)
    return {}


async def due_in(database: Database, key: StageKey) -> timedelta:
    async with database.engine() as connection:
        found = await connection.execute(
            "SELECT scheduled_at - now() AS left FROM procrastinate_jobs WHERE args->>'run_id' = %s "
            "AND status = 'todo' ORDER BY id DESC LIMIT 1",
            (key.run_id,),
        )
        row = await found.fetchone()
    assert row is not None
    left: timedelta = row["left"]
    return left


async def test_a_stage_that_waits_says_what_for_and_is_due_when_it_said(database: Database) -> None:
    runs = make_runs(database)
    key = StageKey(TEAM, await start_run(runs), 0)

    await make_runner(database, polls).perform(key)

    stage = (await runs.view(TEAM, key.run_id)).stages[0]
    assert (stage.state, stage.owner) == (StageState.PENDING, None)
    assert stage_figures(stage) == REASON
    assert stage.progress is not None
    assert stage.progress.done == 20, "how far it is stays in sight while nobody is at it"
    assert timedelta(minutes=50) < await due_in(database, key) <= timedelta(hours=1)


async def test_it_may_look_again_as_often_as_it_takes(database: Database) -> None:
    runs = make_runs(database)
    key = StageKey(TEAM, await start_run(runs), 0)
    runner = make_runner(database, polls)

    for _ in range(POLLS):
        await runner.perform(key)

    stage = (await runs.view(TEAM, key.run_id)).stages[0]
    assert (stage.state, stage.attempt, stage.error) == (StageState.DONE, POLLS, None)


async def test_what_it_waits_for_comes_no_sooner_because_its_worker_stops(database: Database) -> None:
    key = StageKey(TEAM, await start_run(make_runs(database)), 0)
    draining = asyncio.Event()

    async def stops(context: StageContext[Any]) -> Mapping[str, Any]:
        draining.set()
        return await polls(context)

    await make_runner(database, stops, draining).perform(key)

    assert await due_in(database, key) > timedelta(minutes=50)


async def test_a_worker_with_one_place_does_other_runs_meanwhile(database: Database, dsn: str) -> None:
    runs = make_runs(database)
    other_is_done, stop = asyncio.Event(), asyncio.Event()

    async def first(context: StageContext[Any]) -> Mapping[str, Any]:
        if context.params.get("waits") and not other_is_done.is_set():
            raise HandOver(timedelta(seconds=0.2), REASON)
        other_is_done.set()
        return {}

    async def quick(context: StageContext[Any]) -> Mapping[str, Any]:
        del context
        return {}

    stages: dict[tuple[str, str], Stage] = {("toy", "first"): first, ("toy", "slow"): quick, ("toy", "last"): quick}
    working = asyncio.create_task(
        run_worker(database, dsn, stages, None, queues=[QUEUE], stop=stop, lease_s=1.5, concurrency=1)
    )
    waits = await start_run(runs, waits=True)
    await start_run(runs)

    async def is_over() -> bool:
        return (await runs.view(TEAM, waits)).state.is_over

    try:
        await eventually(is_over)
    finally:
        stop.set()
        await working
    assert [stage.state for stage in (await runs.view(TEAM, waits)).stages] == [StageState.DONE] * 3
