"""The history as the Messages API takes it: whatever was stored, what comes out is valid on the wire.

Calls and their results stand side by side, roles alternate, a person begins. What a turn that was cut off left open is
closed with an error, and nothing is in the prefix that could change from one request to the next: prompts are cached
up to the last message that is kept.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from agents.conversation.state import Message

CHARACTERS_PER_TOKEN: Final = 3
"""Fewer than the four of English prose: JSON and other languages take more tokens, and a reservation errs upwards."""

_CUT_OFF: Final = "This call was cut off and has no result. Make it again if it is still wanted."
_NOT_A_NAME: Final = re.compile(r"[^A-Za-z0-9_-]")
# What the history may hold of the request's own marks; a person who writes them is still only a person.
_MARK: Final = re.compile(r"</?(?:state|check|earlier)\b[^>]*>", re.IGNORECASE)
_CACHED: Final = {"type": "ephemeral"}

Block = dict[str, Any]
WireMessage = dict[str, Any]


def wire_messages(history: Sequence[Message], volatile: str, *, at_most_tokens: int) -> list[WireMessage]:
    """Return the history as wire messages, with what is volatile behind everything else.

    Args:
        history: As stored, ending with the turn that is to be answered.
        volatile: What holds right now; it is not cached and not part of later requests.
        at_most_tokens: Older turns are left out so that the rest is estimated to fit; the last turn always stays.
    """
    turns = [list(_wired(turn)) for turn in _turns(_numbered(history))]
    room = at_most_tokens - estimated_tokens(volatile)
    kept: list[WireMessage] = []
    for turn in reversed(turns):
        room -= estimated_tokens(turn)
        if kept and room < 0:
            break
        kept = [*turn, *kept]
    messages = _alternating(kept)
    messages[-1]["content"][-1]["cache_control"] = _CACHED
    messages[-1]["content"].append({"type": "text", "text": volatile})
    return messages


def estimated_tokens(value: Any) -> int:
    """Return how many tokens a text or a JSON value has at most, most likely."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return len(text) // CHARACTERS_PER_TOKEN + 1


def unmarked(text: str) -> str:
    """Return a text that cannot be taken for a part of the request that code wrote."""
    return _MARK.sub("", text)


def _numbered(history: Sequence[Message]) -> list[tuple[str, Message]]:
    """Return each message with a prefix for the ids of its calls, the same in every request."""
    return [(f"call_{at}", message) for at, message in enumerate(history)]


def _turns(history: Iterable[tuple[str, Message]]) -> list[list[tuple[str, Message]]]:
    """Return the history in parts that each begin with a person's message."""
    turns: list[list[tuple[str, Message]]] = []
    for prefix, message in history:
        if message["role"] == "human" or not turns:
            turns.append([])
        turns[-1].append((prefix, message))
    return turns


def _wired(turn: Sequence[tuple[str, Message]]) -> Iterator[WireMessage]:
    """Yield the messages of one turn; each call is followed by its result, and nothing else has one."""
    results: dict[str, Message] = {}
    for _, message in turn:
        if message["role"] == "tool":
            results.setdefault(message.get("call_id", ""), message)
    for prefix, message in turn:
        if message["role"] == "human":
            yield {"role": "user", "content": [_text(_heard(message))]}
        if message["role"] != "assistant":
            continue
        calls = {call["id"]: call for call in message.get("calls", [])}
        said = [_text(message["text"])] if message["text"].strip() else []
        asked = [_call(f"{prefix}_{at}", call["name"], call["arguments"]) for at, call in enumerate(calls.values())]
        if said or asked:
            yield {"role": "assistant", "content": [*said, *asked]}
        if asked:
            answers = [_result(f"{prefix}_{at}", results.get(each)) for at, each in enumerate(calls)]
            yield {"role": "user", "content": answers}


def _heard(message: Message) -> str:
    """Return what a person wrote, with who they are; what code wrote in the person's place is left as it is."""
    who = message.get("who")
    return f"<@{who}>: {unmarked(message['text'])}" if who else message["text"]


def _text(text: str) -> Block:
    # The API refuses a text of blanks.
    return {"type": "text", "text": text if text.strip() else "(no text)"}


def _call(call_id: str, name: str, arguments: Mapping[str, Any]) -> Block:
    return {"type": "tool_use", "id": call_id, "name": _NOT_A_NAME.sub("_", name)[:64] or "_", "input": dict(arguments)}


def _result(call_id: str, message: Message | None) -> Block:
    if message is None:
        return {"type": "tool_result", "tool_use_id": call_id, "content": _CUT_OFF, "is_error": True}
    is_error = "error" in message.get("data", {})
    text = unmarked(message["text"]) or "Done."
    return {"type": "tool_result", "tool_use_id": call_id, "content": text, **({"is_error": True} if is_error else {})}


def _alternating(messages: Iterable[WireMessage]) -> list[WireMessage]:
    """Return the messages with neighbours of one role joined, begun and ended by the user's side."""
    joined: list[WireMessage] = []
    for message in messages:
        if joined and joined[-1]["role"] == message["role"]:
            joined[-1] = {"role": message["role"], "content": [*joined[-1]["content"], *message["content"]]}
        else:
            joined.append({"role": message["role"], "content": list(message["content"])})
    if not joined or joined[0]["role"] != "user":
        joined.insert(0, {"role": "user", "content": [_text("")]})
    if joined[-1]["role"] != "user":
        joined.append({"role": "user", "content": [_text("")]})
    return joined
