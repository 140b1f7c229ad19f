"""Two answers side by side as a card: as people see it, in every state, any within Slack's limits."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.services.decision_state import Contradiction
from bot.blocks.contradiction import KEEP, USE, contradiction_message
from tests.unit.blocks.checks import check_message
from tests.unit.conversation.factories import make_answer

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
ANA, BOB, CAT = "U0ANA", "U0BOB", "U0CAT"


def make_contradiction(**given: Any) -> Contradiction:
    held = make_answer("requests_per_day", 20_000, who=ANA)
    values: dict[str, Any] = {
        "contradiction_id": "c0ffee",
        "conversation_id": "9e4f418afe3f",
        "slot": "requests_per_day",
        "question": "Requests per day",
        "held": held,
        "value": 35_000,
        "shown": "35,000 requests a day",
        "who": BOB,
        "raised_at": NOW,
        "state": "open",
        "decided_by": None,
        "decided_at": None,
        "current": held,
    }
    return Contradiction(**{**values, **given})


def shown(contradiction: Contradiction) -> str:
    return json.dumps(check_message(contradiction_message(contradiction)).blocks, ensure_ascii=False)


def test_an_open_one_shows_both_with_a_button_each() -> None:
    text = shown(make_contradiction())

    assert "*35,000 requests a day*, <@U0BOB>, <!date^" in text
    assert "<@U0ANA>, <!date^" in text
    assert f'"action_id": "{KEEP}"' in text
    assert f'"action_id": "{USE}"' in text


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("kept", "kept by <@U0CAT>"),
        ("changed", "*35,000 requests a day*, chosen by <@U0CAT>"),
        ("overtaken", "answered by <@U0CAT>"),
    ],
)
def test_a_settled_one_says_what_was_chosen_by_whom_and_has_no_buttons(state: Any, words: str) -> None:
    text = shown(make_contradiction(state=state, decided_by=CAT, decided_at=NOW))

    assert words in text
    assert '"button"' not in text


def test_one_whose_answer_is_gone_says_so() -> None:
    settled = make_contradiction(state="overtaken", decided_by=CAT, decided_at=NOW, current=None)

    assert "not answered" in shown(settled)


@given(st.text(max_size=4_000), st.text(max_size=300), st.sampled_from(["open", "kept", "changed", "overtaken"]))
def test_whatever_an_answer_says_the_card_stays_within_slacks_limits(value: str, who: str, state: Any) -> None:
    decided = {"decided_by": who, "decided_at": NOW} if state != "open" else {}
    made = make_contradiction(shown=value, who=who, question=value[:200] or "?", state=state, **decided)

    check_message(contradiction_message(made))
    check_message(contradiction_message(replace(made, held=replace(made.held, shown=value))))


def test_an_answer_mentions_nobody() -> None:
    made = contradiction_message(make_contradiction(shown="<!channel> <@U0EVE>"))

    # A button's label is plain text, in which nothing is marked up.
    assert "&lt;!channel&gt; &lt;@U0EVE&gt;" in str(made.blocks[0])
    assert "<!channel>" not in str(made.blocks[0])
