"""Money: reserved under a team's limits, spent or released, and the limits themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from agents.runs.effects import Call
from agents.runs.money import Cap, RunSpend, Scope, cost_band, usd
from agents.store.db import Connection, one, rows, run


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit that an admin set."""

    scope: Scope
    limit_usd: Decimal
    set_by: str
    set_at: datetime


class Halted(Exception):  # noqa: N818  # says how things stand, no fault
    """The team is stopped, and nothing of it is paid for."""


async def reserve(connection: Connection, call: Call, amount_usd: Decimal) -> Cap | None:
    """Reserve money for one call; return the limit that it would pass, and then nothing is reserved.

    Concurrent callers take turns until their transactions end, so that together they never pass a limit.

    Raises:
        Halted: The team is stopped.
    """
    estimate = await one(connection, "spend.estimate", {"team_id": call.team_id, "run_id": call.run_id})
    assert estimate is not None  # noqa: S101  # the caller holds a stage of this run
    approved_usd = cost_band(estimate["estimate"]).high_usd
    asked = {**asdict(call), "usd": usd(amount_usd), "approved_usd": approved_usd}
    answer = await one(connection, "spend.reserve", asked)
    assert answer is not None  # noqa: S101  # the function always answers with a row
    if answer["spend_id"] is not None:
        return None
    if answer["refused_by"] == "halt":
        raise Halted
    return Cap(Scope(answer["refused_by"]), answer["limit_usd"], answer["spent_usd"], answer["reserved_usd"])


async def spent(connection: Connection, call: Call, actual_usd: Decimal) -> None:
    """Record what a call cost, also above what was reserved and where nothing was."""
    await run(connection, "spend.spent", {**asdict(call), "actual_usd": usd(actual_usd)})


async def assume_spent(connection: Connection, call: Call) -> None:
    """Count all that was reserved for a call as spent, as nobody knows whether it cost anything."""
    await run(connection, "spend.assume_spent", asdict(call))


async def release(connection: Connection, call: Call) -> None:
    """Give back what was reserved for a call that surely did nothing."""
    await run(connection, "spend.release", asdict(call))


async def allow_more(connection: Connection, team_id: str, run_id: str, more_usd: Decimal) -> None:
    """Raise what is approved for a run that has stopped at its limit."""
    await run(connection, "spend.allow_more", {"team_id": team_id, "run_id": run_id, "more_usd": usd(more_usd)})


async def caps(connection: Connection, team_id: str) -> tuple[Cap, ...]:
    """Return the limits that hold for any run of the team, and what counts against each."""
    found = await rows(connection, "spend.caps", {"team_id": team_id})
    return tuple(Cap(**{**row, "scope": Scope(row["scope"])}) for row in found)


async def budgets(connection: Connection, team_id: str) -> Sequence[Budget]:
    """Return the limits that admins have set."""
    found = await rows(connection, "spend.budgets", {"team_id": team_id})
    return [Budget(**{**row, "scope": Scope(row["scope"])}) for row in found]


async def set_budget(connection: Connection, team_id: str, scope: Scope, limit_usd: Decimal, who: str) -> None:
    """Set a limit, in place of the one there was."""
    given = {"team_id": team_id, "scope": scope, "limit_usd": usd(limit_usd), "who": who}
    await run(connection, "spend.set_budget", given)


async def remove_budget(connection: Connection, team_id: str, scope: Scope) -> bool:
    """Remove a limit; return whether there was one."""
    return await run(connection, "spend.remove_budget", {"team_id": team_id, "scope": scope}) > 0


def run_spend(row: Mapping[str, Any]) -> RunSpend:
    """Return the spend of a run from the columns `estimate`, `approved_usd`, `spent_usd` and `reserved_usd`."""
    approved = row["approved_usd"]
    return RunSpend(
        approved_usd=cost_band(row["estimate"]).high_usd if approved is None else approved,
        spent_usd=row["spent_usd"],
        reserved_usd=row["reserved_usd"],
    )
