"""What people answered, the verdicts that followed and the cost comparisons made; nothing is overwritten."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from agents.store.db import Connection, one, rows, run


@dataclass(frozen=True, slots=True)
class Fact:
    """One answer as it was given; `superseded_at` is set once another took its place."""

    id: int
    slot: str
    value: Any
    who: str
    source: str
    said_at: datetime
    superseded_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredVerdict:
    """A decision with what it was made from, all as JSON."""

    answers: Mapping[str, Any]
    facts: Mapping[str, Any]
    decision: Mapping[str, Any]
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class StoredComparison:
    """A cost comparison with the inputs it was made from, both as JSON."""

    inputs: Mapping[str, Any]
    result: Mapping[str, Any]
    made_at: datetime


async def all_facts(connection: Connection, team_id: str, conversation_id: str) -> Sequence[Fact]:
    """Return every answer of a conversation, replaced ones too, oldest first."""
    found = await rows(connection, "facts.all", _of(team_id, conversation_id))
    return [Fact(**row) for row in found]


async def add_fact(
    connection: Connection, team_id: str, conversation_id: str, *, slot: str, value: Any, who: str, source: str
) -> int:
    """Add an answer in the place of the slot's current one and return its id."""
    of = _of(team_id, conversation_id)
    await run(connection, "facts.supersede", {**of, "slot": slot})
    row = await one(connection, "facts.add", {**of, "slot": slot, "value": Jsonb(value), "who": who, "source": source})
    if row is None:
        raise RuntimeError("the database returned no id for a new fact")
    return int(row["id"])


async def newest_verdict(connection: Connection, team_id: str, conversation_id: str) -> StoredVerdict | None:
    """Return the verdict decided last."""
    row = await one(connection, "verdicts.newest", _of(team_id, conversation_id))
    return None if row is None else StoredVerdict(**row)


async def add_verdict(
    connection: Connection,
    team_id: str,
    conversation_id: str,
    *,
    answers: Mapping[str, Any],
    facts: Mapping[str, Any],
    decision: Mapping[str, Any],
) -> None:
    """Add a verdict; the older ones stay."""
    await run(
        connection,
        "verdicts.add",
        {
            **_of(team_id, conversation_id),
            "answers": Jsonb(dict(answers)),
            "facts": Jsonb(dict(facts)),
            "decision": Jsonb(dict(decision)),
        },
    )


async def newest_comparison(connection: Connection, team_id: str, conversation_id: str) -> StoredComparison | None:
    """Return the cost comparison made last."""
    row = await one(connection, "comparisons.newest", _of(team_id, conversation_id))
    return None if row is None else StoredComparison(**row)


async def add_comparison(
    connection: Connection,
    team_id: str,
    conversation_id: str,
    *,
    inputs: Mapping[str, Any],
    result: Mapping[str, Any],
) -> None:
    """Add a cost comparison; the older ones stay."""
    await run(
        connection,
        "comparisons.add",
        {**_of(team_id, conversation_id), "inputs": Jsonb(dict(inputs)), "result": Jsonb(dict(result))},
    )


def _of(team_id: str, conversation_id: str) -> dict[str, Any]:
    return {"team_id": team_id, "conversation_id": conversation_id}
