"""A strict fake of OpenAI's API on loopback, as far as teachers use it: what that refuses, this one refuses."""

import asyncio
import datetime as dt
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.messages_api import Clock
from tests.fakes.openai_batches import MOST_BYTES, Batches, JsonObject, RefusedError
from tests.fakes.serving import serving

KEY = "sk-fake"
KNOWN = {"max_completion_tokens", "max_tokens", "messages", "model", "response_format"}
ROUTES = (
    ("POST", "/v1/files"),
    ("GET", "/v1/files/{id}/content"),
    ("POST", "/v1/batches"),
    ("GET", "/v1/batches"),
    ("GET", "/v1/batches/{id}"),
    ("POST", "/v1/batches/{id}/cancel"),
)
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
# https://platform.openai.com/docs/guides/structured-outputs, "Supported schemas".
STRICT = {"type", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf", "description"}


@dataclass(frozen=True, slots=True)
class Says:
    """What the model says, or an error in its place; `hangs`: nothing ever comes; `is_cut`: the connection breaks."""

    text: str | None = None
    finish_reason: str = "stop"
    refusal: str | None = None
    status: int = 200
    code: str | None = None
    retry_after_s: float | None = None
    hangs: bool = False
    is_cut: bool = False


@dataclass(slots=True)
class FakeChatCompletions:
    """The server; `is_open` takes any key and has no batches, as vLLM without one does.

    Attributes:
        bodies: Everything that was accepted, in order.
        next: What comes in place of answers, first.
        calls: What came to the routes of files and batches, such as "POST /v1/batches".
        faults: What comes in place of the next answer of such a route; with True, what was asked happens all the same.
    """

    script: Callable[[str], Says]
    is_open: bool = False
    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    next: deque[Says] = field(default_factory=deque)
    clock: Clock = field(default_factory=Clock)
    calls: list[str] = field(default_factory=list)
    faults: dict[str, tuple[Says, bool]] = field(default_factory=dict)
    batches: Batches = field(init=False)

    def __post_init__(self) -> None:
        self.batches = Batches(self.clock, self._work)

    async def complete(self, request: web.Request) -> web.Response:
        """Answer a request."""
        body = await request.json()
        if not self.is_open and request.headers.get("authorization") != f"Bearer {KEY}":
            return _error(401, "Incorrect API key provided", "invalid_api_key")
        if (fault := _fault(body)) is not None:
            return _error(400, fault, "invalid_request_error")
        self.bodies.append(body)
        says = self.next.popleft() if self.next else self.script(body["messages"][-1]["content"])
        return await _failed(says) if says.hangs or says.status != 200 else web.json_response(_completion(body, says))

    async def batched(self, request: web.Request) -> web.Response:
        """Answer a call to a route of files or batches."""
        call = f"{request.method} {request.match_info.route.resource.canonical}"  # type: ignore[union-attr]  # it has one
        self.calls.append(call)
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return _error(401, "Incorrect API key provided", "invalid_api_key")
        fault, is_done = self.faults.pop(call, (None, True))
        try:
            answer = await self._do(call, request) if is_done else web.Response()
        except RefusedError as error:
            return _error(error.status, str(error), error.code)
        if fault is not None and fault.is_cut:
            assert request.transport is not None
            request.transport.abort()
        return answer if fault is None else await _failed(fault)

    async def _do(self, call: str, request: web.Request) -> web.Response:
        named = request.match_info.get("id", "")
        if call == "POST /v1/files":
            form = await request.post()
            file = form.get("file")
            sent = (file.filename, file.file.read()) if isinstance(file, web.FileField) else (None, None)
            return web.json_response(self.batches.upload(str(form.get("purpose")), *sent))
        if call == "GET /v1/files/{id}/content":
            return web.Response(body=self.batches.content(named))
        if call == "POST /v1/batches":
            return web.json_response(self.batches.create(await request.json()))
        if call == "GET /v1/batches/{id}":
            return web.json_response(self.batches.look(named))
        if call == "POST /v1/batches/{id}/cancel":
            return web.json_response(self.batches.cancel(named))
        return web.json_response(self.batches.page(int(request.query.get("limit", 20)), request.query.get("after")))

    def _work(self, body: JsonObject) -> tuple[int, JsonObject] | None:
        if (fault := _fault(body)) is not None:
            return 400, {"error": {"message": fault, "type": "invalid_request_error", "code": None}}
        says = self.script(body["messages"][-1]["content"])
        if says.hangs:
            return None
        if says.status != 200:
            return says.status, {"error": {"message": "scripted", "type": says.code, "code": says.code}}
        return 200, _completion(body, says)


@asynccontextmanager
async def chat_completions(
    script: Callable[[str], Says], *, is_open: bool = False, clock: Clock | None = None
) -> AsyncIterator[FakeChatCompletions]:
    """Serve the fake while the block runs."""
    fake = FakeChatCompletions(script, is_open, clock=clock or Clock(dt.datetime.now(dt.UTC)))
    app = web.Application(client_max_size=MOST_BYTES)
    app.router.add_post("/v1/chat/completions", fake.complete)
    for method, path in () if is_open else ROUTES:
        app.router.add_route(method, path, fake.batched)
    async with serving(app, handler_cancellation=True) as fake.url:
        yield fake


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


def _completion(body: JsonObject, says: Says) -> JsonObject:
    message = {"role": "assistant", "content": says.text, "refusal": says.refusal}
    used = {
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "total_tokens": 120,
        "prompt_tokens_details": {"cached_tokens": 40},
    }
    choice = {"index": 0, "message": message, "finish_reason": says.finish_reason}
    return {"object": "chat.completion", "model": body["model"], "choices": [choice], "usage": used}


async def _failed(says: Says) -> web.Response:
    if says.hangs:
        await asyncio.sleep(600)
    headers = {} if says.retry_after_s is None else {"retry-after": f"{says.retry_after_s:g}"}
    return _error(says.status, "scripted", says.code, headers)


def _error(status: int, message: str, code: str | None, headers: Mapping[str, str] | None = None) -> web.Response:
    body = {"error": {"message": message, "type": code, "code": code, "param": None}}
    return web.json_response(body, status=status, headers=headers)
