"""What in the answers and facts brought a rule in, in words."""

import math
from collections.abc import Callable, Mapping
from typing import Final

from agents.decision.answers import Answers, Demand, Evals, Facts, Problem
from agents.decision.candidate import Approach
from agents.decision.compose import Outcome
from agents.decision.interview import BY_SLOT, describe
from agents.decision.parsing import slot_to_json
from agents.decision.rules import BLOCKERS

Explain = Callable[[Answers, Facts, Outcome], str]


def evidence(rule: str, answers: Answers, facts: Facts, result: Outcome) -> str:
    """Return what was said or computed that made this rule apply."""
    return _EVIDENCE[rule](answers, facts, result)


def said(slot: str, answers: Answers) -> str:
    """Return a slot's short name and its answer."""
    return f"{BY_SLOT[slot].short}: {describe(slot, slot_to_json(slot, answers))}"


def payback_text(facts: Facts) -> str:
    """Return the payback in words."""
    limit = f"{facts.payback_limit_days:g}"
    if facts.payback_days is None:
        return f"Payback not computed yet (limit {limit} days)"
    if math.isinf(facts.payback_days):
        return f"It never pays back (limit {limit} days)"
    return f"Payback {facts.payback_days:,.4g} days (limit {limit})"


def volume_text(answers: Answers) -> str:
    """Return the volume, marked as a forecast unless the demand is proven."""
    label = "" if answers.demand is Demand.PROVEN else " (forecast)"
    return said("requests_per_day", answers) + label


def _of(*slots: str) -> Explain:
    return lambda answers, _facts, _result: "; ".join(said(slot, answers) for slot in slots)


def _problem(problem: Problem) -> Explain:
    return lambda _answers, _facts, _result: f"{BY_SLOT['problem'].short}: {describe('problem', [problem.value])}"


def _start(answers: Answers, _facts: Facts, result: Outcome) -> str:
    if not answers.problem:
        return "No problem has been named yet"
    if any(blocker.id == "prompt_first" for blocker in result.blockers):
        return said("prompt_tried", answers)
    if result.blockers:
        return "What stands in the way: " + ", ".join(BLOCKERS[blocker.id].label.lower() for blocker in result.blockers)
    return f"Nothing said so far asks for more ({said('problem', answers)})"


def _gated(answers: Answers, _facts: Facts, _result: Outcome) -> str:
    gap = f"; {said('quality_gap_pp', answers)}" if answers.quality_gap_pp is not None else ""
    return f"{said('demand', answers)}; {said('evals', answers)}; {said('prompt_tried', answers)}{gap}"


def _unable(answers: Answers, facts: Facts, result: Outcome) -> str:
    # T2 stands beside T3 where inconsistency, not inability, leads to training.
    problem = Problem.CONSISTENCY if "T2" in result.rules else Problem.CAPABILITY
    named = _problem(problem)(answers, facts, result)
    return "; ".join(
        [named] + [said(slot, answers) for slot in ("prompt_tried", "quality_gap_pp") if answers.knows(slot)]
    )


def _met(answers: Answers, _facts: Facts, _result: Outcome) -> str:
    if answers.quality_gap_pp is not None and answers.quality_gap_pp <= 0:
        return f"{said('quality_gap_pp', answers)}, measured on the best prompted model"
    return said("teacher_meets_bar", answers)


def _pays(answers: Answers, facts: Facts, _result: Outcome) -> str:
    """Name the model the payback is counted against: the cheapest one known to be good enough."""
    if answers.small_api_meets_bar is None:
        against = "against the API model in use, since no small one was tested"
    else:
        against = "against the cheapest API model that meets the bar"
    return f"{payback_text(facts)}, {against}"


def _long_context(answers: Answers, facts: Facts, _result: Outcome) -> str:
    priced = {True: "reading it whole is cheaper", False: "retrieval is cheaper", None: "not priced yet"}
    return f"{said('knowledge_tokens', answers)}; {priced[facts.longctx_cheaper]}"


def _memory(answers: Answers, facts: Facts, _result: Outcome) -> str:
    if answers.purpose is not None and not (facts.lora_fits is False and facts.qlora_fits):
        return said("purpose", answers)
    return "LoRA does not fit the GPUs at hand, QLoRA does"


def _default_method(_answers: Answers, facts: Facts, _result: Outcome) -> str:
    fits = {True: "LoRA fits the GPUs at hand", False: "LoRA does not fit the GPUs at hand", None: "Fit not computed"}
    return fits[facts.lora_fits]


def _little_data(answers: Answers, _facts: Facts, _result: Outcome) -> str:
    return f"{said('labelled_examples', answers)}; {said('teacher_meets_bar', answers)}"


def _changing(answers: Answers, _facts: Facts, _result: Outcome) -> str:
    return said("knowledge_change", answers)


def _blind(answers: Answers, _facts: Facts, _result: Outcome) -> str:
    return said("evals", answers) if answers.evals is not Evals.GOLDEN else ""


def _scale(answers: Answers, _facts: Facts, _result: Outcome) -> str:
    return volume_text(answers)


def _distilled(answers: Answers, _facts: Facts, result: Outcome) -> str:
    wanted = "wanted" if result.verdict is not Approach.DISTILL else "chosen"
    return f"Distillation is {wanted}; {said('labelled_examples', answers)}"


_EVIDENCE: Final[Mapping[str, Explain]] = {
    "S0": _start,
    "S1": _problem(Problem.KNOWLEDGE),
    "S2": _gated,
    "T1": _problem(Problem.KNOWLEDGE),
    "T2": _problem(Problem.CONSISTENCY),
    "T3": _unable,
    "T4": _problem(Problem.COST),
    "F1": _of("task_type"),
    "F2": _of("domain"),
    "F3": _scale,
    "F4": _of("latency_p95_ms"),
    "F5": _of("teacher_meets_bar"),
    "P1": _met,
    "P2": _of("format_only"),
    "P3": _pays,
    "P4": _of("task_stable"),
    "R1": _problem(Problem.KNOWLEDGE),
    "R2": _changing,
    "R3": _of("citations"),
    "O1": _of("knowledge_tokens"),
    "O2": _of("knowledge_tokens", "knowledge_change"),
    "O3": _of("few_facts"),
    "M1": _default_method,
    "M2": _memory,
    "M3": _of("max_quality_unlimited_budget"),
    "D1": _blind,
    "D2": _distilled,
    "X1": _of("per_user_acl"),
    "X2": _long_context,
    "X3": _pays,
    "X4": _of("teacher_meets_bar"),
    "X5": _little_data,
    "X6": _of("residency"),
    "X7": _of("small_api_meets_bar"),
    "X8": _of("teacher_terms"),
}
