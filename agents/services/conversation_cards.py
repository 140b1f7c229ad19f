"""The cards of a conversation: one of each kind, edited in place, and a file for each time one is asked for."""

from collections.abc import Mapping
from typing import Any

from agents.errors import UserError
from agents.store import conversations
from agents.store.conversations import Conversation
from agents.store.db import Connection
from agents.store.outbox import Card


def card_key(kind: str, conversation_id: str) -> str:
    """Return the key of a conversation's only card of a kind: verdict, answers or costs."""
    return f"{kind}:{conversation_id}"


def conversation_card(conversation: Conversation, kind: str) -> Card:
    """Return a conversation's only card of a kind: verdict, answers or costs."""
    subject = {"conversation_id": conversation.id}
    return Card(card_key(kind, conversation.id), conversation.channel, conversation.thread_ts, kind, subject)


def question_key(conversation_id: str, question_id: str) -> str:
    """Return the key of a question's card."""
    return f"question:{conversation_id}:{question_id}"


def question_card(conversation: Conversation, question_id: str) -> Card:
    """Return the card of a question."""
    return Card(
        question_key(conversation.id, question_id),
        conversation.channel,
        conversation.thread_ts,
        "question",
        {"conversation_id": conversation.id, "question_id": question_id},
    )


def delegation_key(delegation_id: str) -> str:
    """Return the key of the card by which a colleague is asked."""
    return f"delegation:{delegation_id}"


def delegation_card(conversation: Conversation, delegation_id: str) -> Card:
    """Return the card by which a colleague is asked a question."""
    return Card(
        delegation_key(delegation_id),
        conversation.channel,
        conversation.thread_ts,
        "delegation",
        {"conversation_id": conversation.id, "delegation_id": delegation_id},
    )


def contradiction_key(contradiction_id: str) -> str:
    """Return the key of the card that shows two answers side by side."""
    return f"contradiction:{contradiction_id}"


def contradiction_card(conversation: Conversation, contradiction_id: str) -> Card:
    """Return the card that shows two answers side by side, to choose one."""
    return Card(
        contradiction_key(contradiction_id),
        conversation.channel,
        conversation.thread_ts,
        "contradiction",
        {"conversation_id": conversation.id, "contradiction_id": contradiction_id},
    )


def offer_key(conversation_id: str) -> str:
    """Return the key of the card that offers a workspace's defaults."""
    return f"defaults_offer:{conversation_id}"


def offer_card(conversation: Conversation, outcome: Mapping[str, Any] | None = None) -> Card:
    """Return the card that offers a workspace's defaults; `outcome` says what came of it."""
    subject: dict[str, Any] = {"conversation_id": conversation.id}
    if outcome is not None:
        subject["outcome"] = dict(outcome)
    key = offer_key(conversation.id)
    return Card(key, conversation.channel, conversation.thread_ts, "defaults_offer", subject)


def flip_card(conversation: Conversation, watch_id: str, n: int) -> Card:
    """Return the reply that tells of a watch's flip number `n`; the same flip has the same card."""
    return Card(
        f"watch_flip:{watch_id}:{n}",
        conversation.channel,
        conversation.thread_ts,
        "watch_flip",
        {"watch_id": watch_id, "n": n},
    )


def file_card(conversation: Conversation, what: str, event_key: str) -> Card:
    """Return the card of a file made from a conversation: `what` is "record" or "costs_csv"."""
    return Card(
        f"file:{what}:{conversation.id}:{event_key}",
        conversation.channel,
        conversation.thread_ts,
        "file",
        {"what": what, "conversation_id": conversation.id},
    )


async def conversation_of(connection: Connection, team_id: str, conversation_id: str) -> Conversation:
    """Return a conversation.

    Raises:
        UserError: There is no such conversation.
    """
    found = await conversations.load(connection, team_id, conversation_id)
    if found is None:
        raise UserError("That conversation is not there any more. Write to me in a thread to begin a new one.")
    return found
