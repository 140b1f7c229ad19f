"""Refusing a request that the Messages API refuses: its parameters, its breakpoints and its length."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.fakes.messages_api.conversation import check_messages, check_text
from tests.fakes.messages_api.tools import check_output_config, check_tools
from tests.fakes.messages_api.usage import LIFETIMES, prompt_tokens
from tests.fakes.messages_api.wire import JsonObject, Limits, RefusedError

COUNTED = frozenset(
    {"cache_control", "messages", "model", "output_config", "system", "thinking", "tool_choice", "tools"}
)
CREATED = COUNTED | {
    "container",
    "diagnostics",
    "inference_geo",
    "max_tokens",
    "metadata",
    "service_tier",
    "speed",
    "stop_sequences",
    "stream",
}
MOST_BREAKPOINTS = 4
LEAST_THINKING_TOKENS = 1_024
THINKING_TYPES = ("adaptive", "disabled", "enabled")
SERVICE_TIERS = ("auto", "standard_only")
LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def check_request(body: JsonObject, limits: Limits) -> None:
    """Check the body of a request for a message.

    Raises:
        RefusedError: The API would not take it.
    """
    _check_parameters(body, CREATED, ("max_tokens", "messages", "model"))
    _check_numbers(body, limits)
    _check_settings(body)
    _check_prompt(body, limits)


def check_count(body: JsonObject, limits: Limits) -> None:
    """Check the body of a request to count tokens.

    Raises:
        RefusedError: The API would not take it.
    """
    _check_parameters(body, COUNTED, ("messages", "model"))
    _check_prompt(body, limits)


def parse_body(content: bytes) -> JsonObject:
    """Return a body as JSON.

    Raises:
        RefusedError: It is none, or holds half a surrogate pair, or no object.
    """
    try:
        body = json.loads(content)
        text = json.dumps(body, ensure_ascii=False)
    except ValueError as error:
        raise RefusedError("The request body is not valid JSON") from error
    if LONE_SURROGATE.search(text):
        raise RefusedError("The request body is not valid JSON: no low surrogate in string")
    if not isinstance(body, dict):
        raise RefusedError("The request body must be an object")
    return body


def _check_parameters(body: JsonObject, known: frozenset[str], required: tuple[str, ...]) -> None:
    for name in required:
        if name not in body:
            raise RefusedError(f"{name}: Field required")
    for name in sorted(set(body) - known):
        raise RefusedError(f"{name}: Extra inputs are not permitted")


def _check_numbers(body: JsonObject, limits: Limits) -> None:
    most = body["max_tokens"]
    if not isinstance(most, int) or isinstance(most, bool):
        raise RefusedError("max_tokens: Input should be a valid integer")
    if most < 0:
        raise RefusedError("max_tokens: must be greater than or equal to 0")
    if most > limits.output_tokens:
        raise RefusedError(
            f"max_tokens: {most} > {limits.output_tokens}, which is the maximum allowed number of output tokens "
            f"for {body['model']}"
        )
    thinking = body.get("thinking") or {}
    budget = thinking.get("budget_tokens") if isinstance(thinking, Mapping) else None
    if budget is not None and not isinstance(budget, int):
        raise RefusedError("thinking.enabled.budget_tokens: Input should be a valid integer")
    if budget is not None and not LEAST_THINKING_TOKENS <= budget < most:
        raise RefusedError("thinking.enabled.budget_tokens: must be at least 1024 and less than max_tokens")


def _check_settings(body: JsonObject) -> None:
    stream = body.get("stream")
    if stream is not None and not isinstance(stream, bool):
        raise RefusedError("stream: Input should be a valid boolean")
    if body.get("service_tier", "auto") not in SERVICE_TIERS:
        raise RefusedError("service_tier: Input should be 'auto' or 'standard_only'")
    metadata = body.get("metadata") or {}
    if not isinstance(metadata, Mapping):
        raise RefusedError("metadata: Input should be an object")
    for name in sorted(set(metadata) - {"user_id"}):
        raise RefusedError(f"metadata.{name}: Extra inputs are not permitted")
    sequences = body.get("stop_sequences") or []
    if not isinstance(sequences, list):
        raise RefusedError("stop_sequences: Input should be a valid list")
    for sequence in sequences:
        if not isinstance(sequence, str) or not sequence.strip():
            raise RefusedError("stop_sequences: each stop sequence must contain non-whitespace")


def _check_prompt(body: JsonObject, limits: Limits) -> None:
    if not isinstance(body["model"], str):
        raise RefusedError("model: Input should be a valid string")
    if body["model"] not in limits.models:
        raise RefusedError(f"model: {body['model']}", status=404)
    thinking = body.get("thinking")
    if thinking is not None and (not isinstance(thinking, Mapping) or thinking.get("type") not in THINKING_TYPES):
        raise RefusedError("thinking: Input should be of type 'adaptive', 'disabled' or 'enabled'")
    _check_system(body.get("system"))
    check_output_config(body)
    check_tools(body)
    check_messages(body["messages"], has_tools=bool(body.get("tools")))
    _check_breakpoints(body)
    tokens = prompt_tokens(body)
    if tokens > limits.context_tokens:
        raise RefusedError(f"prompt is too long: {tokens} tokens > {limits.context_tokens} maximum")


def _check_system(system: object) -> None:
    if system is None or isinstance(system, str):
        return
    if not isinstance(system, list):
        raise RefusedError("system: Input should be a valid list")
    for number, block in enumerate(system):
        if not isinstance(block, Mapping) or block.get("type") != "text":
            raise RefusedError(f"system.{number}: Input should be a text block")
        check_text(block, f"system.{number}", "system")


def _check_breakpoints(body: JsonObject) -> None:
    marks = list(_breakpoints(body))
    if len(marks) > MOST_BREAKPOINTS:
        raise RefusedError(
            f"A maximum of {MOST_BREAKPOINTS} blocks with cache_control may be provided. Found {len(marks)}."
        )
    shorter = False
    for mark in marks:
        if not isinstance(mark, Mapping) or mark.get("type") != "ephemeral" or set(mark) - {"type", "ttl"}:
            raise RefusedError("cache_control: Input should be of type 'ephemeral'")
        ttl = mark.get("ttl", "5m")
        if ttl not in tuple(LIFETIMES):
            raise RefusedError("cache_control.ephemeral.ttl: Input should be '5m' or '1h'")
        if ttl == "1h" and shorter:
            raise RefusedError("a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block")
        shorter = shorter or ttl == "5m"


def _breakpoints(body: JsonObject) -> Iterator[Any]:
    """Yield every cache_control in the order of the prompt: tools, system, messages, the automatic one."""
    contents = [message["content"] for message in body["messages"]]
    for blocks in (body.get("tools") or (), body.get("system") or (), *contents):
        if isinstance(blocks, str):
            continue
        for block in blocks:
            inner = block.get("content")
            if isinstance(inner, list):
                yield from (part["cache_control"] for part in inner if part.get("cache_control") is not None)
            if block.get("cache_control") is not None:
                yield block["cache_control"]
    if body.get("cache_control") is not None:
        yield body["cache_control"]
