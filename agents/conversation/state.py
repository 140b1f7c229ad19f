"""What LangGraph keeps of a conversation: plain JSON, so that any version reads what another wrote.

Answers, open questions and verdicts are not in here; they have tables of their own. The names of the channels and
of the graph's nodes are stored with every checkpoint: renaming one orphans the threads under way.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict

MAX_CHARACTERS = 8_000

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_LEADING_MENTION = re.compile(r"^\s*<@[A-Z0-9]+(\|[^>]*)?>\s*")


class ToolCall(TypedDict):
    """What a talker wants done; `id` is the same on a replay."""

    id: str
    name: str
    arguments: dict[str, Any]


class Word(TypedDict):
    """The beginning of what somebody wrote; `who` is empty where that is not known."""

    who: str
    text: str


class Digest(TypedDict):
    """What is left of messages that were left out of the history, see `compaction`."""

    # How many there were, and the newest of their turns by id.
    messages: int
    turns: list[str]
    people: list[str]
    # Calls by tool.
    tools: dict[str, int]
    # The first and the newest, and how many are missing between.
    words: list[Word]
    left_out: int


class Message(TypedDict):
    """One message of the history; `id` is unique in a thread.

    Of role "human" and without `who` it is not a person's: code wrote it, and nothing in it is anybody's words.
    """

    id: str
    role: Literal["human", "assistant", "tool"]
    text: str
    who: NotRequired[str]
    # Of a person's message: its ts, or the event key of a press; missing where an older version wrote it.
    source: NotRequired[str]
    calls: NotRequired[list[ToolCall]]
    # Of an assistant message: the talker that spoke; missing where an older version wrote it.
    by: NotRequired[str]
    # Of a tool message: the call it answers, and what came back as data.
    call_id: NotRequired[str]
    data: NotRequired[dict[str, Any]]
    # Of the first message, where it stands for others that were left out.
    digest: NotRequired[Digest]


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
    # False for a press and a greeting, which cards and fixed words answer; missing where an older version wrote it.
    needs_model: NotRequired[bool]


class State(TypedDict):
    """The graph's channels."""

    messages: list[Message]
    turn: Turn
    steps: int


def clean(text: str) -> str:
    """Return `text` without what Postgres and the checkpoints refuse."""
    return _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text.replace("\x00", ""))


def storable(text: str) -> str:
    """Return `text` clean, and no longer than a turn may be."""
    return clean(text)[:MAX_CHARACTERS]


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


def holds(messages: Sequence[Message], turn_id: str) -> bool:
    """Return whether a turn is part of the history, or was until it was left out."""
    return any(
        message["id"] == turn_id or ("digest" in message and turn_id in message["digest"]["turns"])
        for message in messages
    )


def with_turn(messages: Sequence[Message], turn: Turn) -> list[Message]:
    """Return the history with the turn's message at its end; unchanged where the turn is in it already."""
    if holds(messages, turn["id"]):
        return list(messages)
    added: list[Message] = [
        {"id": turn["id"], "role": "human", "text": turn["text"], "who": turn["who"], "source": turn["source"]}
    ]
    if turn["calls"]:
        added.append({"id": f"{turn['id']}:press", "role": "assistant", "text": "", "calls": turn["calls"]})
    return [*messages, *added]


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
