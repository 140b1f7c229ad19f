"""Answers that pass every gate, to be spoiled one at a time."""

from typing import Any

from agents.decision import (
    Answers,
    Approach,
    Decision,
    Demand,
    Evals,
    Facts,
    Problem,
    PromptTried,
    decide,
)


def fine_tunable(**changes: Any) -> Answers:
    """Return answers about a task no model can do, with everything a fine-tuning needs."""
    slots: dict[str, Any] = {
        "problem": (Problem.CAPABILITY,),
        "prompt_tried": PromptTried.SYSTEMATIC,
        "evals": Evals.GOLDEN,
        "quality_gap_pp": 12.0,
        "demand": Demand.PROVEN,
        "task_stable": True,
        "teacher_meets_bar": False,
        "labelled_examples": 2_000,
    }
    return Answers(**(slots | changes))


def distillable(**changes: Any) -> Answers:
    """Return answers about a task that costs too much, with everything a distillation needs."""
    slots: dict[str, Any] = {
        "problem": (Problem.COST,),
        "prompt_tried": PromptTried.SYSTEMATIC,
        "evals": Evals.GOLDEN,
        "demand": Demand.PROVEN,
        "task_stable": True,
        "teacher_meets_bar": True,
        "small_api_meets_bar": False,
    }
    return Answers(**(slots | changes))


def about_knowledge(**changes: Any) -> Answers:
    """Return answers about missing knowledge."""
    return Answers(**({"problem": (Problem.KNOWLEDGE,)} | changes))


PAID_BACK = Facts(payback_days=20.0, lora_fits=True, qlora_fits=True)


def verdict(answers: Answers, facts: Facts = PAID_BACK) -> Approach:
    """Return the verdict alone."""
    return decide(answers, facts).verdict


def rules(decision: Decision) -> set[str]:
    """Return the ids of the rules a decision cites."""
    return {citation.rule for citation in decision.rules}


def cited(answers: Answers, facts: Facts = PAID_BACK) -> set[str]:
    """Return the ids of the rules cited for these answers."""
    return rules(decide(answers, facts))
