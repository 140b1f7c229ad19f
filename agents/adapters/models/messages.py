"""A model behind the Messages API: Claude, or an open model on vLLM, by the same client."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from anthropic import AsyncAnthropic, AsyncStream
from anthropic.types import RawMessageStreamEvent

from agents.adapters.models.backend import Backend, count_body, stream_body
from agents.adapters.models.failures import RAISED, failure_of
from agents.dialogue.chat import CallMade, ChatEvent, Ended, ModelFailure, Request, StopReason, TextPiece, Usage
from agents.telemetry import Telemetry

BROKEN = "_broken"
"""The argument of a call whose JSON cannot be read, kept or sent again: no tool takes it, and says so."""

# No tool takes anything near this deep, and Python's recursion ends at a thousand.
_DEEPEST: Final = 20
# A checkpoint's integers, and its sign.
_BITS: Final = 64

# One more try, where it did not even begin and does not ask for more patience than this.
_PATIENCE_S: Final = 3.0
_PAUSE_S: Final = 0.5
_TRIED_AGAIN: Final = frozenset({"rate_limited", "overloaded", "unreachable"})
# What is none of these, as a context that is full, has an answer that ends there.
_STOPS: Final[Mapping[str, StopReason]] = {
    "tool_use": "tool_use",
    "max_tokens": "max_tokens",
    "stop_sequence": "stop_sequence",
    "pause_turn": "pause_turn",
}

_Stream = AsyncStream[RawMessageStreamEvent]


class AnthropicChat:
    """A model that talks over the Messages API.

    Args:
        backend: The server, its model and its limits.
        api_key: For the server; vLLM takes any.
        telemetry: Gets the spans that the SDK makes of each call.
    """

    def __init__(self, backend: Backend, api_key: str, telemetry: Telemetry | None = None) -> None:
        self._backend = backend
        # What is tried again, and how long for, is said here: the SDK would wait as long as any server tells it to.
        self._client = AsyncAnthropic(
            api_key=api_key,
            base_url=backend.base_url,
            timeout=backend.call_s,
            max_retries=0,
            open_telemetry={
                "tracer_provider": (telemetry or Telemetry()).tracer_provider,
                # A trace goes on at a server of one's own, and never at somebody else's.
                "propagation": backend.base_url is not None,
                # Said here, where no variable of the environment can say otherwise.
                "traces": {"content_mode": "metadata_only"},
            },
        )

    @property
    def name(self) -> str:
        """The model's name."""
        return self._backend.model

    @property
    def context_tokens(self) -> int:
        """Tokens of a request and its answer together."""
        return self._backend.context_tokens

    @property
    def max_tokens(self) -> int:
        """Tokens of one answer."""
        return self._backend.max_tokens

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def stream(self, request: Request) -> AsyncIterator[ChatEvent]:
        """Yield the answer as it comes.

        Raises:
            ModelFailure: There is no answer, or its rest is missing.
        """
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + self._backend.call_s
        try:
            stream, event = await self._begun(request, ends_at)
        except ModelFailure as failure:
            pause_s = _PAUSE_S if failure.retry_after_s is None else failure.retry_after_s
            if failure.kind not in _TRIED_AGAIN or pause_s > _PATIENCE_S or loop.time() + pause_s > ends_at:
                raise
            await asyncio.sleep(pause_s)
            stream, event = await self._begun(request, ends_at)
        answer = _Answer()
        try:
            async with stream:
                while event is not None:
                    for made in answer.take(event):
                        yield made
                    event = await _next(stream, ends_at)
        except RAISED as error:
            raise failure_of(error, self._backend.set_by, usage=answer.usage) from error
        for last in answer.end():
            yield last

    async def count_tokens(self, request: Request) -> int:
        """Return the tokens of a request.

        Raises:
            ModelFailure: They cannot be counted.
        """
        try:
            async with asyncio.timeout(self._backend.count_s):
                counted = await self._client.messages.count_tokens(**count_body(self._backend, request))
        except RAISED as error:
            raise failure_of(error, self._backend.set_by, usage=None) from error
        return counted.input_tokens

    async def _begun(self, request: Request, ends_at: float) -> tuple[_Stream, RawMessageStreamEvent | None]:
        """Return an answer that has begun, and its first event.

        Raises:
            ModelFailure: It does not begin.
        """
        begins_by = min(asyncio.get_running_loop().time() + self._backend.first_event_s, ends_at)
        try:
            async with asyncio.timeout_at(begins_by):
                stream = await self._client.messages.create(**stream_body(self._backend, request), stream=True)
            try:
                return stream, await _next(stream, begins_by)
            except BaseException:
                await stream.close()
                raise
        except RAISED as error:
            raise failure_of(error, self._backend.set_by, usage=None) from error


async def _next(stream: _Stream, ends_at: float) -> RawMessageStreamEvent | None:
    """Return the next event; None where there are no more."""
    async with asyncio.timeout_at(ends_at):
        try:
            return await anext(stream)
        except StopAsyncIteration:
            return None


class _Answer:
    """An answer under way: blocks by their index, usage as it is told."""

    def __init__(self) -> None:
        # None until the model says that it has begun.
        self.usage: Usage | None = None
        self._calls: dict[int, tuple[str, list[str]]] = {}
        self._stop_reason: str | None = None
        self._category: str | None = None

    def take(self, event: RawMessageStreamEvent) -> list[ChatEvent]:
        """Return what an event of the stream tells."""
        if event.type == "message_start":
            self._use(event.message.usage)
        elif event.type == "content_block_start" and event.content_block.type == "tool_use":
            self._calls[event.index] = (event.content_block.name, [])
        elif event.type == "content_block_start" and event.content_block.type == "text" and event.content_block.text:
            return [TextPiece(event.content_block.text)]
        elif event.type == "content_block_delta" and event.delta.type == "text_delta":
            return [TextPiece(event.delta.text)]
        elif event.type == "content_block_delta" and event.delta.type == "input_json_delta":
            if event.index in self._calls:
                self._calls[event.index][1].append(event.delta.partial_json)
        elif event.type == "content_block_stop" and event.index in self._calls:
            name, pieces = self._calls.pop(event.index)
            return [CallMade(name, _arguments("".join(pieces)))]
        elif event.type == "message_delta":
            self._stop_reason = event.delta.stop_reason
            details = getattr(event.delta, "stop_details", None)
            self._category = getattr(details, "category", None)
            self._use(event.usage)
        return []

    def end(self) -> list[ChatEvent]:
        """Return the last event.

        Raises:
            ModelFailure: The model refused, or its answer has no end.
        """
        if self._stop_reason == "refusal":
            category = self._category or "unnamed"
            raise ModelFailure("refused", "it does not answer that", category=category, usage=self.usage)
        if self._stop_reason is None:
            raise ModelFailure("cut", "its answer has no end", usage=self.usage)
        return [Ended(_STOPS.get(self._stop_reason, "end_turn"), self.usage or Usage())]

    def _use(self, told: Any) -> None:
        """Take the counts that an event names; those it does not stay."""
        held = self.usage or Usage()
        self.usage = Usage(
            input_tokens=_count(told, "input_tokens", held.input_tokens),
            cache_read_tokens=_count(told, "cache_read_input_tokens", held.cache_read_tokens),
            cache_write_tokens=_count(told, "cache_creation_input_tokens", held.cache_write_tokens),
            output_tokens=_count(told, "output_tokens", held.output_tokens),
        )


def _count(told: Any, name: str, held: int) -> int:
    value = getattr(told, name, None)
    return value if isinstance(value, int) else held


def _arguments(written: str) -> dict[str, Any]:
    if not written.strip():
        return {}
    try:
        read = json.loads(written, parse_constant=_refused, parse_float=_float, parse_int=_int)
    except (ValueError, RecursionError):
        return {BROKEN: written[:500]}
    return read if isinstance(read, dict) and not _is_deeper(read, _DEEPEST) else {BROKEN: written[:500]}


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return not levels or any(_is_deeper(each, levels - 1) for each in inner)


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _float(written: str) -> float:
    value = float(written)
    return value if math.isfinite(value) else _refused(written)


def _int(written: str) -> int:
    value = int(written)
    return value if value.bit_length() < _BITS else _refused(written)
