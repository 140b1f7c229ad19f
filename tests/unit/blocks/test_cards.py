"""Each card, for ordinary values as people see it, for any values within Slack's limits."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.decision.questions import QUESTIONS
from agents.services.decision_state import (
    Answer,
    Blocker,
    DecisionState,
    Item,
    NotBecause,
    Question,
    Reason,
    Rung,
    Verdict,
    Watched,
)
from bot.blocks.help import help_text, home_view
from bot.blocks.index import entered, index_form
from bot.blocks.message import Suggestion
from bot.blocks.question import ENTERED, entered_value, question_message
from bot.blocks.say import say_message
from bot.blocks.verdict import answers_message, verdict_message
from bot.blocks.words import bar, duration, plural, size
from tests.unit.blocks.checks import check_message, check_view

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
text = st.text(st.characters(codec=None), max_size=300)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - st adds it
people = st.sampled_from(["UALICE0001", "shell:root", "?"])


def tuples(of: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(of, max_size=14).map(tuple)


answers = st.builds(
    Answer, slot=text, question=text, value=st.none(), shown=text, who=people, source=text, said_at=moments
)
items = st.builds(Item, item=st.from_regex(r"[a-z_]{1,30}", fullmatch=True), text=text)
verdicts = st.builds(
    Verdict,
    approach=text,
    label=text,
    summary=text,
    wanted=text,
    wanted_label=text,
    method=st.none(),
    method_text=text,
    confidence=st.sampled_from(["low", "medium", "high"]),
    is_provisional=st.booleans(),
    reasons=tuples(st.builds(Reason, rule=text, text=text, evidence=text)),
    not_because=tuples(st.builds(NotBecause, approach=text, label=text, reason_id=text, text=text)),
    blockers=tuples(
        st.builds(Blocker, blocker=text, state=st.sampled_from(["failed", "unknown"]), text=text, lifted_by=text)
    ),
    todo=tuples(items),
    add=tuples(items),
    what_would_change=tuples(text),
    ladder=tuples(st.builds(Rung, rung=text, label=text, state=st.sampled_from(["done", "here", "next"]), text=text)),
)
states = st.builds(
    DecisionState,
    conversation_id=st.just("0123456789ab"),
    channel=st.just("C1"),
    thread_ts=st.just("1.1"),
    started_by=people,
    verdict=st.none() | verdicts,
    answers=tuples(answers),
    open_question=st.none(),
    optional_questions=tuples(items),
    changeable=tuples(items),
    facts=st.just({}),
    has_costs=st.booleans(),
)


@given(verdicts)
def test_a_verdict_on_its_way_is_a_few_lines(verdict: Verdict) -> None:
    state = DecisionState(
        conversation_id="c", channel="C1", thread_ts="1.1", started_by="U1",
        verdict=replace(verdict, is_provisional=True), answers=(), open_question=None, optional_questions=(),
        unsettled=(), changeable=(), facts={}, has_costs=False,
    )  # fmt: skip
    kinds = [block["type"] for block in check_message(verdict_message(state)).blocks]
    assert kinds == ["header", "section", "context", "actions"]


def settled(approach: str = "prompt") -> tuple[Verdict, DecisionState]:
    """Return a verdict that stands, alone and with all that its card shows."""
    verdict = Verdict(
        approach=approach, label="Prompting", summary="It is.", wanted="prompt", wanted_label="Prompting",
        method=None, method_text="", steps=(), confidence="high", is_provisional=False, reasons=(), not_because=(),
        blockers=(), todo=(), add=(), what_would_change=(), ladder=(),
    )  # fmt: skip
    state = DecisionState(
        conversation_id="c", channel="C1", thread_ts="1.1", started_by="U1", verdict=verdict, answers=(),
        open_question=None, optional_questions=(), unsettled=(), changeable=(), facts={}, has_costs=False,
    )  # fmt: skip
    return verdict, state


def buttons(shown: DecisionState) -> list[str]:
    return [element["action_id"] for element in check_message(verdict_message(shown)).blocks[-1]["elements"]]


def test_a_verdict_is_watched_by_a_button_that_becomes_the_way_to_stop() -> None:
    verdict, state = settled()
    assert "watch_verdict" in buttons(state)
    watched = replace(state, watched=Watched(watch_id="w", saved_by="UALICE0001", saved_at=NOW))
    assert "stop_watch" in buttons(watched)
    assert "watch_verdict" not in buttons(watched)
    assert any("<@UALICE0001> watches" in str(block) for block in verdict_message(watched).blocks)
    on_its_way = replace(state, verdict=replace(verdict, is_provisional=True))
    assert "watch_verdict" not in buttons(on_its_way)


@pytest.mark.parametrize(
    ("approach", "is_offered"), [("prompt", False), ("rag", False), ("fine_tune", True), ("distill", True)]
)
def test_only_a_verdict_to_train_leads_to_the_form_of_a_distillation(approach: str, is_offered: bool) -> None:
    verdict, state = settled(approach)
    assert ("open_distill" in buttons(state)) == is_offered
    assert "open_distill" not in buttons(replace(state, verdict=replace(verdict, is_provisional=True)))


@given(states)
def test_any_verdict_and_any_answers_fit(state: DecisionState) -> None:
    check_message(verdict_message(state))
    check_message(answers_message(state))


@given(text, st.lists(st.builds(Suggestion, label=text, text=text), max_size=30))
def test_any_reply_fits(said: str, suggestions: list[Suggestion]) -> None:
    check_message(say_message(said, suggestions))


@given(st.lists(text, max_size=40), st.lists(text, max_size=40))
def test_any_home_fits(run_lines: list[str], index_lines: list[str]) -> None:
    check_view(home_view([("decide", "find the way")], run_lines, index_lines))


@pytest.mark.parametrize("about", QUESTIONS, ids=lambda about: about.slot)
def test_every_question_of_the_interview_can_be_shown_open(about: Any) -> None:
    made = check_message(question_message("0123456789ab", make_question(about)))
    assert about.text in made.text
    buttons = [element["text"]["text"] for element in made.blocks[-1]["elements"]]
    assert buttons[-1] == "Why do you ask?"
    has_inputs = any(block["type"] == "input" for block in made.blocks)
    assert ("Submit" in buttons) == has_inputs
    assert has_inputs or all(option.label in buttons for option in about.options)


def test_an_answered_question_is_one_line_with_who_said_it() -> None:
    answer = Answer(
        slot="demand", question="Demand", value="proven", shown="here today", who="UBOB000001", source="1", said_at=NOW
    )
    about = next(each for each in QUESTIONS if each.slot == "demand")
    (block,) = question_message("c1", replace(make_question(about), status="answered", answer=answer)).blocks
    assert "here today" in block["text"]["text"]
    assert "<@UBOB000001>" in block["text"]["text"]
    assert block["accessory"]["text"]["text"] == "Change"


def test_inputs_come_back_as_a_conversation_takes_them() -> None:
    assert entered_value({"boxes": {ENTERED: ["cost", "latency"]}}) == ["cost", "latency"]
    assert entered_value({"field:tokens_out": {ENTERED: "300"}, "field:x": {ENTERED: None}}) == {"tokens_out": "300"}
    assert entered_value({"kind": {ENTERED: "H100-80"}, "count": {ENTERED: "2"}}) == "2 x H100-80"
    assert entered_value({"kind": {ENTERED: "rent"}, "count": {ENTERED: None}}) == "rent"
    assert entered_value({"text": {ENTERED: "20k"}}) == "20k"


@pytest.mark.parametrize(
    "values", [{}, {"text": {ENTERED: None}}, {"field:a": {ENTERED: ""}}, {"kind": {ENTERED: None}}]
)
def test_nothing_entered_is_nothing(values: dict[str, Any]) -> None:
    assert entered_value(values) is None


def test_the_form_that_changes_an_index_begins_with_what_was_proposed() -> None:
    form = check_view(index_form(["docs", "wiki"], {"replaces": "p1"}, name="handbook", source="wiki"))
    name, source = (block["element"] for block in form["blocks"][:2])
    assert name["initial_value"] == "handbook"
    assert source["initial_option"]["value"] == "wiki"
    check_view(index_form(["docs", "wiki"], {}, name="handbook", source="gone"))


def test_the_index_form_comes_back_with_name_and_source() -> None:
    check_view(index_form(["docs"], {"channel": "C1"}))
    assert entered({"name": {"entered": " handbook "}, "source": {"entered": "docs"}}) == ("handbook", "docs")


def test_help_lists_every_command() -> None:
    assert "`/cairn ask NAME question`  ask it" in help_text([("ask NAME question", "ask it")])


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0 s"), (89, "89 s"), (150, "2 min"), (7_500, "2 h 05 min"), (400_000, "5 days")]
)
def test_durations_read_naturally(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_figures_read_naturally() -> None:
    assert (size(12), size(12_345), size(3_400_000)) == ("12 bytes", "12 KB", "3.4 MB")
    assert (plural(1, "files"), plural(2_000, "files")) == ("1 file", "2,000 files")
    assert (bar(0), bar(1), len(bar(0.5))) == ("▱" * 14, "▰" * 14, 14)


def make_question(about: Any) -> Question:
    return Question(
        question_id="q1",
        slot=about.slot,
        text=about.text,
        why=about.why,
        status="open",
        control=about.control,
        options=about.options,
        fields=about.fields,
        example=about.example,
    )
