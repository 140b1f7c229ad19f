"""Socket Mode: tickets, up to ten connections, envelopes to one of them, redelivery of what was not acknowledged."""

import asyncio
import json
import logging
import random
import secrets
import time
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from bot.localslack.faults import LINK, Fault, Faults
from bot.localslack.faultyanswers import early_answer
from bot.localslack.settings import JsonObject, LocalSlackSettings
from bot.localslack.state import State

logger = logging.getLogger(__name__)

# https://docs.slack.dev/apis/events-api/using-socket-mode/ allows ten open connections per app.
MOST_CONNECTIONS = 10
TICKET_LIFETIME_S = 30.0
# How the open connections may end; `link_enabled` ends nothing.
DISCONNECTS = ("refresh", "warning", "abrupt", "cut", "link_disabled", "link_enabled")
_REASONS = {"refresh": "refresh_requested", "warning": "warning", "link_disabled": "link_disabled"}


class NotAnsweredError(Exception):
    """The app was not there, or did not acknowledge in time; `code` says which."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class Delivery:
    """One envelope on its way over one connection; the answer is None when the connection closed before it.

    `is_deaf` stands for an acknowledgement that is lost on its way.
    """

    connection: web.WebSocketResponse
    is_deaf: bool = False
    answer: asyncio.Future[JsonObject | None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class SocketMode:
    """The open connections of the app and what travels over them."""

    def __init__(
        self, settings: LocalSlackSettings, state: State, faults: Faults, told: Callable[[bool], None]
    ) -> None:
        self._settings = settings
        self._state = state
        self._faults = faults
        self._told = told
        self._transports: dict[web.WebSocketResponse, asyncio.Transport] = {}
        self._tickets: dict[str, float] = {}
        self._connections: list[web.WebSocketResponse] = []
        self._deliveries: dict[str, Delivery] = {}
        self._connected = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.delivered = 0
        self.waiting = 0
        self.is_disabled = False

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    async def connected(self) -> None:
        """Wait until the app is connected."""
        await self._connected.wait()

    @property
    def unacknowledged(self) -> int:
        """How many envelopes are out and not acknowledged."""
        return len(self._deliveries)

    def ticket(self) -> str:
        """Return the right to connect once, soon."""
        now = time.monotonic()
        self._tickets = {ticket: until for ticket, until in self._tickets.items() if until > now}
        ticket = secrets.token_hex(16)
        self._tickets[ticket] = now + TICKET_LIFETIME_S
        return ticket

    def resume(self) -> None:
        """Take up the events that an earlier start left undelivered."""
        for payload in self._state.undelivered():
            self._spawn(self._deliver_event(payload, first_attempt=1))

    def send_event(self, payload: JsonObject) -> None:
        """Deliver an event until it is acknowledged or its retries are used up."""
        self._state.add_undelivered(payload)
        self._spawn(self._deliver_event(payload, first_attempt=0))

    async def request(self, kind: str, payload: JsonObject) -> JsonObject:
        """Return what the app answers to a command or an interaction, an empty object for a bare acknowledgement.

        Raises:
            NotAnsweredError: No connection is open, or no acknowledgement came in time.
        """
        if not self._connections:
            raise NotAnsweredError("app_offline")
        try:
            extra = {"accepts_response_payload": True}
            answer = await self._attempt(kind, payload, extra, self._faults.of(kind))
        except TimeoutError:
            answer = None
        if answer is None:
            raise NotAnsweredError("operation_timeout")
        return answer

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Hold one connection of the app."""
        refused = await early_answer(self._faults.of(LINK), request)
        if refused is not None:
            return refused
        if self._tickets.pop(request.query.get("ticket", ""), 0.0) < time.monotonic():
            raise web.HTTPForbidden(text="The ticket is unknown or too old; call apps.connections.open again.")
        connection = web.WebSocketResponse(autoping=True)
        await connection.prepare(request)
        if len(self._connections) >= MOST_CONNECTIONS:
            await connection.send_json({"type": "disconnect", "reason": "too_many_websockets", **_debug_info()})
            await connection.close()
            return connection
        self._connections.append(connection)
        if request.transport is not None:
            self._transports[connection] = request.transport
        try:
            await connection.send_json(self._hello())
            self._connected.set()
            self._told(True)
            async for message in connection:
                if message.type is WSMsgType.TEXT:
                    self._acknowledge(message.data)
        finally:
            self._forget(connection)
        return connection

    async def disconnect(self, mode: str) -> int:
        """End the open connections as Slack does now and then; return how many there were.

        `refresh` warns, waits up to 2 s for a new connection and closes; `warning` only warns; `abrupt` closes without
        a warning; `cut` is a network that is gone, without even a close frame. `link_disabled` is Socket Mode turned
        off in the app's settings: nothing connects until `link_enabled`.
        """
        old = list(self._connections)
        self.is_disabled = mode == "link_disabled" or (self.is_disabled and mode != "link_enabled")
        for connection in old if mode in _REASONS else ():
            await connection.send_json({"type": "disconnect", "reason": _REASONS[mode], **_debug_info()})
        if mode == "refresh":
            for _ in range(40):
                if any(connection not in old for connection in self._connections):
                    break
                await asyncio.sleep(0.05)
        for connection in old if mode not in {"warning", "link_enabled"} else ():
            if mode == "cut":
                self._cut(connection)
            else:
                self._forget(connection)
                await connection.close(code=WSCloseCode.GOING_AWAY, drain=False)
        return len(old)

    async def stop(self) -> None:
        """Close everything; undelivered events stay stored for the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in list(self._connections):
            await connection.close(code=WSCloseCode.GOING_AWAY)

    def _hello(self) -> JsonObject:
        return {
            "type": "hello",
            "num_connections": len(self._connections),
            "connection_info": {"app_id": self._settings.bot.app_id},
            **_debug_info(),
        }

    def _cut(self, connection: web.WebSocketResponse) -> None:
        transport = self._transports.get(connection)
        self._forget(connection)
        if transport is not None:
            transport.abort()

    def _forget(self, connection: web.WebSocketResponse) -> None:
        self._transports.pop(connection, None)
        if connection not in self._connections:
            return
        self._connections.remove(connection)
        for delivery in list(self._deliveries.values()):
            if delivery.connection is connection and not delivery.answer.done():
                delivery.answer.set_result(None)
        if not self._connections:
            self._connected.clear()
            self._told(False)

    def _acknowledge(self, text: str) -> None:
        try:
            acknowledgement = json.loads(text)
        except ValueError:
            acknowledgement = None
        if not isinstance(acknowledgement, dict) or "envelope_id" not in acknowledgement:
            logger.warning("the app sent a message that acknowledges no envelope")
            return
        delivery = self._deliveries.get(acknowledgement["envelope_id"])
        if delivery is not None and not delivery.is_deaf and not delivery.answer.done():
            delivery.answer.set_result(acknowledgement.get("payload") or {})

    async def _deliver_event(self, payload: JsonObject, *, first_attempt: int) -> None:
        attempt, reason = first_attempt, "timeout" if first_attempt else ""
        delays = self._settings.retry_delays_s
        while True:
            self.waiting += 1
            try:
                await self._connected.wait()
            finally:
                self.waiting -= 1
            fault = self._faults.of("events_api")
            retry = {"accepts_response_payload": False, "retry_attempt": attempt, "retry_reason": reason}
            try:
                is_done = await self._attempt("events_api", payload, retry, fault) is not None
                wait_s, reason = 0.0, "connection_failed"
            except TimeoutError:
                is_done = False
                wait_s, reason = (delays[attempt] if attempt < len(delays) else 0.0), "timeout"
            if is_done and fault is not None and fault.kind == "deliver_twice":
                # As after an acknowledgement that came, and that Slack's own side lost.
                is_done, reason = False, "timeout"
            if is_done or attempt >= len(delays):
                self._state.delete_undelivered(payload["event_id"])
                return
            await asyncio.sleep(wait_s)
            attempt += 1

    async def _attempt(
        self, kind: str, payload: JsonObject, extra: JsonObject, fault: Fault | None
    ) -> JsonObject | None:
        """Return the answer to one envelope, None when the connection closed before it.

        Raises:
            TimeoutError: The connection is there, the acknowledgement did not come in time.
        """
        what = fault.kind if fault is not None else ""
        if fault is not None and what == "delay_before":
            await asyncio.sleep(fault.seconds)
        if not self._connections:
            return None
        envelope_id = str(uuid.uuid4())
        connection = random.choice(self._connections)  # noqa: S311 - a choice, not a secret
        delivery = Delivery(connection, is_deaf=what == "lose_acknowledgement")
        self._deliveries[envelope_id] = delivery
        try:
            await connection.send_json({"envelope_id": envelope_id, "type": kind, "payload": payload, **extra})
            if what == "cut":
                self._cut(connection)
            # Not wait_for: under Python 3.11 it may swallow the cancellation of a stop that meets the answer.
            async with asyncio.timeout(self._settings.acknowledge_within_s):
                answer = await delivery.answer
        except ConnectionError:
            return None
        finally:
            del self._deliveries[envelope_id]
        self.delivered += answer is not None
        return answer

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _debug_info() -> JsonObject:
    return {"debug_info": {"host": "local-slack", "approximate_connection_time": 18060}}
