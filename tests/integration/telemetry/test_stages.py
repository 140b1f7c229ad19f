"""Attempts at stages, as telemetry tells of them."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from agents.engine.runner import StageRunner
from agents.engine.stage import HandOver, Stage, StageContext
from agents.errors import UserError
from agents.runs.needs import Host
from agents.store.db import Database
from agents.store.stages import StageKey
from tests.fakes.telemetry import Kept
from tests.integration.engine.toys import QUEUE, TEAM, make_runs, start_run

pytestmark = pytest.mark.integration


async def perform(database: Database, kept: Kept, stage: Stage) -> str:
    """Carry out the first stage of a run, and return the run's id."""
    runner = StageRunner(
        database,
        {("toy", "first"): stage},
        None,
        host=lambda: Host("here", frozenset({QUEUE})),
        lease=timedelta(seconds=5),
        concurrency=1,
        draining=asyncio.Event(),
        grace_s=1,
        telemetry=kept.telemetry,
    )
    run_id = await start_run(make_runs(database), folder="/srv/walnut")
    await runner.perform(StageKey(TEAM, run_id, 0))
    return run_id


async def works(context: StageContext[Any]) -> Mapping[str, Any]:
    return {"read": context.params["folder"]}


async def breaks(context: StageContext[Any]) -> Mapping[str, Any]:
    raise RuntimeError(f"no way into {context.params['folder']}")


async def refuses(context: StageContext[Any]) -> Mapping[str, Any]:
    raise UserError(f"{context.params['folder']} is no folder. Name another one.")


async def leaves(context: StageContext[Any]) -> Mapping[str, Any]:
    raise HandOver


@pytest.mark.parametrize(
    ("stage", "outcome"), [(works, "done"), (breaks, "failed"), (refuses, "failed"), (leaves, "handed_over")]
)
async def test_an_attempt_tells_how_it_ended_and_nothing_of_what_it_worked_on(
    database: Database, stage: Stage, outcome: str
) -> None:
    kept = Kept()
    run_id = await perform(database, kept, stage)

    (told,) = kept.attributes("stage first")
    assert told == {
        "cairn.run.kind": "toy",
        "cairn.stage.name": "first",
        "cairn.run.id": run_id,
        "cairn.stage.attempt": 1,
        "cairn.outcome": outcome,
    }
    measured = kept.points("cairn.stage.duration", "cairn.run.kind", "cairn.stage.name", "cairn.outcome")
    assert measured == {("toy", "first", outcome): 1}
    assert "walnut" not in kept.everything()


async def test_a_stage_that_no_code_is_known_for_is_told_as_taken_up_again(database: Database) -> None:
    kept = Kept()
    runner = StageRunner(
        database,
        {},
        None,
        host=lambda: Host("here", frozenset({QUEUE})),
        lease=timedelta(seconds=5),
        concurrency=1,
        draining=asyncio.Event(),
        grace_s=1,
        telemetry=kept.telemetry,
    )
    await runner.perform(StageKey(TEAM, await start_run(make_runs(database)), 0))

    assert kept.points("cairn.stage.duration", "cairn.outcome") == {("retried",): 1}
