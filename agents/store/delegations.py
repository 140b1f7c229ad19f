"""Questions that were put to a colleague."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from agents.store.db import Connection, one, rows, run

DelegationState = Literal["open", "answered", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Delegation:
    """A question of a conversation that one person asked another."""

    id: str
    conversation_id: str
    question_id: str
    slot: str
    asked_of: str
    asked_by: str
    asked_at: datetime
    reminders: int
    reminded_at: datetime | None
    state: DelegationState
    closed_at: datetime | None


async def add(
    connection: Connection,
    team_id: str,
    conversation_id: str,
    *,
    question_id: str,
    slot: str,
    asked_of: str,
    asked_by: str,
) -> Delegation:
    """Put a question to somebody; what was put to another before must have been closed."""
    row = await one(
        connection,
        "delegations.add",
        {
            "team_id": team_id,
            "conversation_id": conversation_id,
            "question_id": question_id,
            "slot": slot,
            "asked_of": asked_of,
            "asked_by": asked_by,
        },
    )
    if row is None:
        raise RuntimeError("the database returned no row for a new delegation")
    return Delegation(**row)


async def open_of(connection: Connection, team_id: str, conversation_id: str) -> Sequence[Delegation]:
    """Return what colleagues have been asked in a conversation and not answered yet, in the order it was asked."""
    found = await rows(connection, "delegations.open", {"team_id": team_id, "conversation_id": conversation_id})
    return [Delegation(**row) for row in found]


async def get(connection: Connection, team_id: str, delegation_id: str) -> Delegation | None:
    """Return a delegation, open or not."""
    row = await one(connection, "delegations.get", {"team_id": team_id, "id": delegation_id})
    return None if row is None else Delegation(**row)


async def of_question(connection: Connection, team_id: str, question_id: str) -> Delegation | None:
    """Return the newest delegation of a question; None where it was never put to anybody."""
    row = await one(connection, "delegations.of_question", {"team_id": team_id, "question_id": question_id})
    return None if row is None else Delegation(**row)


async def close(connection: Connection, team_id: str, delegation: Delegation, fact_id: int | None) -> None:
    """Close a delegation, and its question with it where `fact_id` answers it; None takes it back."""
    state: DelegationState = "withdrawn" if fact_id is None else "answered"
    await run(connection, "delegations.close", {"team_id": team_id, "id": delegation.id, "state": state})
    if fact_id is not None:
        of = {"team_id": team_id, "question_id": delegation.question_id}
        await run(connection, "delegations.answer_question", {**of, "fact_id": fact_id})


async def remind(connection: Connection, team_id: str, delegation_id: str, after: timedelta) -> int | None:
    """Count a reminder and return its number; None where somebody asked or reminded less than `after` ago."""
    row = await one(connection, "delegations.remind", {"team_id": team_id, "id": delegation_id, "after": after})
    return None if row is None else int(row["reminders"])
