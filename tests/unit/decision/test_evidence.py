"""Each rule says what in the answers brought it in, and each approach why it was ruled out."""

import pytest

from agents.decision import (
    NEVER,
    Answers,
    Approach,
    Demand,
    Evals,
    Facts,
    Problem,
    decide,
    parse_answers,
    reason_text,
)
from tests.unit.decision.cases import PAID_BACK, about_knowledge, distillable, fine_tunable


def evidence(rule: str, answers: Answers, facts: Facts = PAID_BACK) -> str:
    """Return the evidence of one rule."""
    return next(citation.evidence for citation in decide(answers, facts).rules if citation.rule == rule)


@pytest.mark.parametrize(
    ("rule", "answers", "facts", "words"),
    [
        ("S0", Answers(), Facts(), "No problem has been named"),
        ("S0", distillable(demand=Demand.FORECAST), PAID_BACK, "demand not proven"),
        ("T1", about_knowledge(problem=(Problem.KNOWLEDGE, Problem.COST)), Facts(), "Problem: It lacks our knowledge"),
        ("T3", fine_tunable(), PAID_BACK, "It cannot do the task"),
        ("S2", fine_tunable(), PAID_BACK, "Quality gap: 12 percentage points"),
        ("D1", distillable(evals=Evals.INFORMAL), PAID_BACK, "Quality measure: Spot checks"),
        ("O1", about_knowledge(knowledge_tokens=6_000), Facts(), "6,000 tokens"),
        ("O1", parse_answers({"problem": "knowledge", "knowledge_tokens": "<10K"}), Facts(), "estimated"),
        ("X2", about_knowledge(knowledge_tokens=60_000), Facts(), "not priced yet"),
        ("X3", distillable(), Facts(payback_days=120), "Payback 120 days (limit 90)"),
        ("X3", distillable(), Facts(payback_days=NEVER), "never pays back"),
        ("X3", distillable(), Facts(), "not computed yet"),
        ("X5", fine_tunable(labelled_examples=12), PAID_BACK, "12 examples"),
        ("M2", fine_tunable(), Facts(lora_fits=False, qlora_fits=True), "QLoRA does"),
        ("M1", fine_tunable(), Facts(), "Fit not computed"),
    ],
)
def test_a_rule_names_its_evidence(rule: str, answers: Answers, facts: Facts, words: str) -> None:
    assert words in evidence(rule, answers, facts)


@pytest.mark.parametrize(("demand", "is_forecast"), [(Demand.PROVEN, False), (Demand.FORECAST, True), (None, True)])
def test_a_volume_that_is_not_proven_is_called_a_forecast(demand: Demand | None, is_forecast: bool) -> None:
    answers = fine_tunable(
        problem=(Problem.CONSISTENCY,), teacher_meets_bar=None, requests_per_day=2_000_000, demand=demand
    )

    assert ("(forecast)" in evidence("F3", answers)) == is_forecast


@pytest.mark.parametrize(
    ("answers", "approach", "words"),
    [
        (Answers(problem=(Problem.CONSISTENCY,)), Approach.RAG, "not named"),
        (Answers(problem=(Problem.CONSISTENCY,)), Approach.FINE_TUNE, "prompted first"),
        (Answers(problem=(Problem.CONSISTENCY,)), Approach.DISTILL, "Cost was not named"),
        (distillable(evals=Evals.NONE), Approach.DISTILL, "No fixed test set"),
        (distillable(teacher_meets_bar=False), Approach.DISTILL, "misses the bar"),
    ],
)
def test_an_approach_that_was_ruled_out_says_why(answers: Answers, approach: Approach, words: str) -> None:
    assert words in reason_text(decide(answers, PAID_BACK).not_because[approach])
