"""What talking may cost: who is about to speak to which model, and who says whether they may."""

from dataclasses import dataclass
from typing import Literal, Protocol

from agents.dialogue.chat import ModelFailure, Usage

Purpose = Literal["talk", "rewrite"]
"""`rewrite`: a reply that the guard withheld a sentence of is asked for once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaking:
    """One call of a model that is about to be made.

    `request_tokens` and `max_tokens` are the most that it can use; `step` counts the talker's turns to speak in a turn.
    """

    team_id: str
    conversation_id: str
    user_id: str
    turn_id: str
    step: int
    model: str
    request_tokens: int
    max_tokens: int
    purpose: Purpose = "talk"


class Meter(Protocol):
    """Lets calls be made as far as budgets allow, and writes down what they cost."""

    async def begin(self, call: Speaking) -> str:
        """Reserve the most that the call can cost, and return its id.

        Raises:
            ModelFailure: A budget would be exceeded (`budget`); the detail says which, and what to do.
        """
        ...

    async def end(
        self, call_id: str, *, usage: Usage | None, stop_reason: str | None, failure: ModelFailure | None
    ) -> None:
        """Write down what became of a call; without `usage` its reservation stands."""
        ...


class Unmetered:
    """Lets every call pass and keeps nothing, where nobody pays."""

    async def begin(self, call: Speaking) -> str:
        """Return an id that names the call's place in its turn."""
        return f"{call.turn_id}:{call.step}:{call.purpose}"

    async def end(
        self, call_id: str, *, usage: Usage | None, stop_reason: str | None, failure: ModelFailure | None
    ) -> None:
        """Keep nothing."""
