"""A call of a model that is about to be made: who speaks to which model, and the most that it can use."""

from dataclasses import dataclass
from typing import Literal

Purpose = Literal["talk", "rewrite"]
"""`rewrite`: a sentence of the reply was withheld, and the model is asked for it once more."""


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
