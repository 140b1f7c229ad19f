"""Sending an answer: token by token, whole, or broken off on the way."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable

from aiohttp import web

from tests.fakes.messages_api.script import Answer, Break, Failure
from tests.fakes.messages_api.streaming import Reply
from tests.fakes.messages_api.validation import LONE_SURROGATE
from tests.fakes.messages_api.wire import ERROR_TYPES, JsonObject, error_body

OVERLOADED = 529
_SENT_KEPT = 10_000


class Sender:
    """Sends to clients; those that it lets hang are let go when the server stops.

    Attributes:
        sent: The newest pieces of text, each with the Unix time at which it had left.
    """

    def __init__(self) -> None:
        self._stopping = asyncio.Event()
        self.sent: deque[tuple[float, str]] = deque(maxlen=_SENT_KEPT)

    def release(self) -> None:
        """Let go of every client that hangs."""
        self._stopping.set()

    async def whole(
        self, request: web.Request, answer: Answer, reply: Reply, error: Callable[[Failure], web.Response]
    ) -> web.StreamResponse:
        """Send the answer as one message, after the time that its tokens take."""
        if answer.broken is not None:
            return await self.broken(request, answer.broken, error)
        await asyncio.sleep(answer.first_token_delay_s + answer.token_delay_s * (reply.output_tokens - 1))
        return web.json_response(reply.message(), headers={"request-id": f"req_{reply.message_id}"})

    async def broken(
        self, request: web.Request, fault: Failure | Break, error: Callable[[Failure], web.Response]
    ) -> web.StreamResponse:
        """Fail before anything was sent."""
        if isinstance(fault, Failure):
            return error(fault)
        if fault.kind == "error":
            statuses = {name: status for status, name in ERROR_TYPES.items()}
            return error(Failure(statuses.get(fault.error_type, OVERLOADED), fault.error_type, "scripted"))
        await self._drop(request, fault)
        return web.Response()

    async def stream(self, request: web.Request, answer: Answer, reply: Reply, request_id: str) -> web.StreamResponse:
        """Send the answer as events."""
        response = web.StreamResponse(headers={"request-id": request_id, "cache-control": "no-cache"})
        response.content_type, response.charset = "text/event-stream", "utf-8"
        await response.prepare(request)
        broken, spoke = answer.broken, False
        for number, event in enumerate(reply.events()):
            if broken is not None and number >= broken.after_events:
                break
            if event["type"] == "content_block_delta":
                await asyncio.sleep(answer.token_delay_s if spoke else answer.first_token_delay_s)
                spoke = True
            await _send(response, event)
            if event["type"] == "content_block_delta" and event["delta"]["type"] == "text_delta":
                self.sent.append((time.time(), event["delta"]["text"]))
        if broken is not None:
            await self._break_off(request, response, broken, request_id)
        return response

    async def _break_off(
        self, request: web.Request, response: web.StreamResponse, broken: Break, request_id: str
    ) -> None:
        if broken.kind == "error":
            await _send(response, error_body(broken.error_type, "scripted", request_id))
        else:
            await self._drop(request, broken)

    async def _drop(self, request: web.Request, broken: Break) -> None:
        """Close the connection without an end of the answer, at once or when the server stops."""
        if broken.kind == "hang":
            await self._stopping.wait()
        # Closing lets what was sent arrive; aborting could take it back.
        if request.transport is not None:
            request.transport.close()


async def _send(response: web.StreamResponse, event: JsonObject) -> None:
    data = json.dumps(event, ensure_ascii=False)
    # A model may write half a surrogate pair, which JSON can hold and UTF-8 cannot.
    data = LONE_SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", data)
    await response.write(f"event: {event['type']}\ndata: {data}\n\n".encode())
