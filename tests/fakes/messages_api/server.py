"""The fake Messages API as a server on 127.0.0.1."""

import json
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from itertools import count
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.fakes.messages_api.batches import Batches
from tests.fakes.messages_api.script import Answer, Break, Failure, Script, Turn, Turns
from tests.fakes.messages_api.sending import Sender
from tests.fakes.messages_api.streaming import make_reply
from tests.fakes.messages_api.usage import PromptCache, prompt_tokens
from tests.fakes.messages_api.validation import check_count, check_request, parse_body
from tests.fakes.messages_api.wire import (
    API_KEY,
    ERROR_TYPES,
    LARGEST_BATCH_BODY,
    LARGEST_BODY,
    Clock,
    JsonObject,
    Limits,
    Recorded,
    RefusedError,
    error_body,
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PAGE = 20


class FakeMessagesApi:
    """A strict stand-in for Anthropic's Messages API, spoken to through the SDK's `base_url`.

    ```python
    async with FakeMessagesApi([say("Hello."), fail(529), call(("recommend", {}))]) as api:
        client = AsyncAnthropic(base_url=api.url, api_key=API_KEY)
    ```

    Attributes:
        requests: Everything that arrived, in order.
        turns: The script as it is played.
        clock: The time of batches and of the prompt cache.
        batches: Controls how far batches come.
        sender: Knows when what has left.
    """

    def __init__(self, script: Script = (), *, limits: Limits | None = None, clock: Clock | None = None) -> None:
        self.requests: list[Recorded] = []
        self.turns = Turns(script)
        self.clock = clock or Clock()
        self.limits = limits or Limits()
        self.batches = Batches(self.clock, self._work)
        self._cache = PromptCache(self.clock, self.limits)
        self._faults: defaultdict[str, deque[tuple[Failure | Break, bool]]] = defaultdict(deque)
        self._numbers = count(1)
        self._script_errors: list[Exception] = []
        self.sender = Sender()
        self._runner = web.AppRunner(
            self._application(), access_log=None, handler_cancellation=True, shutdown_timeout=0.1
        )
        self._url = ""

    @property
    def url(self) -> str:
        """What the SDK takes as `base_url`."""
        return self._url

    def bodies(self, endpoint: str = "messages") -> list[JsonObject]:
        """Return the bodies that arrived at an endpoint, in order."""
        return [each.body for each in self.requests if each.endpoint == endpoint and each.body is not None]

    def fail_next(self, endpoint: str, fault: Failure | Break, *, done: bool = False) -> None:
        """Let the next request to an endpoint fail, whatever the script says.

        Args:
            endpoint: As in `Recorded`.
            fault: What is answered; a `Break` drops or holds the connection.
            done: Whether what was asked happens all the same, so that only its answer is lost; not for streams.
        """
        self._faults[endpoint].append((fault, done))

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sender.release()
        await self._runner.cleanup()
        if self._script_errors and error is None:
            raise self._script_errors[0]

    def _application(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST_BATCH_BODY)
        batch = "/v1/messages/batches/{batch_id}"
        app.router.add_post("/v1/messages", self._guarded("messages", self._messages))
        app.router.add_post("/v1/messages/count_tokens", self._guarded("count_tokens", self._count))
        app.router.add_post("/v1/messages/batches", self._guarded("batches.create", self._create))
        app.router.add_get("/v1/messages/batches", self._guarded("batches.list", self._list))
        app.router.add_get(batch, self._guarded("batches.retrieve", self._retrieve))
        app.router.add_post(f"{batch}/cancel", self._guarded("batches.cancel", self._cancel))
        app.router.add_get(f"{batch}/results", self._guarded("batches.results", self._results))
        return app

    def _guarded(self, endpoint: str, handler: Handler) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            body = await self._record(endpoint, request)
            try:
                _check_headers(request)
                _check_size(endpoint, body)
                fault, done = self._faults[endpoint].popleft() if self._faults[endpoint] else (None, True)
                response = await handler(request) if done else web.Response()
            except RefusedError as error:
                return self._error(Failure(error.status, ERROR_TYPES[error.status], error.message))
            return response if fault is None else await self.sender.broken(request, fault, self._error)

        return handle

    async def _record(self, endpoint: str, request: web.Request) -> bytes:
        content = await request.read()
        try:
            body = parse_body(content) if content else None
        except RefusedError:
            body = None
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append(Recorded(endpoint, request.method, request.path_qs, headers, body))
        return content

    def _error(self, failure: Failure) -> web.Response:
        request_id = f"req_{next(self._numbers):08d}"
        body = error_body(failure.error_type, failure.message, request_id)
        return web.json_response(body, status=failure.status, headers={"request-id": request_id, **failure.headers})

    async def _play(self, body: JsonObject) -> Turn:
        try:
            return await self.turns.play(body)
        except Exception as error:  # noqa: BLE001  # whatever a script raises is raised again where the server ends
            self._script_errors.append(error)
            return Failure(500, "api_error", f"the script raised {error!r}", {"x-should-retry": "false"})

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        body = parse_body(await request.read())
        check_request(body, self.limits)
        turn = await self._play(body)
        if isinstance(turn, Failure):
            return self._error(turn)
        reply = make_reply(turn, body, self._cache.use(body), self._numbers)
        request_id = f"req_{next(self._numbers):08d}"
        if body.get("stream"):
            return await self.sender.stream(request, turn, reply, request_id)
        return await self.sender.whole(request, turn, reply, self._error)

    async def _count(self, request: web.Request) -> web.Response:
        body = parse_body(await request.read())
        check_count(body, self.limits)
        return web.json_response({"input_tokens": prompt_tokens(body)})

    async def _create(self, request: web.Request) -> web.Response:
        return web.json_response(self.batches.create(parse_body(await request.read())).as_json(self._url))

    async def _retrieve(self, request: web.Request) -> web.Response:
        batch = await self.batches.look(request.match_info["batch_id"])
        return web.json_response(batch.as_json(self._url))

    async def _list(self, request: web.Request) -> web.Response:
        limit = request.query.get("limit", str(PAGE))
        if not limit.isdecimal():
            raise RefusedError("limit: Input should be a valid integer")
        batches, more = self.batches.page(int(limit), request.query.get("after_id"), request.query.get("before_id"))
        ids: list[str | None] = [*(batch.batch_id for batch in batches)] or [None]
        data = [batch.as_json(self._url) for batch in batches]
        return web.json_response({"data": data, "has_more": more, "first_id": ids[0], "last_id": ids[-1]})

    async def _cancel(self, request: web.Request) -> web.Response:
        return web.json_response(self.batches.cancel(request.match_info["batch_id"]).as_json(self._url))

    async def _results(self, request: web.Request) -> web.Response:
        lines = self.batches.results(request.match_info["batch_id"])
        text = "".join(f"{json.dumps(line)}\n" for line in lines)
        return web.Response(text=text, content_type="application/x-jsonl")

    async def _work(self, params: JsonObject) -> JsonObject | None:
        """Return the result of one request of a batch."""
        self.requests.append(Recorded("batch", "POST", "/v1/messages", {}, params))
        try:
            if not isinstance(params, dict):
                raise RefusedError("params: Input should be an object")
            if params.get("stream"):
                raise RefusedError("stream: not supported in a batch")
            check_request(params, self.limits)
        except RefusedError as error:
            return _errored(ERROR_TYPES[error.status], error.message)
        turn = await self._play(params)
        if isinstance(turn, Failure):
            return _errored(turn.error_type, turn.message)
        if isinstance(turn, Answer) and turn.broken is not None:
            return None if turn.broken.kind == "hang" else _errored(turn.broken.error_type, "scripted")
        message = make_reply(turn, params, self._cache.use(params), self._numbers).message()
        return {"type": "succeeded", "message": {**message, "usage": {**message["usage"], "service_tier": "batch"}}}


def _errored(error_type: str, message: str) -> JsonObject:
    body = error_body(error_type, message, "req_batch")
    return {"type": "errored", "error": body}


def _check_headers(request: web.Request) -> None:
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    key = request.headers.get("x-api-key") or bearer
    if not key:
        raise RefusedError("x-api-key header is required", status=401)
    if key != API_KEY:
        raise RefusedError("invalid x-api-key", status=401)
    if "anthropic-version" not in request.headers:
        raise RefusedError("anthropic-version: header is required")


def _check_size(endpoint: str, content: bytes) -> None:
    if len(content) > (LARGEST_BATCH_BODY if endpoint == "batches.create" else LARGEST_BODY):
        raise RefusedError("Request exceeds the maximum size", status=413)
