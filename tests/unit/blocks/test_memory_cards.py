"""What is remembered and forgotten as cards: as people see it, any within Slack's limits."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.services.default_views import NAMES, DefaultView, Rememberable, default_origin, default_source
from agents.services.defaults import Offer
from agents.services.forgetting import KeptOfConversation, KeptOfPerson, KeptThread
from bot.blocks.defaults import defaults_message, offer_message, picked_marks, remember_form
from bot.blocks.forget import forget_message, forgotten_message
from tests.unit.blocks.checks import check_message, check_view

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
ANA, BOB = "U0ANA", "U0BOB"
KEPT = KeptOfConversation(answers=4, verdicts=2, questions=5, comparisons=1, watches=1, proposals=1, calls=1)
OF_ANA = KeptOfPerson(conversations=1, answers_elsewhere=2, defaults=0, messages=7)


def make_default(**values: Any) -> DefaultView:
    made: dict[str, Any] = {
        "name": "gpu",
        "label": "GPUs",
        "value": {"kind": "H100-80", "count": 2},
        "shown": "2 x H100-80",
        "said_by": ANA,
        "said_at": NOW,
        "consented_by": BOB,
        "consented_at": NOW,
        "conversation_id": None,
        "age_days": 3,
        "is_stale": False,
    }
    return DefaultView(**{**made, **values})


def make_rememberable(**values: Any) -> Rememberable:
    made: dict[str, Any] = {
        "name": "gpu",
        "label": "GPUs",
        "value": {"kind": "H100-80", "count": 2},
        "shown": "2 x H100-80",
        "said_by": ANA,
        "said_at": NOW,
        "is_standing": True,
    }
    return Rememberable(**{**made, **values})


def make_offer(*views: DefaultView, **outcome: Any) -> Offer:
    return Offer(conversation_id="9e4f418afe3f", fitting=views, mark="m", outcome=outcome)


def make_thread() -> KeptThread:
    return KeptThread(channel="C1", thread_ts="1.1", started_by=ANA, created_at=NOW, kept=KEPT)


def test_an_old_default_says_how_old_it_is_wherever_it_is_offered() -> None:
    old = make_default(age_days=95, is_stale=True)
    for shown in (offer_message(make_offer(old)), defaults_message([old], "k")):
        assert "95 days old" in str(check_message(shown).blocks)
    assert "days old" not in str(offer_message(make_offer(make_default())).blocks)


def test_what_was_left_as_it_is_is_told_with_who_said_it() -> None:
    shown = check_message(
        offer_message(make_offer(used_by=BOB, taken=[], left=[f"GPUs: 8 x H100 <here>, from <@{ANA}>; default 2"]))
    )
    text = shown.blocks[0]["elements"][0]["text"]
    assert f"Left as it is: GPUs: 8 x H100 &lt;here&gt;, from <@{ANA}>" in text


def test_a_form_asks_for_volumes_apart_and_ticks_none_of_them() -> None:
    volume = make_rememberable(name="requests_per_day", label="Requests", value=1, shown="1 a day", is_standing=False)
    form = check_view(remember_form([make_rememberable(remembered="1 x A100"), volume], {"conversation_id": "c"}))
    standing, task = [block["element"] for block in form["blocks"] if block["type"] == "input"]
    assert standing["initial_options"] == standing["options"]
    assert "(now 1 x A100)" in standing["options"][0]["text"]["text"]
    assert "initial_options" not in task


def test_only_what_is_ticked_is_picked() -> None:
    assert picked_marks({"standing": {"picked": ["gpu:1"]}, "volumes": {"picked": None}}) == ["gpu:1"]
    assert picked_marks({}) == []


def test_no_button_that_deletes_acts_without_one_more_question() -> None:
    card = check_message(forget_message(make_thread(), OF_ANA, ["gpu"], ("thread", "me", "defaults")))
    listed = check_message(defaults_message([make_default(), make_default(name="tokens")], "k"))
    buttons = [
        element
        for block in (*card.blocks, *listed.blocks)
        for element in [*block.get("elements", []), block.get("accessory") or {}]
        if element.get("type") == "button"
    ]
    assert len(buttons) == 6
    assert all("confirm" in each for each in buttons)


def test_where_there_is_nothing_to_forget_no_button_offers_it() -> None:
    card = check_message(forget_message(None, OF_ANA, [], ("thread", "defaults")))
    assert not [block for block in card.blocks if "accessory" in block]


def test_a_thread_is_told_what_stays_of_it() -> None:
    shown = check_message(forgotten_message({"who": ANA, "kept": {
        "answers": 4, "verdicts": 1, "questions": 0, "comparisons": 0, "proposals": 1, "calls": 1, "watches": 0,
    }}))  # fmt: skip
    text = shown.blocks[0]["elements"][0]["text"]
    assert "4 answers, 1 verdict, and my messages" in text
    assert "Still kept: 1 proposal, 1 call of a model" in text


@given(shown=st.text(max_size=400), who=st.text(max_size=80), label=st.text(max_size=200))
def test_any_words_make_cards_that_slack_takes(shown: str, who: str, label: str) -> None:
    views = [make_default(name=name, shown=shown, label=label, said_by=who) for name in NAMES]
    check_message(defaults_message(views, "k" * 100))
    check_message(offer_message(make_offer(*views)))
    check_message(offer_message(make_offer(used_by=who, taken=[shown] * 12, left=[shown] * 12)))
    check_view(remember_form([make_rememberable(name=name, shown=shown, label=label) for name in NAMES], {}))


@pytest.mark.parametrize("who", [ANA, "shell:root"])
def test_the_source_of_a_used_default_says_who_said_it_and_when(who: str) -> None:
    source = default_source(make_default(said_by=who, said_at=NOW - timedelta(days=30)), "123.456")
    assert default_origin(source) == (who, "2026-10-25")


@pytest.mark.parametrize("source", ["", "1.2", "default", "defaults 1 2 3", "shell:1"])
def test_any_other_source_is_of_no_default(source: str) -> None:
    assert default_origin(source) is None
