"""What the cards of a conversation show: plain values, worded, without anything of Slack."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from agents.decision.questions import Control, Field, Option
from agents.services.default_views import DefaultView, Rememberable

QuestionStatus = Literal["open", "answered", "withdrawn", "delegated"]
RungState = Literal["done", "here", "next", "out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One current answer: what was said, by whom, where and when."""

    slot: str
    question: str
    # As stored, and as a person reads it ("20,000 requests a day").
    value: Any
    shown: str
    who: str
    # The message ts or event key it came from.
    source: str
    said_at: datetime
    # Who said the workspace's default that it was taken from, and on which day; None for any other answer.
    origin: tuple[str, str] | None = None
    # False for "not sure", "not tested" and the like: it was asked, and it decides nothing.
    is_known: bool = True
    # Answers that this one replaced, oldest first, each with who gave it.
    earlier: tuple["EarlierAnswer", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierAnswer:
    """An answer that was changed later."""

    shown: str
    who: str
    said_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegated:
    """Whom a question was put to, by whom and when."""

    delegation_id: str
    asked_of: str
    asked_by: str
    asked_at: datetime
    reminded_at: datetime | None
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question as its card shows it; collapsed to the answer once it is answered.

    `control`, `options` and `fields` are the interview's; `example` is a typed reply that would be understood, and
    empty where there are only buttons. `status` is "delegated" while a colleague is asked.
    """

    question_id: str
    slot: str
    text: str
    why: str
    status: QuestionStatus
    control: Control
    options: tuple[Option, ...] = ()
    fields: tuple[Field, ...] = ()
    example: str = ""
    answer: Answer | None = None
    delegated: Delegated | None = None
    # Others can read the thread, so a colleague may be asked.
    may_delegate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """What somebody said against an answer that held, until somebody chooses; `value` is what they said, as stored.

    `state` is "kept" where the held answer was left, "changed" where the newer one was chosen, and "overtaken" where
    another answer took their place. `current` is the answer that holds now.
    """

    contradiction_id: str
    conversation_id: str
    slot: str
    question: str
    held: Answer
    value: Any
    shown: str
    who: str
    raised_at: datetime
    state: Literal["open", "kept", "changed", "overtaken"]
    decided_by: str | None
    decided_at: datetime | None
    current: Answer | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """Who watches the verdict, and since when."""

    watch_id: str
    saved_by: str
    saved_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A rule that took part, in words, and the answers or figures that triggered it."""

    rule: str
    title: str
    text: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotBecause:
    """An approach that was ruled out, and why."""

    approach: str
    label: str
    reason_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """A gate that is shut: whether it failed or is unknown, and what lifts it."""

    blocker: str
    state: Literal["failed", "unknown"]
    text: str
    lifted_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An addition, a to-do or an optional question: its id and its words."""

    item: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step of the ladder from prompting to distillation."""

    rung: str
    label: str
    # done: below where the task stands; here: where it stands; next: above it; out: a step to leave out.
    state: RungState
    # The evidence that would lift the task onto a rung above.
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The verdict as its card shows it; provisional while a question that matters is open."""

    approach: str
    label: str
    summary: str
    wanted: str
    wanted_label: str
    method: str | None
    method_text: str
    # How a distillation is done, in order; empty for anything else.
    steps: tuple[str, ...]
    confidence: Literal["low", "medium", "high"]
    is_provisional: bool
    reasons: tuple[Reason, ...]
    not_because: tuple[NotBecause, ...]
    blockers: tuple[Blocker, ...]
    todo: tuple[Item, ...]
    add: tuple[Item, ...]
    what_would_change: tuple[str, ...]
    ladder: tuple[Rung, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedFile:
    """A file of examples that somebody dropped: its name as they gave it, its rows, and how many have an output."""

    name: str
    rows: int
    with_output: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionState:
    """All that the question, verdict and answers cards show; the newest, read when a card is sent."""

    conversation_id: str
    channel: str
    thread_ts: str
    started_by: str
    # None until the first answer.
    verdict: Verdict | None
    # In interview order.
    answers: tuple[Answer, ...]
    open_question: Question | None
    # May still be asked: they change the method, additions or to-dos, not the verdict. `item` is the slot.
    optional_questions: tuple[Item, ...]
    # Not known although asked, or not asked yet, and able to change the verdict; `item` is the slot.
    unsettled: tuple[Item, ...]
    # Slots a person may change or fill in by hand; `item` is the slot.
    changeable: tuple[Item, ...]
    facts: Mapping[str, Any]
    # Prices are in and a comparison has been made.
    has_costs: bool
    # What colleagues have been asked and not answered yet.
    delegated: tuple[Question, ...] = ()
    # None while nobody watches it.
    watched: Watched | None = None
    # Answers that do not go together, and that nobody has chosen between yet.
    disputed: tuple[Contradiction, ...] = ()
    # What the workspace usually has, and what of this conversation could be remembered so.
    defaults: tuple[DefaultView, ...] = ()
    rememberable: tuple[Rememberable, ...] = ()
    # Files of examples that people dropped in the thread, the newest first.
    files: tuple[DroppedFile, ...] = ()
