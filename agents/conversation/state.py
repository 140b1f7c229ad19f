"""What LangGraph keeps of a conversation: plain JSON, so that any version reads what another wrote.

Answers, open questions and verdicts are not in here; they have tables of their own. The names of the channels and
of the graph's nodes are stored with every checkpoint: renaming one orphans the threads under way.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict

MAX_CHARACTERS = 8_000
MAX_MESSAGES = 120
"""Older messages are dropped a whole turn at a time; the answers taken from them stay in their own table."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_LEADING_MENTION = re.compile(r"^\s*<@[A-Z0-9]+(\|[^>]*)?>\s*")


class ToolCall(TypedDict):
    """What a talker wants done; `id` is the same on a replay."""

    id: str
    name: str
    arguments: dict[str, Any]


class Message(TypedDict):
    """One message of the history; `id` is unique in a thread."""

    id: str
    role: Literal["human", "assistant", "tool"]
    text: str
    who: NotRequired[str]
    calls: NotRequired[list[ToolCall]]
    # Of an assistant message: the talker that spoke; missing where an older version wrote it.
    by: NotRequired[str]
    # Of a tool message: the call it answers, and what came back as data.
    call_id: NotRequired[str]
    data: NotRequired[dict[str, Any]]


class Turn(TypedDict):
    """What started this pass through the graph, and where it happens."""

    id: str
    team_id: str
    conversation_id: str
    channel: str
    thread_ts: str
    who: str
    text: str
    # Where an answer found in `text` came from: the message's ts.
    source: str
    # What a press means, whatever the talker; made before it speaks. Empty for a text.
    calls: list[ToolCall]


class State(TypedDict):
    """The graph's channels."""

    messages: list[Message]
    turn: Turn
    steps: int


def storable(text: str) -> str:
    """Return `text` without what Postgres and the checkpoints refuse, no longer than a turn may be."""
    clean = _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text.replace("\x00", ""))
    return clean[:MAX_CHARACTERS]


def spoken(text: str) -> str:
    """Return what a person said: storable, without a leading mention of the bot."""
    return storable(_LEADING_MENTION.sub("", text)).strip()


def storable_json(value: Any) -> Any:
    """Return a JSON value with every text in it storable."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(str(key)): storable_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable_json(item) for item in value]
    return value


def with_turn(messages: Sequence[Message], turn: Turn) -> list[Message]:
    """Return the history with the turn's message at its end; unchanged where the turn is in it already."""
    if any(message["id"] == turn["id"] for message in messages):
        return list(messages)
    added: list[Message] = [{"id": turn["id"], "role": "human", "text": turn["text"], "who": turn["who"]}]
    if turn["calls"]:
        added.append({"id": f"{turn['id']}:press", "role": "assistant", "text": "", "calls": turn["calls"]})
    return [*_recent(messages), *added]


def of_turn(messages: Sequence[Message], turn_id: str) -> list[Message]:
    """Return what followed the turn's own message, up to the next person's; nothing for a turn not there."""
    after: list[Message] = []
    is_within = False
    for message in messages:
        if message["role"] == "human":
            is_within = message["id"] == turn_id
        elif is_within:
            after.append(message)
    return after


def open_calls(messages: Sequence[Message], turn_id: str) -> list[ToolCall]:
    """Return the calls of the turn's last assistant message that have no result yet."""
    after = of_turn(messages, turn_id)
    answered = {message.get("call_id") for message in after if message["role"] == "tool"}
    asked = [call for message in after for call in message.get("calls", [])]
    return [call for call in asked if call["id"] not in answered]


def _recent(messages: Sequence[Message]) -> list[Message]:
    if len(messages) <= MAX_MESSAGES:
        return list(messages)
    # Cut before a person's message, so that no call is parted from its result.
    starts = [at for at, message in enumerate(messages) if message["role"] == "human"]
    first = next((at for at in starts if at >= len(messages) - MAX_MESSAGES), starts[-1] if starts else 0)
    return list(messages[first:])
