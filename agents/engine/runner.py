"""Carries out stages: claim, work under a lease, and an end (ends.py).

A stage is worked on in a task of its own, not in that of the job that asked for it: when the connection to the queue
breaks, the job goes back to the queue while the stage goes on, and the job finds it again.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from agents.engine.child_runner import run_child
from agents.engine.ends import Ending, Ends
from agents.engine.lease import DATABASE_AWAY, Lease
from agents.engine.stage import ChildCode, Stage, StageContext, Stages
from agents.ports import Artifacts
from agents.runs.needs import Host
from agents.store import stages as store
from agents.store import workers
from agents.store.db import Database
from agents.store.stages import Claim, StageKey
from agents.telemetry import Telemetry

_log = logging.getLogger(__name__)


class Busy(Exception):  # noqa: N818  # says when to come again, no fault
    """Another worker holds the stage, or has what it needs: it is worth another look in `left_s` seconds."""

    def __init__(self, left_s: float) -> None:
        super().__init__(f"not for this worker, for {left_s:.1f} s more")
        self.left_s = left_s


class StageRunner:
    """Carries out stages for one worker, at most `concurrency` at a time.

    Args:
        database: Where runs and stages are.
        stages: The code of the stages.
        deps: Handed to each stage as `context.deps`.
        host: This worker as it stands: its name, as shown to people, and what it has.
        lease: How long a claim holds without a beat.
        draining: Set when the worker is to stop.
        grace_s: How long a stage in hand may go on after that before it is handed over.
        artifacts: Where stages keep their files; those that keep any fail without.
        telemetry: Told of each attempt.
    """

    def __init__(
        self,
        database: Database,
        stages: Stages,
        deps: Any,
        *,
        host: Callable[[], Host],
        lease: timedelta,
        concurrency: int,
        draining: asyncio.Event,
        grace_s: float,
        artifacts: Artifacts | None = None,
        telemetry: Telemetry | None = None,
    ) -> None:
        self._database = database
        self._stages = stages
        self._deps = deps
        self._host = host
        self._lease = lease
        self._slots = asyncio.Semaphore(concurrency)
        self._draining = draining
        self._grace_s = grace_s
        self._ends = Ends(database, draining, grace_s)
        self._artifacts = artifacts
        self._telemetry = telemetry or Telemetry()
        self._tasks: dict[StageKey, asyncio.Task[None]] = {}
        self._leases: dict[StageKey, Lease] = {}

    async def perform(self, key: StageKey) -> None:
        """Carry the stage out, or wait for its end where this worker is at it already.

        Raises:
            Busy: Another worker holds it, or this one has not what it needs.
        """
        task = self._tasks.get(key)
        is_known = task is not None
        if task is None:
            task = self._tasks[key] = asyncio.create_task(self._perform(key), name=f"stage {key}")
            task.add_done_callback(lambda done: self._forget(key, done))
        await asyncio.shield(task)
        if is_known:
            # That task may have handed the stage over to this very job, which has waited for it until now.
            await self.perform(key)

    async def settle(self, key: StageKey) -> None:
        """Look at once whether the stage was cancelled, and wait for its end here."""
        lease = self._leases.get(key)
        if lease is not None:
            lease.check()
        task = self._tasks.get(key)
        if task is not None:
            await asyncio.wait({task})

    async def drained(self) -> None:
        """Wait until no stage is in hand; set `draining` first."""
        if self._tasks:
            await asyncio.wait(set(self._tasks.values()))

    def _forget(self, key: StageKey, done: "asyncio.Task[None]") -> None:
        del self._tasks[key]
        # Where the job that asked went away, nobody else looks at how the task ended.
        error = None if done.cancelled() else done.exception()
        if error is not None and not isinstance(error, (Busy, *DATABASE_AWAY)):
            _log.error("stage %s of run %s: the worker failed", key.seq, key.run_id, exc_info=error)

    async def _perform(self, key: StageKey) -> None:
        async with self._slots:
            if self._draining.is_set():
                raise Busy(0)
            claimed_at_s = time.monotonic()
            async with self._database.team(key.team_id) as connection:
                host = self._host()
                claim = await store.claim(connection, key, host=host, lease=self._lease)
                left_s = None if claim else await workers.comes_again_s(connection, key, host)
            if claim is None:
                if left_s is not None:
                    raise Busy(left_s)
                return
            lease = self._leases[key] = Lease(self._database, claim, self._lease, claimed_at_s)
            try:
                with self._telemetry.stage(
                    run_id=key.run_id, kind=claim.kind, name=claim.name, attempt=claim.attempt
                ) as measured:
                    measured.ended(await self._work(claim, lease))
            finally:
                del self._leases[key]

    async def _work(self, claim: Claim, lease: Lease) -> Ending:
        stage = self._stages.get((claim.kind, claim.name))
        if stage is None or claim.attempt > claim.attempt_limit:
            return await self._ends.refuse(claim, lease, self._host().name)
        context = StageContext(
            claim,
            self._database,
            self._deps,
            lease,
            draining=self._draining,
            files=self._artifacts,
            host=self._host().name,
        )
        work = asyncio.create_task(_carry_out(stage, context), name=f"work on {claim.name}")
        keeping = asyncio.create_task(lease.keep(), name=f"lease of {claim.name}")
        draining = asyncio.create_task(self._out_of_grace())
        try:
            await asyncio.wait({work, keeping, draining}, return_when=asyncio.FIRST_COMPLETED)
            has_ended = work.done()
            is_held = not keeping.done()
            if not is_held:
                # A beat that is not possible at all is a fault to see, beside the attempt that ends with it.
                keeping.result()
            if not has_ended:
                await _stop(work, context)
        finally:
            for task in (work, keeping, draining):
                task.cancel()
            await asyncio.wait({work, keeping, draining})
            await context.close()
        if has_ended:
            return await self._ends.record(claim, lease, work)
        if is_held:
            return await self._ends.hand_over(claim, lease)
        _log.warning("stage %s of run %s: attempt %s is over", claim.name, claim.key.run_id, claim.attempt)
        return "lost"

    async def _out_of_grace(self) -> None:
        await self._draining.wait()
        await asyncio.sleep(self._grace_s)


async def _carry_out(stage: Stage | ChildCode, context: StageContext[Any]) -> Mapping[str, Any]:
    return await (run_child(context, stage) if isinstance(stage, ChildCode) else stage(context))


async def _stop(work: "asyncio.Task[Mapping[str, Any]]", context: StageContext[Any]) -> None:
    """Cancel the work until it is over, and end its children so that nothing waits for them."""
    context.cancelled.set()
    while not work.done():
        work.cancel()
        await context.close()
        await asyncio.wait({work}, timeout=1)
