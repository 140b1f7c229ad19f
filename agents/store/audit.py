"""Who did what, from which event: rows are added and never changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from agents.store.db import Connection, one, rows, run


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that somebody did; `subject` is such as `run:7f3a`."""

    who: str
    action: str
    subject: str
    event_key: str | None = None
    params_hash: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None


async def add(connection: Connection, team_id: str, entry: Entry) -> None:
    """Write the entry down, at the database's time."""
    await run(
        connection,
        "audit.add",
        {
            "team_id": team_id,
            "who": entry.who,
            "action": entry.action,
            "subject": entry.subject,
            "event_key": entry.event_key,
            "params_hash": entry.params_hash,
            "details": Jsonb(dict(entry.details)),
        },
    )


async def of_subject(connection: Connection, team_id: str, subject: str) -> Sequence[Entry]:
    """Return what was done to the subject, oldest first."""
    found = await rows(connection, "audit.of_subject", {"team_id": team_id, "subject": subject})
    return [Entry(**row) for row in found]


async def of_event(connection: Connection, team_id: str, event_key: str, action: str) -> str | None:
    """Return the subject of the action that an event led to, or None; a repeated event then does it only once."""
    row = await one(connection, "audit.of_event", {"team_id": team_id, "event_key": event_key, "action": action})
    return None if row is None else str(row["subject"])
