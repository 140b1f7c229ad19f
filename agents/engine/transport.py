"""Procrastinate as the way that jobs reach this worker; what a job means is decided by the tables of Cairn."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import procrastinate
from procrastinate.exceptions import JobAborted
from procrastinate.job_context import AbortReason
from procrastinate.jobs import Job

from agents.engine.clock import AT_ONCE, DatabaseClock
from agents.engine.runner import Busy, StageRunner
from agents.store.db import role_conninfo
from agents.store.stages import StageKey

STAGE = "stage"
# Between the attempts at a job that failed; after the last one it is marked as failed and its lock is free.
RETRY_AFTER_S = (1, 5, 30)

# Called with the job's arguments as keywords.
Task = Callable[..., Awaitable[None]]


def build_app(
    dsn: str,
    runner: StageRunner,
    tasks: Mapping[str, Task],
    *,
    clock: DatabaseClock,
    draining: asyncio.Event,
    grace_s: float,
    max_size: int,
) -> procrastinate.App:
    """Return an unopened app that knows the stage task and `tasks`."""
    connector = procrastinate.PsycopgConnector(
        conninfo=role_conninfo(dsn, "cairn_engine"), min_size=1, max_size=max_size
    )
    app = procrastinate.App(connector=connector)
    app.task(name=STAGE, pass_context=True, retry=_RetryStage(clock))(_stage_task(runner, draining))
    for name, task in tasks.items():
        app.task(name=name, retry=_RetryTask(clock))(_plain_task(task, draining, grace_s))
    return app


def _stage_task(runner: StageRunner, draining: asyncio.Event) -> Callable[..., Awaitable[None]]:
    async def stage(context: procrastinate.JobContext, team_id: str, run_id: str, seq: int) -> None:
        key = StageKey(team_id, run_id, seq)
        try:
            await runner.perform(key)
        except asyncio.CancelledError:
            if context.abort_reason() is AbortReason.USER_REQUEST:
                await runner.settle(key)
                raise JobAborted from None
            if draining.is_set():
                # It ends or is handed over, with a new job, within the grace.
                await runner.settle(key)
                return
            # The queue's connection broke: the stage goes on, and this job comes back to find it.
            raise

    return stage


def _plain_task(task: Task, draining: asyncio.Event, grace_s: float) -> Callable[..., Awaitable[None]]:
    async def perform(**arguments: Any) -> None:
        work = asyncio.ensure_future(task(**arguments))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            if draining.is_set():
                await asyncio.wait({work}, timeout=grace_s)
            if work.done() and not work.cancelled() and work.exception() is None:
                return
            work.cancel()
            await asyncio.wait({work})
            raise

    return perform


class _RetryStage(procrastinate.BaseRetryStrategy):
    """A stage's own failures are recorded in its row; what reaches the queue is that it must come again."""

    def __init__(self, clock: DatabaseClock) -> None:
        self._clock = clock

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> procrastinate.RetryDecision | None:
        if isinstance(exception, Busy):
            return procrastinate.RetryDecision(retry_at=self._clock.after(max(0.1, exception.left_s + 0.05)))
        if isinstance(exception, JobAborted):
            return None
        # Interrupted, or Postgres was away.
        is_interrupted = isinstance(exception, asyncio.CancelledError)
        return procrastinate.RetryDecision(retry_at=AT_ONCE if is_interrupted else self._clock.after(1))


class _RetryTask(procrastinate.BaseRetryStrategy):
    """A failed task comes again a few times; one that was interrupted does at once."""

    def __init__(self, clock: DatabaseClock) -> None:
        self._clock = clock

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> procrastinate.RetryDecision | None:
        if isinstance(exception, asyncio.CancelledError):
            return procrastinate.RetryDecision(retry_at=AT_ONCE)
        if job.attempts >= len(RETRY_AFTER_S):
            return None
        return procrastinate.RetryDecision(retry_at=self._clock.after(RETRY_AFTER_S[job.attempts]))
