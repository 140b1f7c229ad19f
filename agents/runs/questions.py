"""What a run asks people in its middle: the question as a value, and the answer that a stage gets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# Ends the run; every question offers it.
ABORT = "abort"
_ABORT_LABEL = "Abort the run"
# Characters of a value entered with a choice.
LONGEST_VALUE = 1_000


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that a person may choose.

    Attributes:
        id: What the stage gets back.
        label: The button's text, at most 75 characters.
        is_spend: Only an approver may choose it, since money follows from it.
        warning: What is asked before it counts; none where empty.
        entry: The label of a value to enter with it, such as "Batch id"; none where empty.
    """

    id: str
    label: str
    is_spend: bool = False
    warning: str = ""
    entry: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What a stage needs to know before it goes on; `kind` says who takes the answer."""

    kind: str
    text: str
    choices: tuple[Choice, ...]
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ids = [choice.id for choice in self.choices]
        if len(set(ids)) != len(ids) or not ids:
            raise ValueError(f"a question needs choices with ids of their own, not {ids}")
        if ABORT in ids:
            raise ValueError(f"{ABORT!r} is offered with every question and need not be named")


# In the details of a question: rows that people are to look at, the first of them the header.
TABLE = "table"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person chose, the value entered with it, and the event that it came with."""

    choice: str
    value: Any
    who: str
    event_key: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class QuestionView:
    """A question as it stands; `choice` and what follows are None until somebody answered."""

    id: str
    run_id: str
    seq: int
    kind: str
    text: str
    details: Mapping[str, Any]
    choices: tuple[Choice, ...]
    state: str
    asked_at: datetime
    choice: str | None
    value: Any
    answered_by: str | None
    answered_at: datetime | None


def table_of(details: Mapping[str, Any]) -> list[list[str]]:
    """Return the rows that people are to look at, the first of them the header; none where there are none."""
    return [[str(cell) for cell in row] for row in details.get(TABLE, ())]


def chosen(question: QuestionView, choice: str) -> Choice | None:
    """Return one of the question's choices by its id, `abort` among them; None where there is no such."""
    if choice == ABORT:
        return Choice(ABORT, _ABORT_LABEL)
    return next((each for each in question.choices if each.id == choice), None)


def shown_answer(question: QuestionView) -> str:
    """Return what was chosen, as people read it: the button's text and the value; empty while it is open."""
    if question.choice is None:
        return ""
    choice = chosen(question, question.choice)
    label = question.choice if choice is None else choice.label
    return label if question.value is None else f"{label}: {question.value}"
