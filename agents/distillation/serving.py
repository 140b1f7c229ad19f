"""What a server of models serves, and what came of one call of a model there."""

from dataclasses import dataclass

from agents.errors import UserError


class ServerError(UserError):
    """A server of models does not answer, or refuses; the text says what and what to do."""


@dataclass(frozen=True, slots=True)
class ServedModel:
    """One name that a server answers to; `parent` is the base of an adapter, None for a base."""

    name: str
    parent: str | None = None
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote, and what it took."""

    text: str
    tokens_in: int
    tokens_out: int
    latency_s: float
