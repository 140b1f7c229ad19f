"""Approvals: who approved a proposal, and whether that still counts."""

from collections.abc import Sequence

from psycopg.types.json import Jsonb

from agents.runs.approvals import Approval
from agents.store.db import Connection, rows, run


async def give(
    connection: Connection,
    team_id: str,
    proposal_id: str,
    *,
    who: str,
    role: str,
    params_hash: str,
    terms: Sequence[str],
    event_key: str | None,
) -> bool:
    """Record that somebody approves; False where their approval counts already."""
    given = {
        "team_id": team_id,
        "proposal_id": proposal_id,
        "who": who,
        "role": role,
        "params_hash": params_hash,
        "terms": Jsonb(list(terms)),
        "event_key": event_key,
    }
    return await run(connection, "approvals.give", given) > 0


async def judge(connection: Connection, team_id: str, proposal_id: str, who: str, lost: str | None) -> bool:
    """Record why an approval does not count, or with None that it does; False where that is known."""
    judged = {"team_id": team_id, "proposal_id": proposal_id, "who": who, "lost": lost}
    return await run(connection, "approvals.judge", judged) > 0


async def of_proposal(connection: Connection, team_id: str, proposal_id: str) -> tuple[Approval, ...]:
    """Return the approvals of a proposal, oldest first."""
    found = await rows(connection, "approvals.of_proposal", {"team_id": team_id, "proposal_id": proposal_id})
    return tuple(Approval(**{**row, "terms": tuple(row["terms"])}) for row in found)
