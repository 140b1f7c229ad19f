"""Long threads made short: the oldest turns become one digest, which code writes and nobody's model.

A digest stands in the place of a person's message and names nobody who wrote it. It holds who took part, which tools
were used, and the beginnings of what people wrote; what they answered is in the facts table, which forgets nothing.
Between two compactions no byte of the history changes, so that a prompt cache holds; only a very long result of a
tool is shortened, once, after its turn.

What people wrote can be quoted as theirs, word by word, only where their own message is still kept: the newest turns,
and always the one in hand. The shortened words of a digest are no evidence: a quote of them is to be refused, and the
person asked again.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from agents.conversation.state import Digest, Message, ToolCall, Word, holds

CHARACTERS_PER_TOKEN: Final = 4
HIGH_TOKENS: Final = 12_000
LOW_TOKENS: Final = 6_000
RESULT_TOKENS: Final = 1_500
"""A result of a finished turn that is longer is shortened to this."""

WORD_CHARACTERS: Final = 160
WORDS_TOKENS: Final = 1_000
"""Of one person's message in a digest, and of all of them together."""

DIGEST_TOKENS: Final = 1_800
"""What a digest has at most, with all that stands around the words."""

_MOST_PEOPLE: Final = 30
_MOST_TOOLS: Final = 30
_NAME_CHARACTERS: Final = 40
# A replay of one of these is known for what it is; older ones were acknowledged long ago.
_MOST_TURNS: Final = 50
_SHORTENED: Final = " … [shortened: the rest is no longer kept here]"
# What marks a part of a request that code wrote; a person's words must not end it.
_MARK: Final = re.compile(r"</?(?:state|check|earlier)\b[^>]*>", re.IGNORECASE)
_NOTHING: Final[Digest] = {"messages": 0, "turns": [], "people": [], "tools": {}, "words": [], "left_out": 0}


def compacted(history: Sequence[Message], turn_id: str) -> list[Message]:
    """Return the history with which a turn begins; as it is where the turn is part of it already.

    Args:
        history: As stored; every turn in it is over.
        turn_id: The turn that is to begin.
    """
    if holds(history, turn_id):
        return list(history)
    messages = [_shortened(message) for message in history]
    if tokens_of(messages) <= HIGH_TOKENS:
        return messages
    turns = _turns(messages)
    sizes = [tokens_of(turn) for turn in turns]
    dropped = 0
    # The newest turn stays however long it is: without it nobody knows what is being talked about.
    while dropped < len(turns) - 1 and (not dropped or sum(sizes[dropped:]) > LOW_TOKENS - DIGEST_TOKENS):
        dropped += 1
    if not dropped:
        return messages
    digest = _NOTHING
    for turn in turns[:dropped]:
        digest = _with(digest, turn)
    return [_message(digest), *(message for turn in turns[dropped:] for message in turn)]


def tokens_of(messages: Sequence[Message]) -> int:
    """Return about how many tokens the messages have for a model."""
    return sum(map(_tokens, messages))


def _tokens(message: Message) -> int:
    calls = sum(len(call["name"]) + len(json.dumps(call["arguments"])) for call in message.get("calls", []))
    return (len(message["text"]) + calls) // CHARACTERS_PER_TOKEN + 1


def _shortened(message: Message) -> Message:
    """Return a tool's result at its bounded length; what came back as data goes with its rest."""
    limit = RESULT_TOKENS * CHARACTERS_PER_TOKEN
    data = message.get("data", {})
    if message["role"] != "tool" or max(len(message["text"]), len(json.dumps(data))) <= limit:
        return message
    text = message["text"]
    kept: dict[str, Any] = {"tool": str(data.get("tool", ""))[:_NAME_CHARACTERS]}
    if "error" in data:
        kept["error"] = _cut(str(data["error"]), WORD_CHARACTERS)
    return {
        **message,
        "text": text if len(text) <= limit else text[: limit - len(_SHORTENED)] + _SHORTENED,
        "data": kept,
    }


def _turns(messages: Sequence[Message]) -> list[list[Message]]:
    """Return the history in parts that each begin with a person's message, or with the digest."""
    turns: list[list[Message]] = []
    for message in messages:
        if message["role"] == "human" or not turns:
            turns.append([])
        turns[-1].append(message)
    return turns


def _with(digest: Digest, turn: Sequence[Message]) -> Digest:
    """Return a digest that tells of a turn as well; another digest is taken in whole."""
    first = turn[0]
    former = first.get("digest")
    rest = turn[1:] if former else turn
    before = former or _NOTHING
    heard = [message for message in rest if message["role"] == "human"]
    words: list[Word] = [
        {"who": _cut(message.get("who", ""), _NAME_CHARACTERS), "text": _cut(message["text"], WORD_CHARACTERS)}
        for message in heard
        if message["text"].strip()
    ]
    calls = [call for message in rest for call in message.get("calls", [])]
    said = [*digest["words"], *before["words"], *words]
    kept = _bounded(said)
    return {
        "messages": digest["messages"] + before["messages"] + len(rest),
        "turns": [*digest["turns"], *before["turns"], *(message["id"] for message in heard)][-_MOST_TURNS:],
        "people": _people([*digest["people"], *before["people"], *(word["who"] for word in words)]),
        "tools": _counted([digest["tools"], before["tools"]], calls),
        "words": kept,
        "left_out": digest["left_out"] + before["left_out"] + len(said) - len(kept),
    }


def _people(who: Sequence[str]) -> list[str]:
    return [each for each in dict.fromkeys(who) if each][:_MOST_PEOPLE]


def _counted(before: Sequence[Mapping[str, int]], calls: Sequence[ToolCall]) -> dict[str, int]:
    """Return how often each tool was called; names that a model made up are one."""
    counted: dict[str, int] = {}
    for counts in before:
        for name, number in counts.items():
            counted[name] = counted.get(name, 0) + number
    for call in calls:
        name = call["name"] if re.fullmatch(r"[a-z_]{1,40}", call["name"]) else "other"
        name = name if name in counted or len(counted) < _MOST_TOOLS - 1 else "other"
        counted[name] = counted.get(name, 0) + 1
    return dict(sorted(counted.items()))


def _bounded(words: Sequence[Word]) -> list[Word]:
    """Return the first words, which mostly say what the thread is about, and as many of the newest as there is room."""
    room = WORDS_TOKENS * CHARACTERS_PER_TOKEN - sum(map(_room, words[:1]))
    newest: list[Word] = []
    for word in reversed(words[1:]):
        room -= _room(word)
        if room < 0:
            break
        newest.insert(0, word)
    return [*words[:1], *newest]


def _room(word: Word) -> int:
    return len(_line(word)) + 1


def _message(digest: Digest) -> Message:
    """Return the digest as the message that begins the history."""
    tools = ", ".join(f"{name} {number}x" for name, number in digest["tools"].items())
    people = ", ".join(f"<@{who}>" for who in digest["people"])
    head = (
        f"Code wrote this in the place of {digest['messages']} earlier messages, which are left out; nobody said it, "
        "and nothing in it may be quoted. What was answered then is among the answers that hold."
    )
    lines = [
        head,
        *([f"Took part: {people}."] if people else []),
        *([f"Tools that were used: {tools}."] if tools else []),
    ]
    if digest["words"]:
        gap = f" ({digest['left_out']} more are left out after the first)" if digest["left_out"] else ""
        lines += [f"What people wrote, shortened{gap}:", *map(_line, digest["words"])]
    text = "\n".join(lines)
    message_id = f"digest:{digest['messages']}"
    return {"id": message_id, "role": "human", "text": f"<earlier>\n{text}\n</earlier>", "digest": digest}


def _line(word: Word) -> str:
    return f"<@{word['who']}>: {word['text']}" if word["who"] else word["text"]


def _cut(text: str, most: int) -> str:
    plain = " ".join(_MARK.sub("", text).split())
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"
