"""Copies of data that students are made from, by what they hold, and the databases that a team may ask."""

import asyncio
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

from psycopg.types.json import Jsonb

from agents.store.db import Connection, one, rows, run

_MOST_LISTED: Final = 50


@dataclass(frozen=True, slots=True)
class Copy:
    """What a copy is called, and what it holds in short."""

    sha256: str
    name: str
    summary: Mapping[str, Any]


async def keep(
    connection: Connection,
    team_id: str,
    *,
    name: str,
    text: str,
    summary: Mapping[str, Any] | None = None,
    channel: str | None = None,
    thread_ts: str | None = None,
    conversation_id: str | None = None,
) -> str:
    """Keep a copy of a text in a thread and return its SHA-256; what has a summary is listed there."""
    content = await asyncio.to_thread(text.encode)
    digest = sha256(content).hexdigest()
    given = {
        "team_id": team_id,
        "sha256": digest,
        "name": name,
        "content": await asyncio.to_thread(zlib.compress, content),
        "summary": Jsonb(dict(summary or {})),
        "channel": channel,
        "thread_ts": thread_ts,
        "conversation_id": conversation_id,
    }
    await run(connection, "datasets.keep", given)
    return digest


async def text_of(connection: Connection, team_id: str, digest: str) -> str | None:
    """Return the text with this SHA-256; None where no copy is kept any more."""
    row = await one(connection, "datasets.content", {"team_id": team_id, "sha256": digest})
    return None if row is None else await asyncio.to_thread(lambda: zlib.decompress(row["content"]).decode())


async def of_thread(
    connection: Connection, team_id: str, channel: str | None, thread_ts: str | None, conversation_id: str | None
) -> list[Copy]:
    """Return what was dropped in a thread, or in that of a conversation, the newest first."""
    given = {
        "team_id": team_id,
        "channel": channel,
        "thread_ts": thread_ts,
        "conversation_id": conversation_id,
        "at_most": _MOST_LISTED,
    }
    return [Copy(**row) for row in await rows(connection, "datasets.of_thread", given)]


async def add_database(connection: Connection, team_id: str, name: str, who: str) -> bool:
    """Let a team ask a database; return whether it might not before."""
    return await run(connection, "datasets.add_database", {"team_id": team_id, "name": name, "who": who}) > 0


async def databases(connection: Connection, team_id: str) -> list[str]:
    """Return the names of the databases that a team may ask."""
    return [row["name"] for row in await rows(connection, "datasets.databases", {"team_id": team_id})]


async def clear_old(connection: Connection, age: timedelta, at_most: int) -> int:
    """Delete copies older than `age`, of all teams, and return how many; for the engine."""
    row = await one(connection, "datasets.clear_old", {"age": age, "at_most": at_most})
    return 0 if row is None else int(row["cleared"])
