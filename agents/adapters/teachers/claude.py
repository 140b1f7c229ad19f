"""Claude as a teacher: by Message Batches, or one answer at a time."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import anthropic
import httpx2
from anthropic import AsyncAnthropic
from anthropic.types import Message
from anthropic.types.messages import MessageBatch, MessageBatchIndividualResponse

from agents.adapters.teachers.batch_ids import custom_id, own_request_id, request_id
from agents.adapters.teachers.faults import Fault, Settings, cut_off, fault_of_status, late, unsent
from agents.adapters.teachers.patience import answered, plain
from agents.adapters.teachers.schemas import claude_schema, in_words, unfenced
from agents.dialogue.chat import Usage
from agents.distillation.teaching import (
    AnswerState,
    BatchProgress,
    FoundBatch,
    TeacherAnswer,
    TeacherRequest,
)
from agents.telemetry import Telemetry

SETTINGS: Final = Settings(api="Anthropic's API", key="ANTHROPIC_API_KEY", address="ANTHROPIC_BASE_URL")

# All that a call raises: of the SDK, of its transport in the middle of an answer, our own timeouts, and no JSON.
_RAISED: Final = (anthropic.AnthropicError, httpx2.HTTPError, OSError, ValueError)

# https://platform.claude.com/docs/en/build-with-claude/batch-processing: 100,000 requests or 256 MB. Fewer lose less
# where one expires.
_LARGEST_BATCH: Final = 10_000
_LARGEST_BYTES: Final = 64 * 1024 * 1024
_SUBMIT_S: Final = 300.0
_CALL_S: Final = 60.0
_ANSWER_S: Final = 600.0
_AT_ONCE: Final = 8
# The clocks of two hosts.
_SKEW: Final = dt.timedelta(minutes=2)
_PAGE, _MOST_LOOKED_AT = 100, 2_000

_STATES: Final[Mapping[str, AnswerState]] = {"canceled": "cancelled", "expired": "expired"}
_CUT: Final = frozenset({"max_tokens", "model_context_window_exceeded"})


class ClaudeBatches:
    """A Claude that answers in Message Batches, which have no name, no idempotency key and no metadata of their own.

    Args:
        model: As the API knows it.
        client: Made by `anthropic_client`.
    """

    effect_kind = "anthropic_batch"
    largest_batch = _LARGEST_BATCH
    largest_bytes = _LARGEST_BYTES

    def __init__(self, model: str, client: AsyncAnthropic) -> None:
        self.model = model
        self._batches = client.messages.batches
        self._asked = Asked(model)

    async def submit(self, name: str, requests: Sequence[TeacherRequest]) -> str:
        """Hand in a batch and return its id."""
        bodies: list[Any] = [
            {"custom_id": custom_id(name, each.id), "params": self._asked.body(each)} for each in requests
        ]
        try:
            async with asyncio.timeout(_SUBMIT_S):
                made = await self._batches.create(requests=bodies, timeout=_SUBMIT_S)
        except _RAISED as error:
            raise _fault(error).raised_of_submit() from None
        return made.id

    async def find(self, name: str, requests: int, since: dt.datetime) -> Sequence[FoundBatch]:
        """Return the batches of this size since then; one that has ended is known by its answers."""
        candidates: list[MessageBatch] = []
        looked_at = 0
        async with _safely(_SUBMIT_S):
            async for batch in self._batches.list(limit=_PAGE):
                looked_at += 1
                if batch.created_at < since - _SKEW or looked_at > _MOST_LOOKED_AT:
                    break
                if _size(batch) == requests:
                    candidates.append(batch)
        found = []
        for batch in candidates:
            is_ours = await self._is_named(name, batch) if batch.processing_status == "ended" else None
            if is_ours is not False:
                found.append(FoundBatch(batch.id, bool(is_ours)))
        return found

    async def progress(self, batch_id: str) -> BatchProgress:
        """Return how far a batch is."""
        async with _safely(_CALL_S):
            batch = await self._batches.retrieve(batch_id)
        counts = batch.request_counts
        return BatchProgress(batch.processing_status == "ended", counts.processing, _size(batch) - counts.processing)

    async def answers(self, name: str, batch_id: str) -> AsyncIterator[TeacherAnswer]:
        """Yield what came of each request."""
        async with _safely(_SUBMIT_S):
            lines = await self._batches.results(batch_id)
        seen: set[str] = set()
        async for line in _each(lines):
            known = own_request_id(name, line.custom_id, batch_id)
            if known not in seen:
                seen.add(known)
                yield _result(known, line)

    async def cancel(self, batch_id: str) -> None:
        """Have a batch end early."""
        if (await self.progress(batch_id)).has_ended:
            return
        async with _safely(_CALL_S):
            await self._batches.cancel(batch_id)

    async def _is_named(self, name: str, batch: MessageBatch) -> bool | None:
        """Return whether the requests of an ended batch carry the name; None where its answers are gone."""
        if batch.results_url is None:
            return None
        async with _safely(_CALL_S):
            lines = await self._batches.results(batch.id)
        async for line in _each(lines):
            return request_id(name, line.custom_id) is not None
        return None


class ClaudeLive:
    """A Claude that answers one request at a time.

    Args:
        model: As the API knows it.
        client: Made by `anthropic_client`.
    """

    effect_kind = "anthropic_messages"
    at_once = _AT_ONCE

    def __init__(self, model: str, client: AsyncAnthropic) -> None:
        self.model = model
        self._messages = client.messages
        self._asked = Asked(model)

    async def answer(self, request: TeacherRequest) -> TeacherAnswer:
        """Return what came of one request."""

        async def call() -> TeacherAnswer:
            async with asyncio.timeout(_ANSWER_S):
                message = await self._messages.create(**self._asked.body(request), timeout=_ANSWER_S)
            return _answer(request.id, message)

        return await answered(request.id, call, _fault, _RAISED)


def anthropic_client(api_key: str, base_url: str | None, telemetry: Telemetry | None = None) -> AsyncAnthropic:
    """Return a client that tries nothing again by itself: a batch that is handed in twice is paid twice."""
    return AsyncAnthropic(
        api_key=api_key,
        base_url=base_url,
        max_retries=0,
        open_telemetry={
            "tracer_provider": (telemetry or Telemetry()).tracer_provider,
            # A trace goes on at a server of one's own, and never at somebody else's.
            "propagation": base_url is not None,
            # Said here, where no variable of the environment can say otherwise.
            "traces": {"content_mode": "metadata_only"},
        },
    )


class Asked:
    """Makes the bodies of requests; what all of a run have in common, the schema, is made once."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._schema: Mapping[str, Any] | None = None
        self._bound: dict[str, Any] | None = None

    def body(self, request: TeacherRequest) -> dict[str, Any]:
        """Return the parameters of a message."""
        if self._schema is None or self._schema != request.schema:
            self._schema, self._bound = request.schema, claude_schema(request.schema)
        system = request.system if self._bound is not None else f"{request.system}\n\n{in_words(request.schema)}"
        body: dict[str, Any] = {
            "model": self._model,
            "max_tokens": request.max_tokens,
            "system": [{"type": "text", "text": system, "cache_control": {"type": "ephemeral"}}],
            "messages": [{"role": "user", "content": request.user}],
        }
        if self._bound is not None:
            body["output_config"] = {"format": {"type": "json_schema", "schema": self._bound}}
        return body


def _fault(error: Exception) -> Fault:
    """Return what an exception of a call means."""
    if isinstance(error, anthropic.APIStatusError):
        said = error.api_message if isinstance(error.api_message, str) else ""
        kind = "insufficient_quota" if "credit balance" in said.lower() else error.type or ""
        return fault_of_status(error.status_code, kind, error.response.headers.get("retry-after"), SETTINGS)
    if isinstance(error, httpx2.ConnectError) or isinstance(error.__cause__, httpx2.ConnectError):
        return unsent(SETTINGS)
    if isinstance(error, TimeoutError | anthropic.APITimeoutError | httpx2.TimeoutException):
        return late(SETTINGS)
    return cut_off(error, SETTINGS)


def _result(known: str, line: MessageBatchIndividualResponse) -> TeacherAnswer:
    result = line.result
    if result.type == "succeeded":
        return _answer(known, result.message)
    if result.type == "errored":
        return TeacherAnswer(id=known, state="errored", detail=result.error.error.type)
    return TeacherAnswer(id=known, state=_STATES.get(result.type, "errored"), detail=result.type)


def _answer(known: str, message: Message) -> TeacherAnswer:
    used = message.usage
    usage = Usage(
        input_tokens=used.input_tokens,
        cache_read_tokens=used.cache_read_input_tokens or 0,
        cache_write_tokens=used.cache_creation_input_tokens or 0,
        output_tokens=used.output_tokens,
    )
    if message.stop_reason == "refusal":
        category = getattr(message.stop_details, "category", None) or "unnamed"
        return TeacherAnswer(id=known, state="refused", detail=str(category), usage=usage)
    text = plain("".join(block.text for block in message.content if block.type == "text"))
    if message.stop_reason in _CUT:
        return TeacherAnswer(id=known, state="cut", detail=str(message.stop_reason), usage=usage)
    return TeacherAnswer(id=known, state="answered", text=unfenced(text), usage=usage)


def _size(batch: MessageBatch) -> int:
    counts = batch.request_counts
    return counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired


@asynccontextmanager
async def _safely(within_s: float) -> AsyncIterator[None]:
    """Give calls that may be repeated their time, and what they raise its meaning."""
    try:
        async with asyncio.timeout(within_s):
            yield
    except _RAISED as error:
        raise _fault(error).raised() from None


async def _each(lines: AsyncIterator[MessageBatchIndividualResponse]) -> AsyncIterator[MessageBatchIndividualResponse]:
    """Yield lines, each of which may take its time."""
    following: Callable[[], Any] = lines.__aiter__().__anext__
    while True:
        async with _safely(_CALL_S):
            try:
                line = await following()
            except StopAsyncIteration:
                return
        yield line
