"""How attempts end: each in one fenced transaction, tried again while Postgres is away.

The fence makes the repetition harmless: where a former try was committed and only its answer was lost, the attempt
is over and nothing is written twice.
"""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Literal

from agents.engine.child_runner import ChildStageDied
from agents.engine.lease import DATABASE_AWAY, Lease
from agents.engine.stage import Asked, Fenced, HandOver
from agents.errors import UserError
from agents.store import stages as store
from agents.store.db import Connection, Database
from agents.store.stages import Claim

_log = logging.getLogger(__name__)

# How long an end is tried for while Postgres is away; after that the next attempt repeats its last part.
_END_WITHIN_S = 120.0
_AFTER_A_LOST_CONNECTION = timedelta(seconds=1)
# Time for another worker to take what this one cannot do, as while a new version is being brought out.
_FOR_ANOTHER_WORKER = timedelta(seconds=10)
_LONGEST_WAIT_S = 60.0

End = Callable[[Connection], Awaitable[object]]

Ending = Literal["done", "asked", "handed_over", "retried", "failed", "lost"]
"""How an attempt ended; `retried`: another one follows and this one counts, `lost`: it was over before."""


class Ends:
    """Records how attempts of one worker end.

    Args:
        database: Where the stages are.
        draining: Set when the worker is to stop.
        grace_s: How long an end may be tried for after that.
    """

    def __init__(self, database: Database, draining: asyncio.Event, grace_s: float) -> None:
        self._database = database
        self._draining = draining
        self._grace_s = grace_s

    async def record(self, claim: Claim, lease: Lease, work: "asyncio.Task[Mapping[str, Any]]") -> Ending:
        """Record how the work ended and return that; nothing is recorded where another attempt has begun."""
        ending: Ending
        try:
            result = dict(work.result())
            # Checked here, where the stage can still fail with it.
            json.dumps(result, allow_nan=False)
            progress = lease.progress()
            ending = await self._write(
                claim, lease, "done", lambda connection: store.finish(connection, claim, result, progress)
            )
        except Fenced:
            _log.warning("%s: attempt %s is over", _named(claim), claim.attempt)
            ending = "lost"
        except Asked as signal:
            ending = await self._ask(claim, lease, signal)
        except HandOver as signal:
            ending = await self.hand_over(claim, lease, signal)
        except ChildStageDied as cause:
            ending = await self._died(claim, lease, str(cause))
        except DATABASE_AWAY as cause:
            _log.warning("%s: %s; it will be taken up again", _named(claim), cause)
            delay = _AFTER_A_LOST_CONNECTION
            ending = await self._write(
                claim, lease, "retried", lambda connection: store.hand_over(connection, claim, delay=delay)
            )
        except UserError as cause:
            ending = await self.fail(claim, lease, str(cause))
        except (Exception, asyncio.CancelledError):  # noqa: BLE001  # any fault of a stage ends its run, not the worker
            ending = await self._fault(claim, lease)
        return ending

    async def hand_over(self, claim: Claim, lease: Lease, signal: HandOver | None = None) -> Ending:
        """Leave the stage to another worker; nothing went wrong, so the attempt does not count."""
        # Where it leaves off though its worker goes on, the next attempt is not to follow on its heels.
        soon = store.NO_DELAY if self._draining.is_set() else _AFTER_A_LOST_CONNECTION
        # What it waits for outside comes no sooner because its worker stops.
        delay = soon if signal is None or signal.after is None else signal.after
        reason = None if signal is None or signal.reason is None else _readable(signal.reason)
        progress = lease.progress()
        return await self._write(
            claim,
            lease,
            "handed_over",
            lambda connection: store.hand_over(
                connection, claim, delay=delay, is_forgiven=True, reason=reason, progress=progress
            ),
        )

    async def fail(self, claim: Claim, lease: Lease, error: str) -> Ending:
        """End the stage and its run with an error for people."""
        readable = _readable(error)
        return await self._write(claim, lease, "failed", lambda connection: store.fail(connection, claim, readable))

    async def refuse(self, claim: Claim, lease: Lease, owner: str) -> Ending:
        """Let go of a stage that was taken up too often, or else that this worker has no code for."""
        run_id, name = claim.key.run_id, claim.name
        if claim.attempt > claim.attempt_limit:
            return await self.fail(
                claim,
                lease,
                f"Run {run_id} failed: its stage {name} was taken up {claim.attempt - 1} times and no worker came to "
                "its end. Look into the workers' log, then retry the run.",
            )
        unknown = f"the worker {owner} does not know the stage {name} of {claim.kind} runs"
        error = f"Run {run_id} failed: {unknown}. Update that worker, then retry the run."
        return await self._try_elsewhere(claim, lease, unknown, error, _FOR_ANOTHER_WORKER)

    async def _ask(self, claim: Claim, lease: Lease, signal: Asked) -> Ending:
        question, progress = signal.question, lease.progress()
        try:
            return await self._write(
                claim, lease, "asked", lambda connection: store.ask(connection, claim, question, progress)
            )
        except DATABASE_AWAY:
            raise
        except Exception:  # noqa: BLE001  # such as details that are no JSON: a fault of the stage
            return await self._fault(claim, lease)

    async def _died(self, claim: Claim, lease: Lease, reason: str) -> Ending:
        """Let another attempt go on after the stage's process died, until there were too many."""
        run_id, name = claim.key.run_id, claim.name
        lease.log.add(f"The process of the stage died: {reason}.", "error")
        if self._draining.is_set():
            return await self.hand_over(claim, lease)
        error = (
            f"Run {run_id} failed: its stage {name} was taken up {claim.attempt} times, and the last time its process "
            f"died: {reason}. The stage's log says what came before; mend that, then retry the run."
        )
        wait_s = min(_LONGEST_WAIT_S, 2.0 ** min(claim.attempt - 1, 10))
        return await self._try_elsewhere(claim, lease, f"its process died: {reason}", error, timedelta(seconds=wait_s))

    async def _try_elsewhere(self, claim: Claim, lease: Lease, reason: str, error: str, delay: timedelta) -> Ending:
        """Hand over with the attempt counted, or fail where it was the last one."""
        if claim.attempt >= claim.attempt_limit:
            return await self.fail(claim, lease, error)
        _log.warning("%s: %s; it will be taken up again", _named(claim), reason)
        return await self._write(
            claim, lease, "retried", lambda connection: store.hand_over(connection, claim, delay=delay, reason=reason)
        )

    async def _fault(self, claim: Claim, lease: Lease) -> Ending:
        """Fail with the exception in hand, whose words are for the log alone."""
        _log.exception("%s failed", _named(claim))
        error = f"Run {claim.key.run_id} failed at the stage {claim.name}; the log has details."
        return await self.fail(claim, lease, error)

    async def _write(self, claim: Claim, lease: Lease, ending: Ending, end: End) -> Ending:
        """Do `end` in one transaction with what the stage's log still holds, again while Postgres is away.

        Returns `ending`, or that the attempt was over before.
        """
        give_up_at_s = time.monotonic() + (self._grace_s if self._draining.is_set() else _END_WITHIN_S)
        while True:
            try:
                async with self._database.team(claim.key.team_id) as connection:
                    written = await end(connection)
                    await lease.log.write(connection)
            except DATABASE_AWAY:
                if time.monotonic() > give_up_at_s:
                    raise
                await asyncio.sleep(0.2)
                continue
            if not written:
                _log.warning("%s: attempt %s was over", _named(claim), claim.attempt)
                return "lost"
            return ending


def _readable(text: str) -> str:
    """Return a text as Postgres keeps it."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _named(claim: Claim) -> str:
    return f"stage {claim.name} of run {claim.key.run_id}"
