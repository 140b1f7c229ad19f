"""Watched decisions and questions to colleagues as cards: as people see them, any within Slack's limits."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.services.decision_state import Delegated, Question
from agents.services.watch_view import FlipView, WatchView
from bot.blocks.delegate import delegate_action, delegated_question
from bot.blocks.message import Message
from bot.blocks.question import colleague_message, question_message
from bot.blocks.verdict import STOP_WATCH
from bot.blocks.watch import entered_volume, flip_message, volume_form, watches_message
from tests.unit.blocks.checks import check_message, check_view
from tests.unit.conversation.factories import make_answer, make_question

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
ANA, BOB = "U0ANA", "U0BOB"


def make_watch(**given: Any) -> WatchView:
    values: dict[str, Any] = {
        "watch_id": "98e410c0f3cf",
        "conversation_id": "9e4f418afe3f",
        "title": "Our tickets cost too much",
        "verdict": "Prompting",
        "since": NOW,
        "cheapest": "Prompting claude-haiku-5-5, $36,500 a month",
        "saved_by": ANA,
        "saved_at": NOW,
        "checked_at": NOW,
        "checked_because": "prices were refreshed",
        "prices_of": "2026-11-24",
        "flips": 1,
        "outlook": ("Requests: above 67,000 requests/day, Distilled leads (now 20,000 requests/day, 3.4 times that)",),
        "unpriced": "",
        "is_active": True,
    }
    return WatchView(**{**values, **given})


def make_flip(**given: Any) -> FlipView:
    values: dict[str, Any] = {
        "watch_id": "98e410c0f3cf",
        "conversation_id": "9e4f418afe3f",
        "title": "Our tickets cost too much",
        "headline": "The verdict flips: Distillation with LoRA → Prompting",
        "changed": (
            ("Price of claude-sonnet-5-5", "$2.00 in", "$0.02 in", "U0BOB0001: your own price, 24 November 2026"),
        ),
        "more_changed": 0,
        "became": (
            ("Verdict", "Distillation with LoRA", "Prompting"),
            ("Cheapest", "A, $2 a month", "A, $2 a month"),
        ),
        "notices": (),
        "because": "the price of claude-sonnet-5-5 was set",
        "at": NOW,
        "is_watched": True,
    }
    return FlipView(**{**values, **given})


def texts(made: Message) -> str:
    return json.dumps(made.blocks, ensure_ascii=False)


def actions(made: Message) -> list[str]:
    return [
        element["action_id"] for block in made.blocks if block["type"] == "actions" for element in block["elements"]
    ]


def test_a_flip_says_what_changed_from_what_to_what_by_whom_and_what_came_of_it() -> None:
    made = check_message(flip_message(make_flip()))
    shown = texts(made)
    assert (
        "Price of claude-sonnet-5-5: $2.00 in → *$0.02 in* _(<@U0BOB0001>: your own price, 24 November 2026)_" in shown
    )
    assert "Verdict: Distillation with LoRA → *Prompting*" in shown
    # What stayed is told without an arrow.
    assert "Cheapest: A, $2 a month" in shown
    assert "A, $2 a month → " not in shown
    assert actions(made) == ["show_costs", STOP_WATCH]
    assert made.text.startswith("The verdict flips")


def test_a_flip_of_a_watch_that_ended_offers_no_way_to_end_it() -> None:
    assert actions(check_message(flip_message(make_flip(is_watched=False)))) == ["show_costs"]


def test_many_changes_are_counted_where_they_are_not_shown() -> None:
    assert "and 7 more" in texts(check_message(flip_message(make_flip(more_changed=7))))


def test_the_list_says_verdict_since_when_last_checked_and_what_would_flip_it() -> None:
    made = check_message(watches_message([make_watch()]))
    shown = texts(made)
    for words in (
        "Our tickets",
        "Prompting since",
        "3.4 times",
        "checked",
        "prices were refreshed",
        "24 November 2026",
    ):
        assert words in shown
    assert actions(made) == ["update_volume", STOP_WATCH]


def test_a_watch_that_cannot_be_priced_says_so() -> None:
    assert "No price for model" in texts(
        check_message(watches_message([make_watch(unpriced="No price for model 'x'.")]))
    )


def test_nothing_watched_says_how_to_watch() -> None:
    assert "Press" in check_message(watches_message([])).text


def test_more_watches_than_fit_point_to_the_shell() -> None:
    made = check_message(watches_message([make_watch(watch_id=f"{number:012d}") for number in range(30)]))
    assert "and 22 more" in texts(made)


def test_the_volume_form_asks_in_free_words() -> None:
    view = check_view(volume_form(make_watch(), {"channel": "C1", "watch_id": "w"}))
    assert json.loads(view["private_metadata"]) == {"channel": "C1", "watch_id": "w"}
    assert entered_volume({"volume": {"entered": " 2M a month "}}) == "2M a month"
    assert entered_volume({"volume": {"entered": None}}) == ""


_words = st.text(max_size=400)


@given(_words, _words, st.lists(_words, max_size=12), st.lists(st.tuples(_words, _words, _words, _words), max_size=12))
def test_any_watch_and_any_flip_fit(title: str, cause: str, outlook: list[str], changed: list[Any]) -> None:
    watch = make_watch(title=title, checked_because=cause, outlook=tuple(outlook), cheapest=title, unpriced=cause)
    check_message(watches_message([watch] * 9))
    check_view(volume_form(watch, {}))
    check_message(
        flip_message(
            make_flip(title=title, headline=cause, changed=tuple(changed), because=cause, notices=tuple(outlook))
        )
    )


DELEGATED = Delegated(delegation_id="d1", asked_of=BOB, asked_by=ANA, asked_at=NOW, reminded_at=None, is_open=True)


def asked(slot: str = "evals", **changes: Any) -> Question:
    return replace(make_question(slot), status="delegated", delegated=DELEGATED, **changes)


def test_a_question_with_a_colleague_is_one_quiet_line_with_who_and_when() -> None:
    made = check_message(question_message("c", asked()))
    shown = texts(made)
    assert "<@U0ANA> asked <@U0BOB>" in shown
    assert "<!date^" in shown
    assert actions(made) == ["remind_colleague", "take_back_question"]
    reminded = replace(DELEGATED, reminded_at=NOW)
    assert "reminded" in texts(question_message("c", replace(asked(), delegated=reminded)))


@pytest.mark.parametrize("slot", ["evals", "problem", "requests_per_day", "latency_p95_ms", "gpu"])
def test_a_colleague_is_mentioned_and_has_the_same_controls(slot: str) -> None:
    made = check_message(colleague_message("c", asked(slot)))
    assert texts(made).count("<@U0BOB>, <@U0ANA> asks you") == 1
    assert "<@U0BOB>" in made.text
    own = [each for each in actions(question_message("c", make_question(slot))) if not each.startswith("ask_")]
    assert actions(made) == own


def test_what_became_of_it_is_a_line() -> None:
    answer = make_answer("evals", "golden", who=BOB)
    done = replace(asked(), status="answered", answer=answer, delegated=replace(DELEGATED, is_open=False))
    assert "<@U0BOB> answered" in texts(check_message(colleague_message("c", done)))
    gone = replace(asked(), status="withdrawn", delegated=replace(DELEGATED, is_open=False))
    assert "No longer needed" in texts(check_message(colleague_message("c", gone)))


def test_a_colleague_can_be_picked_only_where_others_read_along() -> None:
    here = replace(make_question("evals"), may_delegate=True)
    made = check_message(question_message("9e4f418afe3f", here))
    (picker,) = [each for each in actions(made) if each.startswith("ask_colleague")]
    assert delegated_question(picker) == ("9e4f418afe3f", "q-evals")
    assert delegate_action("c", "q") == "ask_colleague:c:q"
    assert not any(each.startswith("ask_colleague") for each in actions(question_message("c", make_question("evals"))))
