"""The ledger of effects: intents before their calls, and what came of each, with the money that goes with it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg.types.json import Jsonb

from agents.runs.effects import Call, EffectState, Intent, Outcome
from agents.store import spend
from agents.store.db import Connection, one, rows, run
from agents.store.stages import StageKey


@dataclass(frozen=True, slots=True)
class Recorded:
    """One call as it stands in the ledger; `reserved_usd` is zero where it costs nothing."""

    call: Call
    kind: str
    state: EffectState
    request: Mapping[str, Any]
    request_hash: str
    external_id: str | None
    result: Mapping[str, Any]
    seq: int
    attempt: int
    is_open: bool
    intended_at: datetime
    reserved_usd: Decimal
    actual_usd: Decimal | None

    @property
    def intent(self) -> Intent:
        """What a search outside has to go by."""
        call = self.call
        return Intent(
            call.key, call.generation, self.kind, self.request, call.idempotency_key, self.intended_at
        )  # fmt: skip

    @property
    def outcome(self) -> Outcome:
        """What the call brought; only where it is done."""
        return Outcome(self.external_id or "", self.result, self.actual_usd)


@dataclass(frozen=True, slots=True)
class Outside:
    """What a run started outside and is not known to be over; no id where it is not known to have begun."""

    run_id: str
    key: str
    kind: str
    external_id: str | None


@dataclass(frozen=True, slots=True)
class LeftBatch:
    """A batch that a cancelled run left behind, open outside; `teacher` is that of the run's distillation file."""

    call: Call
    external_id: str
    teacher: Mapping[str, Any]


async def cancelled_batches(connection: Connection) -> Sequence[LeftBatch]:
    """Return, as the engine, the batches that cancelled runs of any team left open, oldest first."""
    found = await rows(connection, "effects.cancelled_batches")
    return [
        LeftBatch(
            Call(row["team_id"], row["run_id"], row["key"], row["generation"]), row["external_id"], row["teacher"]
        )
        for row in found
    ]


async def current(connection: Connection, team_id: str, run_id: str, key: str) -> Recorded | None:
    """Return the call of an effect that counts: one that is done, else the newest; None before the first."""
    row = await one(connection, "effects.settled_or_newest", {"team_id": team_id, "run_id": run_id, "key": key})
    if row is None:
        return None
    call = Call(team_id, run_id, row.pop("key"), row.pop("generation"))
    return Recorded(**{**row, "call": call, "state": EffectState(row["state"])})


async def following(connection: Connection, stage: StageKey, key: str) -> Call:
    """Return the call that comes next for an effect."""
    effect = {"team_id": stage.team_id, "run_id": stage.run_id, "key": key}
    row = await one(connection, "effects.next_generation", effect)
    assert row is not None  # noqa: S101  # an aggregate always has a row
    return Call(**effect, generation=row["generation"])


async def intend(
    connection: Connection,
    call: Call,
    kind: str,
    request: Mapping[str, Any],
    *,
    request_hash: str,
    is_open: bool,
    seq: int,
    attempt: int,
) -> None:
    """Write down a call that is about to be made."""
    written = {**asdict(call), "kind": kind, "request": Jsonb(dict(request)), "request_hash": request_hash}
    await run(connection, "effects.intend", {**written, "is_open": is_open, "seq": seq, "attempt": attempt})


async def record(connection: Connection, call: Call, outcome: Outcome, adopted_by: str | None = None) -> bool:
    """Record what a call brought and cost, also where it had been given up; False where it is settled already."""
    brought = {"external_id": outcome.external_id, "result": Jsonb(dict(outcome.result)), "adopted_by": adopted_by}
    if not await run(connection, "effects.done", {**asdict(call), **brought}):
        return False
    if outcome.actual_usd is not None:
        await spend.spent(connection, call, outcome.actual_usd)
    return True


async def refuse(connection: Connection, call: Call, error: str) -> bool:
    """Record that a call surely did nothing, and give its money back."""
    ended = {**asdict(call), "state": EffectState.REFUSED, "error": error}
    if not await run(connection, "effects.end_without", ended):
        return False
    await spend.release(connection, call)
    return True


async def abandon(connection: Connection, call: Call) -> bool:
    """Give up a call of which nobody knows what it brought; all that was reserved for it counts as spent."""
    ended = {**asdict(call), "state": EffectState.ABANDONED, "error": None}
    if not await run(connection, "effects.end_without", ended):
        return False
    await spend.assume_spent(connection, call)
    return True


async def mark_unclear(connection: Connection, call: Call) -> None:
    """Record that nobody knows whether a call was taken."""
    await run(connection, "effects.unclear", asdict(call))


async def close(connection: Connection, call: Call, actual_usd: Decimal | None) -> None:
    """Record that what a call started outside is over, and what it cost where that is known."""
    await run(connection, "effects.closed", asdict(call))
    if actual_usd is not None:
        await spend.spent(connection, call, actual_usd)


async def rivals(connection: Connection, call: Call, kind: str, ids: Collection[str]) -> tuple[frozenset[str], int]:
    """Return which ids another effect has, and how many other calls of the kind may have made any of them.

    Until the transaction ends nobody else adopts anything of the kind.
    """
    await run(connection, "effects.adoption_turn", {"kind": kind})
    row = await one(connection, "effects.rivals", {**asdict(call), "kind": kind, "ids": list(ids)})
    assert row is not None  # noqa: S101  # the function always answers with a row
    return frozenset(row["claimed"]), int(row["rivals"])


async def outside(connection: Connection, team_id: str, at_most: int) -> Sequence[Outside]:
    """Return what goes on outside for the team, or may, oldest first."""
    found = await rows(connection, "effects.outside", {"team_id": team_id, "at_most": at_most})
    return [Outside(**row) for row in found]
