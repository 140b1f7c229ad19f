"""Questions as values: what makes one, and what an answer reads like."""

from datetime import UTC, datetime
from typing import Any

import pytest

from agents.runs.questions import ABORT, Choice, Question, QuestionView, chosen, shown_answer

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CHOICES = (Choice("go", "Go on"), Choice("adopt", "Adopt one", entry="Batch id"))


def make_view(**given: Any) -> QuestionView:
    values: dict[str, Any] = {
        "id": "q", "run_id": "r", "seq": 0, "kind": "toy", "text": "?", "details": {}, "choices": CHOICES,
        "state": "answered", "asked_at": NOW, "choice": None, "value": None, "answered_by": "U0BOB", "answered_at": NOW,
    }  # fmt: skip
    return QuestionView(**{**values, **given})


@pytest.mark.parametrize("ids", [(), ("go", "go")])
def test_a_question_needs_choices_that_differ(ids: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="choices with ids of their own"):
        Question("toy", "?", tuple(Choice(each, each) for each in ids))


def test_a_question_does_not_name_what_every_question_offers() -> None:
    with pytest.raises(ValueError, match="'abort' is offered with every question"):
        Question("toy", "?", (Choice("go", "Go on"), Choice(ABORT, "Stop")))


def test_a_choice_is_found_by_its_id_and_abort_always_is() -> None:
    assert chosen(make_view(), "adopt") is CHOICES[1]
    assert chosen(make_view(), "dance") is None
    abort = chosen(make_view(), ABORT)
    assert abort is not None
    assert (abort.id, abort.is_spend, abort.entry) == (ABORT, False, "")


@pytest.mark.parametrize(
    ("choice", "value", "words"),
    [
        (None, None, ""),
        ("go", None, "Go on"),
        ("adopt", "b-7", "Adopt one: b-7"),
        (ABORT, None, "Abort the run"),
        ("of_a_newer_version", None, "of_a_newer_version"),
    ],
)
def test_an_answer_reads_as_its_button_with_what_was_entered(choice: str | None, value: str, words: str) -> None:
    assert shown_answer(make_view(choice=choice, value=value)) == words
