"""Situations for talkers, with defaults."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from agents.conversation.talking import Situation
from agents.decision.interview import describe, question, slot_name
from agents.dialogue.speech import Suggestion
from agents.services.decision_state import Answer, DecisionState, Item, Question
from tests.unit.conversation.test_state import make_turn

WHEN = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Silence:
    """A speech that nobody hears."""

    async def write(self, text: str) -> None:
        """Say nothing."""

    async def finish(self, text: str, suggestions: Sequence[Suggestion] = ()) -> None:
        """Say nothing."""


SILENCE = Silence()


def make_question(slot: str) -> Question:
    about = question(slot)
    return Question(
        question_id=f"q-{slot}",
        slot=slot,
        text=about.text,
        why=about.why,
        status="open",
        control=about.control,
        options=about.options,
        fields=about.fields,
        example=about.example,
    )


def make_answer(slot: str, value: Any, who: str = "U1") -> Answer:
    return Answer(
        slot=slot,
        question=slot_name(slot),
        value=value,
        shown=describe(slot, value),
        who=who,
        source="1.1",
        said_at=WHEN,
    )


def make_state(
    *, open_slot: str | None = "problem", answers: Mapping[str, Any] | None = None, optional: Sequence[str] = ()
) -> DecisionState:
    return DecisionState(
        conversation_id="c",
        channel="C1",
        thread_ts="1.1",
        started_by="U1",
        verdict=None,
        answers=tuple(make_answer(slot, value) for slot, value in (answers or {}).items()),
        open_question=make_question(open_slot) if open_slot else None,
        optional_questions=tuple(Item(item=slot, text=slot_name(slot)) for slot in optional),
        unsettled=(),
        changeable=(),
        facts={},
        has_costs=False,
    )


def make_situation(
    text: str,
    *,
    is_first: bool = False,
    state: DecisionState | None = None,
    results: Sequence[Mapping[str, Any]] = (),
) -> Situation:
    return Situation(
        turn=make_turn(text=text), messages=[], results=results, is_first=is_first, state=state or make_state()
    )
