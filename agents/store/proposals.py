"""Proposals: what somebody wants to run, and what was decided about it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from psycopg.types.json import Jsonb

from agents.runs.states import ProposalState
from agents.runs.views import ProposalView
from agents.store import approvals, audit
from agents.store.db import Connection, one, rows, run
from agents.store.outbox import touch_card


def proposal_card(proposal_id: str) -> str:
    """Return the key of the card that shows a proposal."""
    return f"proposal:{proposal_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProposal:
    """A proposal as it is made; `needed` is how many people have to approve it."""

    kind: str
    params: Mapping[str, Any]
    params_hash: str
    estimate: Mapping[str, Any]
    requested_by: str
    channel: str | None
    thread_ts: str | None
    conversation_id: str | None
    needed: int
    terms: Sequence[str]


async def insert(connection: Connection, team_id: str, new: NewProposal, valid_for: timedelta) -> str:
    """Add a pending proposal and return its id."""
    as_json = {
        "params": Jsonb(dict(new.params)),
        "estimate": Jsonb(dict(new.estimate)),
        "terms": Jsonb(list(new.terms)),
    }
    row = {**asdict(new), **as_json, "team_id": team_id, "valid_for": valid_for}
    made = await one(connection, "proposals.insert", row)
    assert made is not None  # noqa: S101  # INSERT ... RETURNING answers with the row or raises
    return str(made["id"])


async def get(connection: Connection, team_id: str, proposal_id: str) -> ProposalView | None:
    """Return the proposal with its approvals and the run it led to, if any."""
    row = await one(connection, "proposals.get", {"team_id": team_id, "proposal_id": proposal_id})
    if row is None:
        return None
    given = await approvals.of_proposal(connection, team_id, proposal_id)
    typed = {"state": ProposalState(row["state"]), "terms": tuple(row["terms"]), "approvals": given}
    return ProposalView(**{**row, **typed})


async def lock(connection: Connection, team_id: str, proposal_id: str) -> ProposalView | None:
    """Return the proposal as it stands, and keep it so until the transaction ends."""
    await one(connection, "proposals.lock", {"team_id": team_id, "proposal_id": proposal_id})
    # Read after the lock was granted, so that what another transaction decided meanwhile is seen.
    return await get(connection, team_id, proposal_id)


async def decide(
    connection: Connection,
    team_id: str,
    proposal_id: str,
    state: ProposalState,
    *,
    who: str,
    reason: str | None = None,
    replaced_by: str | None = None,
) -> bool:
    """Approve or deny the proposal; False where it is not pending any more, or out of time."""
    decided = {
        "team_id": team_id,
        "proposal_id": proposal_id,
        "state": state,
        "who": who,
        "reason": reason,
        "replaced_by": replaced_by,
    }
    if not await run(connection, "proposals.decide", decided):
        return False
    await touch_card(connection, team_id, proposal_card(proposal_id))
    return True


async def expire(connection: Connection, team_id: str) -> int:
    """Expire what is out of time and return how many proposals that were."""
    expired = await rows(connection, "proposals.expire", {"team_id": team_id})
    for row in expired:
        entry = audit.Entry("cairn", "expire", f"proposal:{row['id']}", params_hash=row["params_hash"])
        await audit.add(connection, team_id, entry)
        await touch_card(connection, team_id, proposal_card(row["id"]))
    return len(expired)


async def teams_with_due(connection: Connection) -> Sequence[str]:
    """Return, as the engine, the teams that have proposals to expire."""
    return [row["team_id"] for row in await rows(connection, "proposals.teams_with_due")]


async def pending(connection: Connection, team_id: str, at_most: int) -> Sequence[str]:
    """Return the ids of proposals that wait for a decision, newest first."""
    found = await rows(connection, "proposals.pending", {"team_id": team_id, "at_most": at_most})
    return [row["id"] for row in found]


async def find(connection: Connection, team_id: str, prefix: str, at_most: int) -> Sequence[str]:
    """Return the ids that begin with `prefix`, newest first."""
    found = await rows(connection, "proposals.find", {"team_id": team_id, "prefix": prefix, "at_most": at_most})
    return [row["id"] for row in found]
