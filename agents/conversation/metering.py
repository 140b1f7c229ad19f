"""What talking may cost: who says whether a model may be spoken to, and what is written down after."""

from typing import Protocol

from agents.dialogue.chat import ModelFailure, Usage
from agents.dialogue.speaking import Purpose, Speaking

__all__ = ["Meter", "Purpose", "Speaking", "Unmetered"]


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
        """Write down what became of a call.

        Without `usage`, here or in the failure, its reservation stands, but where the failure says that the model
        took nothing.
        """
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
