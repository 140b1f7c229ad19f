"""A strict fake of /v1/chat/completions on loopback, as OpenAI has it: what that refuses, this one refuses."""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

KEY = "sk-fake"
KNOWN = {"max_completion_tokens", "max_tokens", "messages", "model", "response_format"}
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
# https://platform.openai.com/docs/guides/structured-outputs, "Supported schemas".
STRICT = {"type", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf", "description"}


@dataclass(frozen=True, slots=True)
class Says:
    """What the model says, or an error in its place; `hangs`: nothing ever comes."""

    text: str | None = None
    finish_reason: str = "stop"
    refusal: str | None = None
    status: int = 200
    code: str | None = None
    retry_after_s: float | None = None
    hangs: bool = False


@dataclass(slots=True)
class FakeChatCompletions:
    """The server; `is_open` takes any key, as vLLM without one does.

    Attributes:
        bodies: Everything that was accepted, in order.
        next: What comes in place of answers, first.
    """

    script: Callable[[str], Says]
    is_open: bool = False
    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    next: deque[Says] = field(default_factory=deque)

    async def complete(self, request: web.Request) -> web.Response:
        """Answer a request."""
        body = await request.json()
        if not self.is_open and request.headers.get("authorization") != f"Bearer {KEY}":
            return _error(401, "Incorrect API key provided", "invalid_api_key")
        if (fault := _fault(body)) is not None:
            return _error(400, fault, "invalid_request_error")
        self.bodies.append(body)
        says = self.next.popleft() if self.next else self.script(body["messages"][-1]["content"])
        if says.hangs:
            await asyncio.sleep(600)
        if says.status != 200:
            headers = {} if says.retry_after_s is None else {"retry-after": f"{says.retry_after_s:g}"}
            return _error(says.status, "scripted", says.code, headers)
        message = {"role": "assistant", "content": says.text, "refusal": says.refusal}
        used = {
            "prompt_tokens": 100,
            "completion_tokens": 20,
            "total_tokens": 120,
            "prompt_tokens_details": {"cached_tokens": 40},
        }
        choice = {"index": 0, "message": message, "finish_reason": says.finish_reason}
        return web.json_response(
            {"object": "chat.completion", "model": body["model"], "choices": [choice], "usage": used}
        )


@asynccontextmanager
async def chat_completions(
    script: Callable[[str], Says], *, is_open: bool = False
) -> AsyncIterator[FakeChatCompletions]:
    """Serve the fake while the block runs."""
    fake = FakeChatCompletions(script, is_open)
    app = web.Application()
    app.router.add_post("/v1/chat/completions", fake.complete)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield fake
    finally:
        await runner.cleanup()


def _fault(body: Mapping[str, Any]) -> str | None:
    """Return why a body is not taken."""
    if unknown := sorted(set(body) - KNOWN):
        return f"Unrecognized request argument supplied: {unknown[0]}"
    if {"max_tokens", "max_completion_tokens"} <= set(body):
        return "max_tokens and max_completion_tokens exclude each other"
    for message in body.get("messages") or [{}]:
        if message.get("role") not in {"system", "user", "assistant"} or not isinstance(message.get("content"), str):
            return "messages: each needs a role and content"
    bound = body.get("response_format", {})
    if bound.get("type") != "json_schema" or not NAME.fullmatch(bound.get("json_schema", {}).get("name", "")):
        return "response_format: json_schema needs a name"
    is_strict = bound["json_schema"].get("strict")
    return next(filter(None, map(_strict_fault, _nodes(bound["json_schema"]["schema"]))), None) if is_strict else None


def _strict_fault(node: Mapping[str, Any]) -> str | None:
    """Return why a schema cannot be kept strictly."""
    if unknown := sorted(set(node) - STRICT):
        return f"Invalid schema for response_format: {unknown[0]} is not permitted"
    is_closed = node.get("additionalProperties") is False
    if "properties" in node and not (is_closed and set(node["properties"]) == set(node.get("required", ()))):
        return "Invalid schema for response_format: all properties must be required, and no others allowed"
    return None


def _nodes(schema: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(schema, Mapping):
        yield schema
        for inner in (*schema.get("properties", {}).values(), schema.get("items"), *schema.get("anyOf", ())):
            yield from _nodes(inner)


def _error(status: int, message: str, code: str | None, headers: Mapping[str, str] | None = None) -> web.Response:
    body = {"error": {"message": message, "type": code, "code": code, "param": None}}
    return web.json_response(body, status=status, headers=headers)
