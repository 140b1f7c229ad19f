"""Carries out stages: claim, work under a lease, and one of six ends, each of them one fenced transaction.

A stage is worked on in a task of its own, not in that of the job that asked for it: when the connection to the queue
breaks, the job goes back to the queue while the stage goes on, and the job finds it again.
"""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from agents.engine.lease import DATABASE_AWAY, Lease
from agents.engine.stage import Asked, Fenced, StageContext, Stages
from agents.errors import UserError
from agents.ports import Artifacts
from agents.runs.needs import Host
from agents.store import stages as store
from agents.store import workers
from agents.store.db import Connection, Database
from agents.store.stages import Claim, StageKey

_log = logging.getLogger(__name__)

# How long an end of a stage is tried for while Postgres is away; after that the next attempt repeats its last part.
_END_WITHIN_S = 120.0
_AFTER_A_LOST_CONNECTION = timedelta(seconds=1)


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
    ) -> None:
        self._database = database
        self._stages = stages
        self._deps = deps
        self._host = host
        self._lease = lease
        self._slots = asyncio.Semaphore(concurrency)
        self._draining = draining
        self._grace_s = grace_s
        self._artifacts = artifacts
        self._tasks: dict[StageKey, asyncio.Task[None]] = {}
        self._leases: dict[StageKey, Lease] = {}

    async def perform(self, key: StageKey) -> None:
        """Carry the stage out, or wait for its end where this worker is at it already.

        Raises:
            Busy: Another worker holds it, or this one has not what it needs.
        """
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(self._perform(key), name=f"stage {key}")
            task.add_done_callback(lambda done: self._forget(key, done))
        await asyncio.shield(task)

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
                await self._work(claim, lease)
            finally:
                del self._leases[key]

    async def _work(self, claim: Claim, lease: Lease) -> None:
        stage = self._stages.get((claim.kind, claim.name))
        if stage is None or claim.attempt > claim.attempt_limit:
            await self._refuse(claim, is_known=stage is not None)
            return
        context = StageContext(claim, self._database, self._deps, lease, files=self._artifacts, host=self._host().name)
        work = asyncio.create_task(_as_coroutine(stage(context)), name=f"work on {claim.name}")
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
            await self._end(claim, work, lease)
        elif is_held:
            await self._try(claim, lambda connection: store.hand_over(connection, claim, is_forgiven=True))
        else:
            _log.warning("stage %s of run %s: attempt %s is over", claim.name, claim.key.run_id, claim.attempt)

    async def _out_of_grace(self) -> None:
        await self._draining.wait()
        await asyncio.sleep(self._grace_s)

    async def _refuse(self, claim: Claim, *, is_known: bool) -> None:
        run_id, name = claim.key.run_id, claim.name
        if is_known:
            error = (
                f"Run {run_id} failed: its stage {name} was taken up {claim.attempt - 1} times and no worker came to "
                "its end. Look into the workers' log, then retry the run."
            )
        else:
            error = (
                f"Run {run_id} failed: the worker {self._host().name} does not know the stage {name} of {claim.kind} "
                "runs. Update that worker, then retry the run."
            )
        await self._try(claim, lambda connection: store.fail(connection, claim, error))

    async def _end(self, claim: Claim, work: "asyncio.Task[Mapping[str, Any]]", lease: Lease) -> None:
        """Record how the work ended; nothing is recorded where another attempt has begun."""
        run_id, name = claim.key.run_id, claim.name
        try:
            result = dict(work.result())
            # Checked here, where the stage can still fail with it.
            json.dumps(result, allow_nan=False)
            await self._try(claim, lambda connection: store.finish(connection, claim, result, lease.progress()))
            return
        except Fenced:
            _log.warning("stage %s of run %s: attempt %s is over", name, run_id, claim.attempt)
            return
        except Asked as signal:
            question = signal.question
            await self._try(claim, lambda connection: store.ask(connection, claim, question, lease.progress()))
            return
        except DATABASE_AWAY as cause:
            _log.warning("stage %s of run %s: %s; it will be taken up again", name, run_id, cause)
            delay = _AFTER_A_LOST_CONNECTION
            await self._try(claim, lambda connection: store.hand_over(connection, claim, delay=delay))
            return
        except UserError as cause:
            error = str(cause)
        except (Exception, asyncio.CancelledError):  # noqa: BLE001  # any fault of a stage ends its run, not the worker
            _log.exception("stage %s of run %s failed", name, run_id)
            error = f"Run {run_id} failed at the stage {name}; the log has details."
        await self._try(claim, lambda connection: store.fail(connection, claim, error))

    async def _try(self, claim: Claim, end: Callable[[Connection], Awaitable[object]]) -> None:
        """Do `end` in one transaction, again while Postgres is away: its fence makes a repetition harmless."""
        give_up_at_s = time.monotonic() + (self._grace_s if self._draining.is_set() else _END_WITHIN_S)
        while True:
            try:
                async with self._database.team(claim.key.team_id) as connection:
                    written = await end(connection)
                    await self._leases[claim.key].log.write(connection)
            except DATABASE_AWAY:
                if time.monotonic() > give_up_at_s:
                    raise
                await asyncio.sleep(0.2)
                continue
            if not written:
                _log.warning("stage %s of run %s: attempt %s was over", claim.name, claim.key.run_id, claim.attempt)
            return


async def _as_coroutine(awaitable: Awaitable[Mapping[str, Any]]) -> Mapping[str, Any]:
    return await awaitable


async def _stop(work: "asyncio.Task[Mapping[str, Any]]", context: StageContext[Any]) -> None:
    """Cancel the work until it is over, and end its children so that nothing waits for them."""
    context.cancelled.set()
    while not work.done():
        work.cancel()
        await context.close()
        await asyncio.wait({work}, timeout=1)
