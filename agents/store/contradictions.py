"""Answers that do not go together, until somebody has chosen one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg.types.json import Jsonb

from agents.store.db import Connection, one, rows, run
from agents.store.facts import Fact

ContradictionState = Literal["open", "kept", "changed", "overtaken"]


@dataclass(frozen=True, slots=True)
class StoredContradiction:
    """What somebody said against an answer that holds; `fact_id` is that answer."""

    id: str
    conversation_id: str
    slot: str
    fact_id: int
    value: Any
    who: str
    source: str
    raised_at: datetime
    state: ContradictionState
    decided_by: str | None
    decided_at: datetime | None


async def add(
    connection: Connection, team_id: str, conversation_id: str, *, held: Fact, value: Any, who: str, source: str
) -> StoredContradiction:
    """Add what somebody said against an answer; where it is there already, return it as it stands."""
    given = {
        "team_id": team_id,
        "conversation_id": conversation_id,
        "slot": held.slot,
        "fact_id": held.id,
        "value": Jsonb(value),
        "source": source,
    }
    row = await one(connection, "contradictions.same", given)
    row = row or await one(connection, "contradictions.add", {**given, "who": who})
    if row is None:
        raise RuntimeError("the database returned no row for a new contradiction")
    return StoredContradiction(**row)


async def open_of(connection: Connection, team_id: str, conversation_id: str) -> Sequence[StoredContradiction]:
    """Return what nobody has chosen yet, in the order it was raised."""
    found = await rows(connection, "contradictions.open", {"team_id": team_id, "conversation_id": conversation_id})
    return [StoredContradiction(**row) for row in found]


async def get(connection: Connection, team_id: str, contradiction_id: str) -> StoredContradiction | None:
    """Return a contradiction, open or not."""
    row = await one(connection, "contradictions.get", {"team_id": team_id, "id": contradiction_id})
    return None if row is None else StoredContradiction(**row)


async def decide(
    connection: Connection, team_id: str, contradiction_id: str, *, state: ContradictionState, who: str
) -> None:
    """Close a contradiction; one that is closed stays as it is."""
    await run(
        connection, "contradictions.decide", {"team_id": team_id, "id": contradiction_id, "state": state, "who": who}
    )
