"""Effects: what a stage does that costs money or is visible outside, each at most once for each approval.

The ledger is written before the call and after it. Between the two nobody but the outside knows what happened, so a
call whose answer was lost is never made again by itself: it is searched for outside and adopted where it is found
for sure, and else people are asked.

The intent is written in a transaction that the attempt fences: a worker that lost its stage starts nothing. What the
call brought is not fenced by the attempt but by the call's own generation. It must be kept even where the attempt was
lost meanwhile, to a cancel, a halt or another worker, for the thing exists outside and has an id that nobody else
will ever be told. That is safe: one generation is one call, its row leaves `intent` once, and another attempt never
calls under the same generation; at most it has adopted what this call made, and then the row is settled already.
"""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, TypeVar

import psycopg

from agents.engine.lease import DATABASE_AWAY
from agents.errors import UserError
from agents.runs.effects import (
    Call,
    EffectState,
    Found,
    Intent,
    Outcome,
    Search,
    adoptable,
    effect_question,
    request_hash,
)
from agents.runs.money import Cap, budget_question, usd
from agents.runs.questions import Answer, Question
from agents.store import audit, spend
from agents.store import effects as ledger
from agents.store.db import Connection, Database
from agents.store.effects import Recorded
from agents.store.stages import Claim

_log = logging.getLogger(__name__)
T = TypeVar("T")

# How long a call in hand may go on once its attempt is over: an answer that still comes is better than a question.
_FINISH_WITHIN_S = 10.0
# How long the ledger is written to again while Postgres is away.
_PATIENCE_S = 60.0
# A search outside is tried this often, since what made the call fail may still be there.
_SEARCHES, _BETWEEN_SEARCHES_S = 3, 1.0

# Makes the call under the idempotency key it is given.
Do = Callable[[str], Awaitable[Outcome]]
# Returns what exists outside and may be what the intended call made; nothing older than the intent.
Find = Callable[[Intent], Awaitable[Sequence[Found]]]


class Refused(UserError):  # noqa: N818  # says what the outside answered
    """The call surely did nothing, such as an order that was turned down; the text is for people."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a stage wants to be carried out."""

    key: str
    kind: str
    request: Mapping[str, Any]
    request_hash: str
    cost_usd: Decimal
    is_open: bool


class Effects:
    """The effects of one attempt at a stage.

    Args:
        claim: The attempt.
        database: Where the ledger is.
        fenced: Makes sure, in a transaction, that the attempt still holds.
        ask: Asks people, as the stage does.
    """

    def __init__(
        self,
        claim: Claim,
        database: Database,
        *,
        fenced: Callable[[Connection], Awaitable[None]],
        ask: Callable[[Question], Awaitable[Answer]],
    ) -> None:
        self._claim = claim
        self._database = database
        self._fenced = fenced
        self._ask = ask
        self._in_hand: set[str] = set()
        # Generations that were written down and for which no call has been begun yet.
        self._uncalled: dict[str, int] = {}

    async def once(
        self,
        key: str,
        kind: str,
        request: Mapping[str, Any],
        do: Do,
        *,
        find: Find | None = None,
        cost_usd: Decimal | None = None,
        is_open: bool = False,
    ) -> Outcome:
        """Return what `do` brought, in this attempt or an earlier one; it is called at most once for each approval.

        Ends the attempt with a question where a budget would be passed, before anything is spent, and where nobody
        knows what became of an earlier call. So save first, as before `context.ask`.

        Args:
            key: Its own name within the run, the same in every attempt.
            kind: What it is outside, such as "anthropic_batch": the namespace of the external ids.
            request: What is asked for, as plain JSON; the same in every attempt.
            do: Makes the call. Raises `Refused` where surely nothing happened; after any other exception it is
                unknown whether something did.
            find: Lists what the call may have made, for when its answer was lost.
            cost_usd: The most that it may cost, which is reserved before; None where it costs nothing.
            is_open: What it makes goes on outside until `close` says that it is over.

        Raises:
            Refused: As raised by `do`; a later attempt calls again.
            Asked: People are asked; let it pass.
            Fenced: The attempt is over; let it pass.
        """
        if key in self._in_hand:
            raise ValueError(f"the effect {key!r} is in hand already; give each its own key")
        hashed = request_hash(kind, request)
        wanted = _Wanted(key, kind, request, hashed, Decimal(0) if cost_usd is None else usd(cost_usd), is_open)
        self._in_hand.add(key)
        try:
            return await self._once(wanted, do, find)
        finally:
            self._in_hand.remove(key)

    async def close(self, key: str, actual_usd: Decimal | None = None) -> None:
        """Record that what an effect started outside is over, and what it cost in the end."""
        recorded = await self._patiently(lambda connection: self._current(connection, key))
        if recorded is None or recorded.state is not EffectState.DONE:
            raise ValueError(f"the effect {key!r} of run {self._claim.key.run_id} has not been carried out")
        await self._patiently(lambda connection: ledger.close(connection, recorded.call, actual_usd))

    async def _once(self, wanted: _Wanted, do: Do, find: Find | None) -> Outcome:
        while True:
            met = await self._patiently(lambda connection: self._begin(connection, wanted))
            if isinstance(met, Cap):
                details = {"effect": wanted.key, "attempt": self._claim.attempt}
                await self._ask(budget_question(self._claim.name, met, wanted.cost_usd, details))
            elif isinstance(met, Recorded):
                if met.request_hash != wanted.request_hash:
                    raise ValueError(f"the effect {wanted.key!r} was asked for with another request before")
                if met.state is EffectState.DONE:
                    return met.outcome
                await self._clear_up(met, find)
            elif (made := await self._make(met, do)) is not None:
                return made

    async def _begin(self, connection: Connection, wanted: _Wanted) -> Call | Recorded | Cap:
        """Write the intent down and return its call; or the call that there is, or the limit that is in the way."""
        await self._fenced(connection)
        current = await self._current(connection, wanted.key)
        if current is not None:
            if current.state is EffectState.INTENT and self._uncalled.get(wanted.key) == current.call.generation:
                # It was committed, only the word of it was lost with the connection.
                return current.call
            if current.request_hash != wanted.request_hash or not current.state.may_begin_anew:
                return current
        call = await ledger.following(connection, self._claim.key, wanted.key)
        if wanted.cost_usd:
            try:
                cap = await spend.reserve(connection, call, wanted.cost_usd)
            except spend.Halted:
                # Stopped since the line above: now it is the attempt that is over.
                await self._fenced(connection)
                raise
            if cap is not None:
                return cap
        await ledger.intend(
            connection,
            call,
            wanted.kind,
            wanted.request,
            request_hash=wanted.request_hash,
            is_open=wanted.is_open,
            seq=self._claim.key.seq,
            attempt=self._claim.attempt,
        )
        self._uncalled[wanted.key] = call.generation
        return call

    async def _make(self, call: Call, do: Do) -> Outcome | None:
        """Make the call and record what it brought; None where that is unknown.

        A cancel lets the call in hand go on for a while, and never stops the record of what it brought.
        """
        del self._uncalled[call.key]
        calling = asyncio.ensure_future(do(call.idempotency_key))
        making = asyncio.create_task(self._settle(call, calling), name=f"effect {call.key}")
        cancelled: asyncio.CancelledError | None = None
        while not making.done():
            try:
                await asyncio.wait({making})
            except asyncio.CancelledError as cause:
                if cancelled is None:
                    asyncio.get_running_loop().call_later(_FINISH_WITHIN_S, calling.cancel)
                cancelled = cause
        if cancelled is not None:
            # Looked at, so that nobody misses the exception.
            _ = making.cancelled() or making.exception()
            raise cancelled
        return making.result()

    async def _settle(self, call: Call, calling: "asyncio.Future[Outcome]") -> Outcome | None:
        try:
            outcome = await calling
        except Refused as cause:
            error = str(cause)
            await self._patiently(lambda connection: ledger.refuse(connection, call, error))
            raise
        except Exception:  # noqa: BLE001  # whatever it was, the call may have been taken: that is found out next
            _log.exception("the call %s of run %s failed in an unknown way", call.key, call.run_id)
            return None
        await self._record(call, outcome)
        return outcome

    async def _record(self, call: Call, outcome: Outcome) -> None:
        kept = replace(outcome, external_id=outcome.external_id.replace("\0", ""))
        try:
            json.dumps(dict(kept.result), allow_nan=False)
            await self._patiently(lambda connection: _write(connection, call, kept))
        except (TypeError, ValueError, psycopg.DataError):
            # What cannot be kept of the answer must not take its id with it.
            bare = replace(kept, result={})
            await self._patiently(lambda connection: _write(connection, call, bare))
            raise

    async def _clear_up(self, lost: Recorded, find: Find | None) -> None:
        """Adopt what a call made whose answer was lost, or ask people; returns where the ledger says more now."""
        search, found = await _search(lost.intent, find)
        candidates = await self._patiently(lambda connection: self._adopt(connection, lost, found))
        if candidates is None:
            return
        # Another attempt asks anew, since its search may show something else.
        details = {"attempt": self._claim.attempt}
        stage, cost_usd = self._claim.name, lost.reserved_usd
        await self._ask(effect_question(lost.intent, stage, search, candidates, cost_usd=cost_usd, details=details))

    async def _adopt(self, connection: Connection, lost: Recorded, found: Sequence[Found]) -> Sequence[Found] | None:
        """Adopt the one thing that is surely this call's; else return what it may be. None where it is settled."""
        await self._fenced(connection)
        current = await self._current(connection, lost.call.key)
        if current is None or (current.call, current.state) != (lost.call, lost.state):
            return None
        ids = [each.external_id for each in found]
        claimed, rivals = await ledger.rivals(connection, lost.call, lost.kind, ids)
        one = adoptable(found, claimed, rivals)
        if one is None:
            await ledger.mark_unclear(connection, lost.call)
            return [each for each in found if each.external_id not in claimed]
        outcome = Outcome(one.external_id, one.result, one.actual_usd)
        await ledger.record(connection, lost.call, outcome, adopted_by="cairn")
        details = {"effect": lost.call.key, "external_id": one.external_id}
        entry = audit.Entry("cairn", "adopt_effect", f"run:{lost.call.run_id}", details=details)
        await audit.add(connection, lost.call.team_id, entry)
        return None

    async def _current(self, connection: Connection, key: str) -> Recorded | None:
        return await ledger.current(connection, self._claim.key.team_id, self._claim.key.run_id, key)

    async def _patiently(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Return what `work` brings in one transaction of its own, again while Postgres is away."""
        give_up_at_s = time.monotonic() + _PATIENCE_S
        while True:
            try:
                async with self._database.team(self._claim.key.team_id) as connection:
                    return await work(connection)
            except DATABASE_AWAY:
                if time.monotonic() > give_up_at_s:
                    raise
                await asyncio.sleep(0.2)


async def _write(connection: Connection, call: Call, outcome: Outcome) -> None:
    """Record what a call brought; where somebody settled it meanwhile otherwise, keep at least its id."""
    if await ledger.record(connection, call, outcome):
        return
    settled = await ledger.current(connection, call.team_id, call.run_id, call.key)
    if settled is None or settled.external_id == outcome.external_id:
        return
    _log.error("the call %s of run %s came back after it was settled", call.key, call.run_id)
    details = {"effect": call.key, "generation": call.generation, "external_id": outcome.external_id}
    entry = audit.Entry("cairn", "late_effect", f"run:{call.run_id}", details=details)
    await audit.add(connection, call.team_id, entry)


async def _search(intent: Intent, find: Find | None) -> tuple[Search, Sequence[Found]]:
    """Return how the search outside went, and what was found."""
    if find is None:
        return Search.IMPOSSIBLE, ()
    for left in reversed(range(_SEARCHES)):
        try:
            return Search.DONE, await find(intent)
        except Exception:  # noqa: BLE001  # what keeps it from looking is one more thing that is not known
            _log.exception("the search for %s failed", intent.key)
        if left:
            await asyncio.sleep(_BETWEEN_SEARCHES_S)
    return Search.FAILED, ()
