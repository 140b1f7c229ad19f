"""Conversations, one per thread, and the questions asked in them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agents.store.db import Connection, one, run

SHELL = "shell"
"""The channel of conversations that are held in a shell; nothing of theirs is posted anywhere."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A thread in which Cairn takes part."""

    id: str
    channel: str
    thread_ts: str
    started_by: str
    created_at: datetime
    # Made by the very call that returned this.
    is_new: bool = False

    @property
    def is_direct(self) -> bool:
        """Whether it is held in direct messages or in a shell, where nobody else reads it."""
        return self.channel.startswith("D") or self.channel == SHELL


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question put in a conversation: open, answered by a fact, or withdrawn."""

    id: str
    slot: str
    status: str
    fact_id: int | None


async def open_conversation(
    connection: Connection, team_id: str, *, channel: str, thread_ts: str, started_by: str
) -> Conversation:
    """Return the conversation of a thread, made where there is none."""
    row = await one(
        connection,
        "conversations.open",
        {"team_id": team_id, "channel": channel, "thread_ts": thread_ts, "started_by": started_by},
    )
    if row is None:
        raise RuntimeError("the database returned no conversation for an upsert")
    return Conversation(**row)


async def load(connection: Connection, team_id: str, conversation_id: str) -> Conversation | None:
    """Return a conversation by its id."""
    row = await one(connection, "conversations.load", {"team_id": team_id, "id": conversation_id})
    return None if row is None else Conversation(**row)


async def lock(connection: Connection, team_id: str, conversation_id: str) -> bool:
    """Hold a conversation until the transaction ends; return whether it exists."""
    return await one(connection, "conversations.lock", {"team_id": team_id, "id": conversation_id}) is not None


async def ask(connection: Connection, team_id: str, conversation_id: str, slot: str) -> AskedQuestion:
    """Open a question; the one open before must have been closed."""
    row = await one(
        connection, "conversations.ask", {"team_id": team_id, "conversation_id": conversation_id, "slot": slot}
    )
    if row is None:
        raise RuntimeError("the database returned no question for an insert")
    return AskedQuestion(**row)


async def open_question(connection: Connection, team_id: str, conversation_id: str) -> AskedQuestion | None:
    """Return the question that waits for an answer."""
    return _asked(await one(connection, "conversations.open_question", _of(team_id, conversation_id)))


async def question(
    connection: Connection, team_id: str, conversation_id: str, question_id: str
) -> AskedQuestion | None:
    """Return a question of this conversation by its id."""
    return _asked(await one(connection, "conversations.question", {**_of(team_id, conversation_id), "id": question_id}))


async def close_question(connection: Connection, team_id: str, question_id: str, fact_id: int | None) -> None:
    """Mark a question answered by a fact, or withdrawn where there is none."""
    await run(connection, "conversations.close_question", {"team_id": team_id, "id": question_id, "fact_id": fact_id})


def _of(team_id: str, conversation_id: str) -> dict[str, Any]:
    return {"team_id": team_id, "conversation_id": conversation_id}


def _asked(row: dict[str, Any] | None) -> AskedQuestion | None:
    return None if row is None else AskedQuestion(**row)
