"""One call of a tool: the turn it is made in, its key, what was said, and whether a model makes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agents.conversation.state import Message, ToolCall, Turn
from agents.conversation.tools.said import Said, said_in

_BY_CODE: Final = frozenset({"guided", "scripted"})
"""Talkers whose calls are made by code. Any other's are a model's: it takes the model's arguments, and no others."""


@dataclass(frozen=True, slots=True)
class Calling:
    """A call with its surroundings; `key` is the same where a cut-off turn repeats it, and no other call has it."""

    turn: Turn
    key: str
    history: Sequence[Message]
    is_model: bool

    @classmethod
    def of(cls, turn: Turn, call: ToolCall, history: Sequence[Message]) -> "Calling":
        """Return a call as it stands in the history."""
        asking = next(
            (each for each in history if any(made["id"] == call["id"] for made in each.get("calls", []))), None
        )
        # What was pressed is called for by nobody; an older version did not write down who spoke, and knew no models.
        by = asking.get("by") if asking is not None else "nobody"
        # "guided, in place of claude": who spoke comes first.
        speaker = None if by is None else by.partition(",")[0]
        return cls(turn, call["id"], history, speaker is not None and speaker not in _BY_CODE)

    @property
    def team_id(self) -> str:
        """The team of the conversation."""
        return self.turn["team_id"]

    @property
    def conversation_id(self) -> str:
        """The conversation."""
        return self.turn["conversation_id"]

    @property
    def is_first(self) -> bool:
        """Whether the turn is the conversation's first."""
        return bool(self.history) and self.history[0]["id"] == self.turn["id"]

    def said(self) -> list[Said]:
        """Return what people wrote in the messages that are kept, oldest first."""
        return said_in(self.history, self.turn)
