"""Who speaks for Cairn: each talker reads the situation and says what to say and which tools to call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from agents.conversation.state import Message, Turn
from agents.dialogue.speech import Suggestion
from agents.ports import Speech
from agents.services.decision_state import DecisionState


@dataclass(frozen=True, slots=True)
class Wanted:
    """A tool a talker wants called."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a talker says and wants done; no calls end the turn.

    `by` names who spoke where it was not the talker that was asked, as when a model is down.
    """

    text: str = ""
    calls: Sequence[Wanted] = ()
    suggestions: Sequence[Suggestion] = ()
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that a talker may know: the turn, the history, and the newest state of the answers.

    `results` are the data of this turn's tool results, in order, each with its tool's name under "tool".
    """

    turn: Turn
    messages: Sequence[Message]
    results: Sequence[Mapping[str, Any]]
    is_first: bool
    state: DecisionState


class Talker(Protocol):
    """Guided (no model), and talkers with a model behind them."""

    name: str

    async def reply(self, situation: Situation, speech: Speech) -> Reply:
        """Return what to say and do next; asked again after the calls are done.

        Pieces of the text may be written to `speech` before it is whole; who asked finishes it.
        """
        ...
