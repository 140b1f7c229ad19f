"""The best case of what is not known yet: every open gate passed, nothing that is known overridden.

Several unknown gates hold a verdict at prompting together, so asking which single answer would change
it would end the interview after one click. From the best case, each of them shows that it matters.
"""

from dataclasses import replace
from typing import Any

from agents.decision.answers import Answers, Demand, Evals, Facts, Problem, PromptTried
from agents.decision.candidate import TRAINING, candidate

BEST_PAYBACK_DAYS = 10.0
BEST_GAP_PP = 8.0
BEST_EXAMPLES = 2_000


def best_answers(answers: Answers) -> Answers:
    """Return the answers with every unknown gate passed."""
    best: dict[str, Any] = {}
    if answers.prompt_tried is None:
        best["prompt_tried"] = PromptTried.SYSTEMATIC
    if answers.evals is None:
        best["evals"] = Evals.GOLDEN
    if answers.demand is None:
        best["demand"] = Demand.PROVEN
    if answers.task_stable is None:
        best["task_stable"] = True
    if answers.quality_gap_pp is None:
        best["quality_gap_pp"] = BEST_GAP_PP
    if answers.has(Problem.COST) and answers.teacher_meets_bar is not False:
        best["teacher_meets_bar"] = True
    elif answers.labelled_examples is None:
        best["labelled_examples"] = BEST_EXAMPLES
    return replace(answers, **best) if best else answers


def best_facts(facts: Facts) -> Facts:
    """Return the facts with a short payback where none was computed."""
    return replace(facts, payback_days=BEST_PAYBACK_DAYS) if facts.payback_days is None else facts


def training_is_candidate(answers: Answers) -> bool:
    """Return whether the tree wants a training, from what is known or from its best case."""
    return candidate(answers).approach in TRAINING or candidate(best_answers(answers)).approach in TRAINING
