"""Events from Slack: stored once before they are acknowledged, handled in order per thread."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg.types.json import Jsonb

from agents.store.db import Connection, one, run

EventKind = Literal["message", "mention", "command", "action", "view", "home"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something a person did in Slack, reduced to what a turn needs of it."""

    team_id: str
    # Slack's event_id, or the trigger_id of a command, action or view.
    key: str
    kind: EventKind
    channel: str | None
    thread_ts: str | None
    message_ts: str | None
    user_id: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An event as its turn finds it."""

    event: Event
    received_at: datetime
    # This one included.
    attempts: int


async def receive(connection: Connection, event: Event, *, only_in_own_thread: bool) -> bool:
    """Store `event` and defer its turn in one call; return whether it was stored now.

    Args:
        connection: On autocommit: the call is a transaction of its own.
        event: As received.
        only_in_own_thread: Drop it unless its thread is one of Cairn's.
    """
    row = await one(
        connection,
        "inbox.receive",
        {
            "team_id": event.team_id,
            "key": event.key,
            "kind": event.kind,
            "channel": event.channel,
            "thread_ts": event.thread_ts,
            "message_ts": event.message_ts,
            "user_id": event.user_id,
            "body": Jsonb(dict(event.body)),
            "only_in_own_thread": only_in_own_thread,
        },
    )
    return bool(row and row["is_new"])


async def begin(connection: Connection, team_id: str, key: str) -> Stored | None:
    """Count an attempt at an event and return it, or None where it is handled or unknown."""
    row = await one(connection, "inbox.begin", {"team_id": team_id, "key": key})
    if row is None:
        return None
    event = Event(
        team_id=row["team_id"],
        key=row["key"],
        kind=row["kind"],
        channel=row["channel"],
        thread_ts=row["thread_ts"],
        message_ts=row["message_ts"],
        user_id=row["user_id"],
        body=row["body"],
    )
    return Stored(event=event, received_at=row["received_at"], attempts=row["attempts"])


async def body_of(connection: Connection, team_id: str, key: str, user_id: str) -> Mapping[str, Any] | None:
    """Return what an event of this person held; None where it is not kept any more."""
    row = await one(connection, "inbox.body_of", {"team_id": team_id, "key": key, "user_id": user_id})
    return None if row is None else row["body"]


async def mark_handled(connection: Connection, team_id: str, key: str, error: str | None = None) -> None:
    """Record that an event is done with, and the error where it failed for good."""
    await run(connection, "inbox.mark_handled", {"team_id": team_id, "key": key, "error": error})


async def conversation_of_thread(connection: Connection, team_id: str, channel: str, thread_ts: str) -> str | None:
    """Return the id of the conversation in a thread, or None."""
    row = await one(
        connection,
        "inbox.conversation_of_thread",
        {"team_id": team_id, "channel": channel, "thread_ts": thread_ts},
    )
    return None if row is None else row["id"]


async def newest_conversation(connection: Connection, team_id: str, channel: str, started_by: str) -> str | None:
    """Return the id of the conversation that a person started last in a channel, or None."""
    row = await one(
        connection,
        "inbox.newest_conversation",
        {"team_id": team_id, "channel": channel, "started_by": started_by},
    )
    return None if row is None else row["id"]
