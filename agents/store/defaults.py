"""What a workspace usually has: one value of each name, with who gave it and who agreed that it is remembered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from agents.store.db import Connection, rows, run


@dataclass(frozen=True, slots=True)
class Default:
    """A value as it is remembered; `age` counts from when it was said."""

    name: str
    value: Any
    said_by: str
    said_at: datetime
    conversation_id: str | None
    consented_by: str
    consented_at: datetime
    age: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A value that is to be remembered; `said_at` is None for now."""

    name: str
    value: Any
    said_by: str
    said_at: datetime | None = None
    conversation_id: str | None = None


async def all_of(connection: Connection, team_id: str) -> Sequence[Default]:
    """Return what is remembered of a team, by name."""
    return [Default(**row) for row in await rows(connection, "defaults.all", {"team_id": team_id})]


async def keep(connection: Connection, team_id: str, given: Given, *, who: str, event_key: str | None) -> None:
    """Remember a value in the place of the one before; `who` agreed to it."""
    await run(
        connection,
        "defaults.keep",
        {
            "team_id": team_id,
            "name": given.name,
            "value": Jsonb(given.value),
            "said_by": given.said_by,
            "said_at": given.said_at,
            "conversation_id": given.conversation_id,
            "who": who,
            "event_key": event_key,
        },
    )


async def forget(connection: Connection, team_id: str, names: Sequence[str]) -> Sequence[str]:
    """Forget values by name; return those that there were."""
    found = await rows(connection, "defaults.forget", {"team_id": team_id, "names": list(names)})
    return [row["name"] for row in found]
