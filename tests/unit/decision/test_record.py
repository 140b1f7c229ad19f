"""The ladder and the decision record."""

from datetime import UTC, datetime

import pytest
from hypothesis import given

from agents.decision import (
    ADDITIONS,
    BLOCKERS,
    RULES,
    TODOS,
    Answers,
    Evals,
    Facts,
    RecordTable,
    Said,
    Standing,
    decide,
    decision_record,
    ladder,
)
from tests.unit.decision.cases import PAID_BACK, about_knowledge, distillable, fine_tunable
from tests.unit.decision.strategies import any_answers, any_facts

MADE_ON = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def record(answers: Answers, facts: Facts = PAID_BACK, title: str = "Ticket triage", **people: str) -> str:
    """Return the record of a decision."""
    said = {slot: Said(who=who) for slot, who in people.items()}
    return decision_record(answers, facts, decide(answers, facts), title=title, made_on=MADE_ON, people=said)


@pytest.mark.parametrize(
    ("answers", "here"),
    [
        (Answers(), "prompt"),
        (about_knowledge(knowledge_tokens=5_000), "better_prompting"),
        (about_knowledge(), "rag"),
        (fine_tunable(), "fine_tune"),
        (distillable(), "distill"),
        (distillable(evals=Evals.NONE), "better_prompting"),
    ],
)
def test_the_ladder_shows_where_the_task_stands(answers: Answers, here: str) -> None:
    rungs = ladder(answers, PAID_BACK, decide(answers, PAID_BACK))

    assert [rung.id for rung in rungs] == ["prompt", "better_prompting", "rag", "fine_tune", "distill"]
    assert [rung.id for rung in rungs if rung.standing is Standing.HERE] == [here]
    assert all(bool(rung.lifted_by) == (rung.standing is Standing.ABOVE) for rung in rungs)


def test_a_blocked_rung_says_what_evidence_would_lift_the_task_there() -> None:
    answers = distillable(evals=Evals.NONE)

    top = ladder(answers, PAID_BACK, decide(answers, PAID_BACK))[-1]

    assert top.lifted_by == BLOCKERS["evals"].next_step


def test_a_record_tells_verdict_reasons_blockers_answers_and_people() -> None:
    text = record(distillable(evals=Evals.NONE), evals="Alice")

    assert text.startswith("# Ticket triage\n")
    assert "**Prompting**, decided on 2026-11-23 09:30 UTC." in text
    assert "calls for distillation" in text
    assert RULES["D1"].title in text
    assert "(D1, the guide)" in text
    assert BLOCKERS["evals"].label in text
    assert TODOS["confirm_teacher_terms"].label in text
    assert ADDITIONS["prompt_cache"].label in text
    assert "| Quality measure | We do not measure | Alice | - | - |" in text
    assert "| Demand | It is here today | not recorded | - | - |" in text
    assert "*Lifted by:*" in text
    assert "Payback 20 days (limit 90)" in text
    assert "Confidence: high" in text


def test_a_record_names_the_method_and_the_open_questions() -> None:
    assert "**Fine-tuning with LoRA**" in record(fine_tunable())
    assert "still open: demand" in record(fine_tunable(demand=None))


def test_names_and_titles_cannot_break_out_of_the_record() -> None:
    text = record(about_knowledge(), title="# x\n| <!channel> | [a](b)", problem="Eve | *root*\n# boo")

    assert text.splitlines()[0] == r"# \# x \| \<\!channel\> \| \[a\](b)"
    assert r"Eve \| \*root\* \# boo |" in text


def test_a_record_says_what_the_task_is() -> None:
    text = record(distillable(requests_per_day=20_000))
    assert "## The problem" in text
    assert "- Problem: It costs too much" in text
    assert "- Requests per day: 20,000 requests a day\n" in text
    assert "(a forecast)" in record(distillable(demand=None, requests_per_day=20_000))


def test_a_record_says_who_answered_when_and_what_was_said_before() -> None:
    answers = distillable()
    said = {"demand": Said(who="U0ANA", at=MADE_ON, before=("We expect it (U0BOB)",))}
    text = decision_record(answers, PAID_BACK, decide(answers, PAID_BACK), title="T", made_on=MADE_ON, people=said)
    assert "| Demand | It is here today | U0ANA | 2026-11-23 09:30 UTC | We expect it (U0BOB) |" in text


def test_what_it_costs_is_told_in_tables_that_nothing_breaks() -> None:
    answers = distillable()
    table = RecordTable(
        heading="What it costs", sentences=("Cheapest: A | B.",), header=("Way", "USD"), rows=(("a|b", ""),)
    )
    text = decision_record(
        answers, PAID_BACK, decide(answers, PAID_BACK), title="T", made_on=MADE_ON, people={}, costs=[table]
    )
    assert "## What it costs\n\n- Cheapest: A \\| B.\n\n| Way | USD |\n| --- | --- |\n| a\\|b | - |\n" in text


@given(any_answers, any_facts)
def test_any_decision_has_a_record(answers: Answers, facts: Facts) -> None:
    text = record(answers, facts)

    assert text.count("\n# ") == 0
    assert "## The ladder" in text
