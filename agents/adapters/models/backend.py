"""What a server of the Messages API takes: limits and abilities as values, and the body of a request for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents.dialogue.chat import Request, ToolSpec

_CACHED = {"type": "ephemeral"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBy:
    """The settings that a backend comes from, for whoever has to mend one."""

    key: str
    address: str
    model: str
    context: str


CLAUDE = SetBy(
    key="ANTHROPIC_API_KEY", address="ANTHROPIC_BASE_URL", model="CAIRN_MODEL", context="CAIRN_MODEL_CONTEXT"
)
SMALL = SetBy(
    key="ANTHROPIC_API_KEY", address="ANTHROPIC_BASE_URL", model="CAIRN_SMALL_MODEL", context="CAIRN_MODEL_CONTEXT"
)
VLLM = SetBy(key="CAIRN_VLLM_API_KEY", address="CAIRN_VLLM_URL", model="CAIRN_VLLM_MODEL", context="CAIRN_VLLM_CONTEXT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One server with one model.

    Attributes:
        has_cache: Whether it takes marks for its prompt cache.
        has_strict_tools: Whether it takes tools whose calls hold to their schema.
        first_event_s: How long it may take to begin its answer.
        call_s: How long a whole answer may take, with what is tried again.
        count_s: How long counting tokens may take.
        set_by: Where a person mends it.
    """

    model: str
    context_tokens: int
    max_tokens: int
    base_url: str | None = None
    has_cache: bool = True
    has_strict_tools: bool = True
    first_event_s: float = 30.0
    call_s: float = 60.0
    count_s: float = 10.0
    set_by: SetBy = CLAUDE


def count_body(backend: Backend, request: Request) -> dict[str, Any]:
    """Return the body that counts a request's tokens."""
    body: dict[str, Any] = {
        "model": backend.model,
        "messages": [_message(backend, message) for message in request.messages],
    }
    if request.system:
        body["system"] = [{"type": "text", "text": request.system, **_mark(backend)}]
    if request.tools:
        body["tools"] = [_tool(backend, tool) for tool in request.tools]
    return body


def stream_body(backend: Backend, request: Request) -> dict[str, Any]:
    """Return the body that asks for an answer."""
    return {**count_body(backend, request), "max_tokens": request.max_tokens}


def _mark(backend: Backend) -> dict[str, Any]:
    return {"cache_control": _CACHED} if backend.has_cache else {}


def _tool(backend: Backend, tool: ToolSpec) -> dict[str, Any]:
    # Tools stand before the system prompt in what is cached, so that its mark covers them.
    strict = {"strict": True} if backend.has_strict_tools else {}
    return {"name": tool.name, "description": tool.description, "input_schema": dict(tool.schema), **strict}


def _message(backend: Backend, message: Mapping[str, Any]) -> dict[str, Any]:
    content = message["content"]
    if backend.has_cache or isinstance(content, str):
        return dict(message)
    plain = [{name: value for name, value in block.items() if name != "cache_control"} for block in content]
    return {**message, "content": plain}
