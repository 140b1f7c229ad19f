"""Refusing messages that the API refuses: roles, blocks, and tool calls without their results."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.messages_api.tools import TOOL_NAME
from tests.fakes.messages_api.wire import RefusedError

ROLES = ("assistant", "system", "user")
TOOL_USE_ID = re.compile(r"[a-zA-Z0-9_-]+")
# Of each type of block: what it must have, and what else it may.
FIELDS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "text": (frozenset({"text"}), frozenset({"cache_control", "citations"})),
    "image": (frozenset({"source"}), frozenset({"cache_control", "transformations"})),
    "document": (frozenset({"source"}), frozenset({"cache_control", "citations", "context", "title"})),
    "search_result": (frozenset({"content", "source", "title"}), frozenset({"cache_control", "citations"})),
    "tool_use": (frozenset({"id", "input", "name"}), frozenset({"cache_control", "caller", "toolset_name"})),
    "tool_result": (frozenset({"tool_use_id"}), frozenset({"cache_control", "content", "is_error", "toolset_name"})),
    "thinking": (frozenset({"signature", "thinking"}), frozenset()),
    "redacted_thinking": (frozenset({"data"}), frozenset()),
}
BLOCKS_OF: Mapping[str, frozenset[str]] = {
    "user": frozenset({"text", "image", "document", "search_result", "tool_result"}),
    "assistant": frozenset({"text", "tool_use", "thinking", "redacted_thinking"}),
    "system": frozenset({"text"}),
    "tool_result": frozenset({"text", "image", "document", "search_result"}),
}


@dataclass(slots=True)
class _Turn:
    """Messages of one role in a row, which the API takes as one."""

    role: str
    number: int
    blocks: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)


def check_messages(messages: object, *, has_tools: bool) -> None:
    """Check a conversation.

    Raises:
        RefusedError: The API would not take it.
    """
    if not isinstance(messages, list):
        raise RefusedError("messages: Input should be a valid list")
    if not messages:
        raise RefusedError("messages: at least one message is required")
    turns: list[_Turn] = []
    for number, message in enumerate(messages):
        role, blocks = _blocks(message, number)
        if not turns or turns[-1].role != role:
            turns.append(_Turn(role, number))
        turns[-1].blocks.extend(blocks)
    if turns[0].role != "user":
        raise RefusedError('messages: first message must use the "user" role')
    _check_calls(turns, has_tools=has_tools)
    if turns[-1].role == "assistant":
        raise RefusedError(
            "This model does not support assistant message prefill. The conversation must end with a user message."
        )


def check_text(block: Mapping[str, Any], place: str, within: str = "messages") -> None:
    """Check a block of text.

    Raises:
        RefusedError: It says nothing, or has no text.
    """
    _check_fields(block, place)
    if not isinstance(block["text"], str):
        raise RefusedError(f"{place}.text: Input should be a valid string")
    if not block["text"]:
        if block.get("cache_control"):
            raise RefusedError(f"{place}.text: cache_control cannot be set for empty text blocks")
        raise RefusedError(f"{within}: text content blocks must be non-empty")
    if not block["text"].strip():
        raise RefusedError(f"{within}: text content blocks must contain non-whitespace text")


def _blocks(message: object, number: int) -> tuple[str, list[tuple[str, Mapping[str, Any]]]]:
    if not isinstance(message, Mapping):
        raise RefusedError(f"messages.{number}: Input should be an object")
    for name in ("content", "role"):
        if name not in message:
            raise RefusedError(f"messages.{number}.{name}: Field required")
    for name in sorted(set(message) - {"content", "role"}):
        raise RefusedError(f"messages.{number}.{name}: Extra inputs are not permitted")
    role, content = message["role"], message["content"]
    if role not in ROLES:
        raise RefusedError(f"messages.{number}.role: Input should be 'user' or 'assistant'")
    if content in ("", []):
        raise RefusedError(f"messages.{number}: {role} messages must have non-empty content")
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    place = f"messages.{number}.content"
    _check_content(content, place, BLOCKS_OF[role])
    return role, [(f"{place}.{at}", block) for at, block in enumerate(content)]


def _check_content(content: object, place: str, kinds: frozenset[str]) -> None:
    if not isinstance(content, list):
        raise RefusedError(f"{place}: Input should be a valid string or list")
    for at, block in enumerate(content):
        kind = block.get("type") if isinstance(block, Mapping) else None
        if not isinstance(kind, str) or kind not in kinds:
            raise RefusedError(f"{place}.{at}: Input tag {kind!r} does not match any of the expected tags")
        if kind == "text":
            check_text(block, f"{place}.{at}")
        elif kind == "tool_use":
            _check_tool_use(block, f"{place}.{at}")
        elif kind == "tool_result":
            _check_tool_result(block, f"{place}.{at}")
        else:
            _check_fields(block, f"{place}.{at}")


def _check_fields(block: Mapping[str, Any], place: str) -> None:
    required, allowed = FIELDS[block["type"]]
    for name in sorted(required - set(block)):
        raise RefusedError(f"{place}.{block['type']}.{name}: Field required")
    for name in sorted(set(block) - required - allowed - {"type"}):
        raise RefusedError(f"{place}.{block['type']}.{name}: Extra inputs are not permitted")


def _check_tool_use(block: Mapping[str, Any], place: str) -> None:
    _check_fields(block, place)
    if not isinstance(block["id"], str) or not TOOL_USE_ID.fullmatch(block["id"]):
        raise RefusedError(f"{place}.tool_use.id: String should match pattern '^{TOOL_USE_ID.pattern}$'")
    if not isinstance(block["name"], str) or not TOOL_NAME.fullmatch(block["name"]):
        raise RefusedError(f"{place}.tool_use.name: String should match pattern '^{TOOL_NAME.pattern}$'")
    if not isinstance(block["input"], Mapping):
        raise RefusedError(f"{place}.tool_use.input: Input should be a valid dictionary")


def _check_tool_result(block: Mapping[str, Any], place: str) -> None:
    _check_fields(block, place)
    if not isinstance(block["tool_use_id"], str):
        raise RefusedError(f"{place}.tool_result.tool_use_id: Input should be a valid string")
    content = block.get("content")
    if block.get("is_error") and not content:
        raise RefusedError(f"{place}: content cannot be empty if `is_error` is true")
    if content is not None and not isinstance(content, str):
        _check_content(content, f"{place}.tool_result.content", BLOCKS_OF["tool_result"])


def _check_calls(turns: Sequence[_Turn], *, has_tools: bool) -> None:
    """Check that each call has one result in the next turn, before anything else is said there."""
    seen: set[str] = set()
    open_ids: list[str] = []
    for before, turn in zip([None, *turns], turns, strict=False):
        results = _results(turn, set(open_ids))
        lacking = [call_id for call_id in open_ids if call_id not in results]
        if before is not None and lacking:
            raise RefusedError(_without_results(before.number, lacking))
        open_ids = [block["id"] for _, block in turn.blocks if block["type"] == "tool_use"]
        if len(set(open_ids)) < len(open_ids) or seen & set(open_ids):
            raise RefusedError("messages: `tool_use` ids must be unique")
        seen.update(open_ids)
        if (results or open_ids) and not has_tools:
            raise RefusedError("Requests which include `tool_use` or `tool_result` blocks must define tools")
    if open_ids:
        raise RefusedError(_without_results(turns[-1].number, open_ids))


def _results(turn: _Turn, called: set[str]) -> set[str]:
    """Return the ids that the turn has results for; a result behind other content does not count."""
    found: set[str] = set()
    said = False
    for place, block in turn.blocks:
        if block["type"] != "tool_result":
            said = True
            continue
        call_id = block["tool_use_id"]
        if call_id not in called:
            raise RefusedError(
                f"{place}: unexpected `tool_use_id` found in `tool_result` blocks: {call_id}. Each `tool_result` "
                "block must have a corresponding `tool_use` block in the previous message."
            )
        if call_id in found:
            raise RefusedError(f"{place}: each tool_use must have a single result. Found several with id: {call_id}")
        if not said:
            found.add(call_id)
    return found


def _without_results(number: int, call_ids: Sequence[str]) -> str:
    return (
        f"messages.{number}: `tool_use` ids were found without `tool_result` blocks immediately after: "
        f"{', '.join(call_ids)}. Each `tool_use` block must have a corresponding `tool_result` block in the next "
        "message."
    )
