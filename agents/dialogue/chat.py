"""What a chat model is asked and what comes back, as plain values of the Messages API's shape."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

FailureKind = Literal["rate_limited", "overloaded", "timeout", "unreachable", "cut", "refused", "rejected", "budget"]
"""`rejected`: the request itself was not taken (a bad key, an unknown model, a 400); `budget`: ours, not the API's."""

StopReason = Literal["end_turn", "tool_use", "max_tokens", "stop_sequence", "pause_turn"]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model is shown it; `schema` is strict JSON Schema of an object."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call of a chat model.

    `system` is the frozen part, the same bytes for every conversation: with the tools before it, it is what a prompt
    cache holds. `messages` are in the Messages API's own shape, wire-valid; the last one may carry what is volatile.
    """

    system: str
    tools: tuple[ToolSpec, ...]
    messages: Sequence[Mapping[str, Any]]
    max_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one call; `input_tokens` are those neither read from a cache nor written to it."""

    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class TextPiece:
    """The next few characters of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class CallMade:
    """A tool call, whole; `arguments` is as the model wrote it, not checked."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ended:
    """The last event of an answer."""

    stop_reason: StopReason
    usage: Usage


ChatEvent = TextPiece | CallMade | Ended


class ModelFailure(Exception):  # noqa: N818  # what happened to the model, not a fault of the program
    """A model did not answer, or not to the end.

    Args:
        kind: What happened.
        detail: For people and logs: never the content of a message, never a key.
        retry_after_s: When the model wants to be asked again, where it said so.
        category: Of a refusal, as the API names it.
        usage: What the call had used by then, as far as it is known.
    """

    def __init__(
        self,
        kind: FailureKind,
        detail: str,
        *,
        retry_after_s: float | None = None,
        category: str | None = None,
        usage: Usage | None = None,
    ) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind: FailureKind = kind
        self.detail = detail
        self.retry_after_s = retry_after_s
        self.category = category
        self.usage = usage
