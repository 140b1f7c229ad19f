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


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are wanted; None for any.

    Attributes:
        since: From this instant on.
        who: Of this person; `cairn` for what the clock did.
        subject: About a thing, by the beginning of its id or of its kind and id: `7f3a`, `run:7f3a`. About a run is
            also what was done to its proposal.
    """

    since: datetime | None = None
    who: str | None = None
    subject: str | None = None

    def parameters(self) -> dict[str, Any]:
        """Return the wishes as query parameters."""
        return {"since": self.since, "who": self.who, "subject": self.subject}


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


async def newest(connection: Connection, team_id: str, wanted: Wanted, at_most: int) -> Sequence[Entry]:
    """Return the newest of the entries that are wanted, newest first."""
    parameters = {"team_id": team_id, **wanted.parameters(), "at_most": at_most}
    return [_entry(row) for row in await rows(connection, "audit.newest", parameters)]


async def page(
    connection: Connection, team_id: str, wanted: Wanted, *, after: int, at_most: int
) -> tuple[Sequence[Entry], int]:
    """Return the first of the entries that are wanted, oldest first, and where the next page goes on.

    Args:
        connection: Of the team.
        team_id: Whose audit it is.
        wanted: Which entries.
        after: What the page before returned; 0 at first.
        at_most: Entries of a page; a page with fewer is the last one.
    """
    parameters = {"team_id": team_id, **wanted.parameters(), "after": after, "at_most": at_most}
    found = await rows(connection, "audit.page", parameters)
    return [_entry(row) for row in found], found[-1]["id"] if found else after


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(**{name: value for name, value in row.items() if name != "id"})
