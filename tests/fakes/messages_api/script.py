"""What the model behind the fake does: answers, and the faults that come instead of or within one."""

import inspect
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tests.fakes.messages_api.wire import ERROR_TYPES, JsonObject


@dataclass(frozen=True, slots=True)
class Break:
    """How an answer fails on its way.

    Attributes:
        kind: "cut" drops the connection, "hang" says no more, "error" sends an error event with status 200.
        after_events: Events that still arrive. Without a stream none does, and "error" becomes a plain 529.
    """

    kind: Literal["cut", "hang", "error"]
    after_events: int = 0
    error_type: str = "overloaded_error"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says; a tool_use block without an id gets one.

    Attributes:
        content: Blocks of text, tool_use, thinking.
        stop_reason: Found from the content where None.
        first_token_delay_s: Waited before the first piece of content, of a stream or of a whole message.
        token_delay_s: Waited before each of the others.
    """

    content: Sequence[JsonObject] = ()
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: JsonObject | None = None
    first_token_delay_s: float = 0
    token_delay_s: float = 0
    broken: Break | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """An error with a status of its own in place of an answer."""

    status: int
    error_type: str
    message: str
    headers: dict[str, str] = field(default_factory=dict)


Turn = Answer | Failure
Script = Sequence[Turn] | Callable[[JsonObject], Turn | Awaitable[Turn]]


def say(text: str, *, token_delay_s: float = 0, first_token_delay_s: float = 0, broken: Break | None = None) -> Answer:
    """Return an answer of one text."""
    return Answer(
        [{"type": "text", "text": text}],
        token_delay_s=token_delay_s,
        first_token_delay_s=first_token_delay_s,
        broken=broken,
    )


def call(*tools: tuple[str, JsonObject], text: str | None = None, broken: Break | None = None) -> Answer:
    """Return an answer that calls tools, several at once where several are given as (name, input)."""
    said: list[JsonObject] = [{"type": "text", "text": text}] if text else []
    return Answer(
        [*said, *({"type": "tool_use", "name": name, "input": given} for name, given in tools)], broken=broken
    )


def refuse(category: str | None = None, explanation: str | None = None, text: str | None = None) -> Answer:
    """Return a refusal, after `text` where the classifiers stepped in late."""
    content: list[JsonObject] = [{"type": "text", "text": text}] if text else []
    details = {"type": "refusal", "category": category, "explanation": explanation}
    return Answer(content, stop_reason="refusal", stop_details=details)


def fail(status: int, *, retry_after_s: float | None = None, retried: bool | None = None) -> Failure:
    """Return a failure of this status as the API words it.

    Args:
        status: 400, 401, 403, 404, 413, 429, 500, 504 or 529.
        retry_after_s: The `retry-after` header.
        retried: The `x-should-retry` header, which the SDK obeys before its own rule.
    """
    headers: dict[str, str] = {}
    if retry_after_s is not None:
        headers["retry-after"] = f"{retry_after_s:g}"
    if retried is not None:
        headers["x-should-retry"] = "true" if retried else "false"
    return Failure(status, ERROR_TYPES[status], f"scripted {status}", headers)


class Turns:
    """The script as it is played: one turn for each request that was accepted."""

    def __init__(self, script: Script) -> None:
        self._next = script if callable(script) else None
        self._left: deque[Turn] = deque() if callable(script) else deque(script)

    @property
    def left(self) -> int:
        """How many turns of a list have not been asked for."""
        return len(self._left)

    def add(self, *turns: Turn) -> None:
        """Put turns behind those that are left of a list."""
        self._left.extend(turns)

    async def play(self, body: JsonObject) -> Turn:
        """Return the turn for this request; one too many is a failure that the SDK does not retry."""
        if self._next is not None:
            turn = self._next(body)
            return await turn if inspect.isawaitable(turn) else turn
        if not self._left:
            return Failure(500, "api_error", "the script has no turn left", {"x-should-retry": "false"})
        return self._left.popleft()
