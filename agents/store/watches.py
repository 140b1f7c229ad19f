"""Verdicts that people watch, the flips that were told, and what asks for a check."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from agents.store.db import Connection, one, rows, run


@dataclass(frozen=True, slots=True)
class StoredWatch:
    """A verdict that somebody watches: what it rests on as people last read it, and how it stood at the last check."""

    id: str
    conversation_id: str
    title: str
    saved_by: str
    saved_at: datetime
    basis: Mapping[str, Any]
    since: datetime
    flips: int
    version: str
    outlook: Sequence[str]
    checked_at: datetime | None
    checked_because: str | None
    stopped_at: datetime | None
    stopped_by: str | None


@dataclass(frozen=True, slots=True)
class Taken:
    """A watch that is due, locked until the transaction ends, with the request that it is checked for."""

    watch: StoredWatch
    asked: int
    cause: str


@dataclass(frozen=True, slots=True)
class StoredFlip:
    """A flip that was told, with both bases as JSON."""

    watch_id: str
    n: int
    was: Mapping[str, Any]
    became: Mapping[str, Any]
    because: str
    at: datetime
    conversation_id: str
    title: str
    stopped_at: datetime | None
    stopped_by: str | None


async def ask_check(connection: Connection, team_id: str, cause: str) -> None:
    """Have the team's watched verdicts checked, soon and once for all that changes meanwhile.

    Call it at the end of the transaction in which a price, a measurement or a volume of the team changed.

    Args:
        connection: The transaction of the change, as the team or as the engine.
        team_id: Whose verdicts.
        cause: What changed, for people, such as "the price of claude-sonnet-5-5 was set".
    """
    await one(connection, "watches.ask", {"team_id": team_id, "cause": cause})


async def ask_check_all(connection: Connection, cause: str) -> None:
    """Have every team's watched verdicts checked, as `ask_check` does for one.

    Args:
        connection: The transaction of the change, as the engine: the app works for one team alone.
        cause: What changed, for people, such as "prices were refreshed".
    """
    await one(connection, "watches.ask_all", {"cause": cause})


async def ask_check_of(connection: Connection, team_id: str, conversation_id: str, cause: str) -> bool:
    """Have the verdict of one conversation checked where somebody watches it; return whether anybody does.

    Whoever changes the conversation's answers or settings holds its lock, as a check does.
    """
    of = {"team_id": team_id, "conversation_id": conversation_id}
    is_watched = await run(connection, "watches.ask_one", {**of, "cause": cause}) > 0
    if is_watched:
        await defer_check(connection, team_id)
    return is_watched


async def ask_daily(connection: Connection) -> int:
    """Ask for a check in every team that had none today (UTC); return how many. As the engine."""
    row = await one(connection, "watches.ask_daily", {"cause": "a new day"})
    return 0 if row is None else int(row["teams"])


async def defer_check(connection: Connection, team_id: str) -> None:
    """Have a job look for what is due in the team."""
    await one(connection, "watches.defer", {"team_id": team_id})


async def hold(connection: Connection, team_id: str) -> int:
    """Lock out, until the transaction ends, whoever changes what verdicts rest on; return the newest request."""
    row = await one(connection, "watches.hold", {"team_id": team_id})
    if row is None:
        raise RuntimeError("the database returned no row for an upsert")
    return int(row["asked"])


async def title(connection: Connection, team_id: str, conversation_id: str) -> str:
    """Return what was written first in a conversation's thread; empty where that is not kept."""
    row = await one(connection, "watches.title", {"team_id": team_id, "conversation_id": conversation_id})
    return "" if row is None else str(row["text"] or "")


async def add(
    connection: Connection,
    team_id: str,
    conversation_id: str,
    *,
    title: str,
    who: str,
    basis: Mapping[str, Any],
    version: str,
    outlook: Sequence[str],
    seen: int,
) -> str:
    """Add a watch, which has seen the requests up to `seen`, and return its id."""
    row = await one(
        connection,
        "watches.add",
        {
            "team_id": team_id,
            "conversation_id": conversation_id,
            "title": title,
            "who": who,
            "basis": Jsonb(dict(basis)),
            "version": version,
            "outlook": Jsonb(list(outlook)),
            "seen": seen,
        },
    )
    if row is None:
        raise RuntimeError("the database returned no id for a new watch")
    return str(row["id"])


async def of_conversation(connection: Connection, team_id: str, conversation_id: str) -> StoredWatch | None:
    """Return the watch of a conversation's verdict, None where nobody watches it."""
    row = await one(connection, "watches.of_conversation", {"team_id": team_id, "conversation_id": conversation_id})
    return None if row is None else StoredWatch(**row)


async def get(connection: Connection, team_id: str, watch_id: str) -> StoredWatch | None:
    """Return a watch, also one that was stopped."""
    row = await one(connection, "watches.get", {"team_id": team_id, "id": watch_id})
    return None if row is None else StoredWatch(**row)


async def active(connection: Connection, team_id: str, at_most: int) -> Sequence[StoredWatch]:
    """Return the newest watches that nobody stopped."""
    found = await rows(connection, "watches.active", {"team_id": team_id, "at_most": at_most})
    return [StoredWatch(**row) for row in found]


async def find(connection: Connection, team_id: str, prefix: str, at_most: int) -> Sequence[str]:
    """Return the ids of active watches that begin so."""
    found = await rows(connection, "watches.find", {"team_id": team_id, "prefix": prefix, "at_most": at_most})
    return [row["id"] for row in found]


async def due(connection: Connection, team_id: str, at_most: int) -> Sequence[tuple[str, str]]:
    """Return watch and conversation of those that are to be checked, the ones that wait longest first."""
    found = await rows(connection, "watches.due", {"team_id": team_id, "at_most": at_most})
    return [(row["id"], row["conversation_id"]) for row in found]


async def take(connection: Connection, team_id: str, watch_id: str) -> Taken | None:
    """Lock a watch and return it; None where it is not due any more. Lock its conversation before."""
    row = await one(connection, "watches.take", {"team_id": team_id, "id": watch_id})
    if row is None:
        return None
    asked, cause = row.pop("asked"), row.pop("cause")
    return Taken(StoredWatch(**row), asked, cause)


async def checked(
    connection: Connection, team_id: str, taken: Taken, *, version: str, outlook: Sequence[str] | None
) -> None:
    """Write down that a watch was checked; None keeps the outlook that it has."""
    await run(
        connection,
        "watches.checked",
        {
            "team_id": team_id,
            "id": taken.watch.id,
            "asked": taken.asked,
            "cause": taken.cause,
            "version": version,
            "outlook": None if outlook is None else Jsonb(list(outlook)),
        },
    )


async def flipped(
    connection: Connection, team_id: str, taken: Taken, *, became: Mapping[str, Any], is_verdict: bool
) -> int:
    """Add a flip to the watch that was taken, which from now on rests on `became`; return the flip's number."""
    of = {"team_id": team_id, "id": taken.watch.id}
    basis = Jsonb(dict(became))
    row = await one(connection, "watches.flipped", {**of, "basis": basis, "is_verdict": is_verdict})
    if row is None:
        raise RuntimeError("a watch that is locked is gone")
    n = int(row["n"])
    was = Jsonb(dict(taken.watch.basis))
    await run(connection, "watches.add_flip", {**of, "n": n, "was": was, "became": basis, "because": taken.cause})
    return n


async def flip(connection: Connection, team_id: str, watch_id: str, n: int) -> StoredFlip | None:
    """Return a flip that was told."""
    row = await one(connection, "watches.flip", {"team_id": team_id, "id": watch_id, "n": n})
    return None if row is None else StoredFlip(**row)


async def stop(connection: Connection, team_id: str, watch_id: str, who: str) -> int | None:
    """End a watch and return how many flips it told; None where it has ended before."""
    row = await one(connection, "watches.stop", {"team_id": team_id, "id": watch_id, "who": who})
    return None if row is None else int(row["flips"])
