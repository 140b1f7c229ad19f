"""What a server of the Messages API takes: limits and abilities as values, and the body of a request for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents.dialogue.chat import Request, ToolSpec

_CACHED = {"type": "ephemeral"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One server with one model.

    `first_event_s` is how long it may think before its answer begins, `call_s` how long a whole answer may take.
    """

    model: str
    context_tokens: int
    max_tokens: int
    base_url: str | None = None
    has_cache: bool = True
    has_strict_tools: bool = True
    first_event_s: float = 30.0
    call_s: float = 60.0


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
    if backend.has_cache:
        return dict(message)
    plain = [{name: value for name, value in block.items() if name != "cache_control"} for block in message["content"]]
    return {**message, "content": plain}
