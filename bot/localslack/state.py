"""What a local Slack remembers, in one SQLite file: people, user groups, conversations, messages, files, events.

Calls are synchronous: each is one small statement on a local file, shorter than a hop to a thread would take. Every
write is its own transaction in WAL mode, so a killed process loses nothing that was answered.
"""

import json
import re
import sqlite3
import time
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import cast

from bot.localslack.settings import JsonObject

# Timestamps are strings of one length until the year 2286, so that text order is time order.
OLDEST = "0000000000.000000"
NEWEST = "9999999999.999999"


class State:
    """The stored workspace; bodies are JSON objects as Slack shows them."""

    def __init__(self, database: Path) -> None:
        database.parent.mkdir(parents=True, exist_ok=True)
        self._sql = _queries()
        self._connection = sqlite3.connect(database, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(self._sql["schema"])
        newest = self._one("newest_ts")
        self._last_microsecond = int(str(newest).replace(".", "")) if newest else 0

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def next_ts(self) -> str:
        """Return a timestamp later than every one given before, also across restarts."""
        self._last_microsecond = max(time.time_ns() // 1000, self._last_microsecond + 1)
        seconds, microseconds = divmod(self._last_microsecond, 1_000_000)
        return f"{seconds:010d}.{microseconds:06d}"

    def put_account(self, account: JsonObject) -> None:
        """Add a user or replace it."""
        self._write("put_account", id=account["id"], body=json.dumps(account))

    def account(self, user_id: str) -> JsonObject | None:
        """Return a user."""
        return self._object("account", id=user_id)

    def accounts(self) -> list[JsonObject]:
        """Return every user, the bot among them, in the order they came."""
        return self._objects("accounts")

    def put_user_group(self, group: JsonObject) -> None:
        """Add a user group or replace it."""
        self._write("put_user_group", id=group["id"], body=json.dumps(group))

    def user_group(self, group_id: str) -> JsonObject | None:
        """Return a user group."""
        return self._object("user_group", id=group_id)

    def user_groups(self) -> list[JsonObject]:
        """Return every user group, disabled ones too, in the order they came."""
        return self._objects("user_groups")

    def put_conversation(self, conversation: JsonObject, members: Iterable[str]) -> None:
        """Add a conversation or replace it; members are only added."""
        kind = "im" if conversation.get("is_im") else "channel"
        self._write("put_conversation", id=conversation["id"], kind=kind, body=json.dumps(conversation))
        for member in members:
            self._write("add_member", conversation=conversation["id"], account=member)

    def conversation(self, channel: str) -> JsonObject | None:
        """Return a conversation."""
        return self._object("conversation", id=channel)

    def conversations(self) -> list[JsonObject]:
        """Return every conversation in the order they came."""
        return self._objects("conversations")

    def members(self, channel: str) -> list[str]:
        """Return the ids of who is in a conversation."""
        return [str(row[0]) for row in self._rows("members", conversation=channel)]

    def put_message(self, message: JsonObject) -> None:
        """Add a message or replace it; `channel` and `ts` in it are its key."""
        thread_ts = message.get("thread_ts")
        is_reply = thread_ts is not None and thread_ts != message["ts"]
        self._write(
            "put_message",
            channel=message["channel"],
            ts=message["ts"],
            thread_ts=thread_ts if is_reply else None,
            in_channel=int(not is_reply or message.get("subtype") == "thread_broadcast"),
            body=json.dumps(message),
        )

    def message(self, channel: str, ts: str) -> JsonObject | None:
        """Return a message."""
        return self._object("message", channel=channel, ts=ts)

    def streaming(self, streaming_state: str) -> list[JsonObject]:
        """Return the messages whose stream stands so."""
        return self._objects("streaming", streaming_state=streaming_state)

    def delete_message(self, channel: str, ts: str) -> None:
        """Forget a message."""
        self._write("delete_message", channel=channel, ts=ts)

    def channel_messages(
        self, channel: str, *, after: str = OLDEST, before: str = NEWEST, count: int = 100
    ) -> list[JsonObject]:
        """Return messages at the top of a conversation, newest first; the bounds are exclusive."""
        return self._objects("channel_messages", channel=channel, after=after, before=before, count=count)

    def replies(
        self,
        channel: str,
        thread_ts: str,
        *,
        after: str = OLDEST,
        before: str = NEWEST,
        count: int = 1000,
        newest: bool = False,
    ) -> list[JsonObject]:
        """Return replies of a thread without its root, oldest first; `newest` says which end is kept."""
        name = "thread_messages" if newest else "thread_messages_oldest_first"
        found = self._objects(name, channel=channel, thread_ts=thread_ts, after=after, before=before, count=count)
        return sorted(found, key=lambda message: str(message["ts"]))

    def search(self, words: str, count: int) -> list[JsonObject]:
        """Return messages that contain a text, newest first."""
        escaped = re.sub(r"([\\%_])", r"\\\1", json.dumps(words)[1:-1])
        return self._objects("search_messages", pattern=f"%{escaped}%", count=count)

    def put_file(self, file: JsonObject) -> None:
        """Add a file's description or replace it."""
        self._write("put_file", id=file["id"], body=json.dumps(file))

    def put_content(self, file_id: str, content: bytes) -> None:
        """Keep the bytes of a known file."""
        self._write("put_content", id=file_id, content=content)

    def file(self, file_id: str) -> JsonObject | None:
        """Return a file's description."""
        return self._object("file", id=file_id)

    def content(self, file_id: str) -> bytes | None:
        """Return a file's bytes, or None before the upload."""
        return cast("bytes | None", self._one("content", id=file_id))

    def mark_read(self, user_id: str, channel: str, ts: str) -> None:
        """Remember how far someone has read; never goes back."""
        self._write("mark_read", account=user_id, channel=channel, ts=ts)

    def read_mark(self, user_id: str, channel: str) -> str:
        """Return how far someone has read a conversation."""
        return str(self._one("read_mark", account=user_id, channel=channel) or OLDEST)

    def put_home(self, user_id: str, view: JsonObject) -> None:
        """Keep someone's Home tab."""
        self._write("put_home", account=user_id, body=json.dumps(view))

    def home(self, user_id: str) -> JsonObject | None:
        """Return someone's Home tab."""
        return self._object("home", account=user_id)

    def add_undelivered(self, payload: JsonObject) -> None:
        """Keep an event until the app has acknowledged it."""
        self._write("add_undelivered", event_id=payload["event_id"], body=json.dumps(payload))

    def delete_undelivered(self, event_id: str) -> None:
        """Forget an event."""
        self._write("delete_undelivered", event_id=event_id)

    def undelivered(self) -> list[JsonObject]:
        """Return the events nobody acknowledged, oldest first."""
        return self._objects("undelivered")

    def _write(self, name: str, **values: object) -> None:
        self._connection.execute(self._sql[name], values)

    def _rows(self, name: str, **values: object) -> list[tuple[object, ...]]:
        return self._connection.execute(self._sql[name], values).fetchall()

    def _one(self, name: str, **values: object) -> object:
        row = self._connection.execute(self._sql[name], values).fetchone()
        return row[0] if row else None

    def _object(self, name: str, **values: object) -> JsonObject | None:
        body = self._one(name, **values)
        return cast("JsonObject", json.loads(str(body))) if body is not None else None

    def _objects(self, name: str, **values: object) -> list[JsonObject]:
        return [json.loads(str(row[0])) for row in self._rows(name, **values)]


def _queries() -> dict[str, str]:
    """Return the named statements of state.sql."""
    text = files("bot.localslack").joinpath("state.sql").read_text("utf-8")
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
