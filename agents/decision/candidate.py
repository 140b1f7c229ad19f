"""What the tree wants done to the model itself, before any gate is asked."""

from dataclasses import dataclass
from enum import StrEnum

from agents.decision.answers import Answers, Domain, Problem, PromptTried, TaskType

FAST_PATH_MS = 500
"""A p95 budget under this is out of reach for a hosted model's round trip."""

MASS_SCALE_REQUESTS_PER_DAY = 1_000_000


class Approach(StrEnum):
    """A way to adapt a model."""

    PROMPT = "prompt"
    RAG = "rag"
    FINE_TUNE = "fine_tune"
    DISTILL = "distill"


TRAINING = (Approach.FINE_TUNE, Approach.DISTILL)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the tree wants (`wanted`) and what is left of it to be gated (`approach`).

    They differ in one case: a distillation whose teacher fails leaves prompting as the approach.
    """

    approach: Approach
    wanted: Approach
    rules: tuple[str, ...] = ()
    reason: Problem | None = None
    not_because: tuple[tuple[Approach, str], ...] = ()

    @property
    def teacher_fails(self) -> bool:
        """Whether distillation was wanted and there is nothing to distil, nor to train instead."""
        return self.wanted is Approach.DISTILL and self.approach is Approach.PROMPT


def candidate(answers: Answers) -> Candidate:
    """Return what the tree wants done to the model; the first branch that applies decides."""
    if answers.has(Problem.COST):
        return _for_cost(answers)
    fast = answers.latency_p95_ms is not None and answers.latency_p95_ms < FAST_PATH_MS
    if answers.has(Problem.LATENCY) and fast:
        return Candidate(Approach.FINE_TUNE, Approach.FINE_TUNE, ("F4",), Problem.LATENCY)
    if answers.has(Problem.CAPABILITY) and not answers.teacher_meets_bar:
        return _for_capability(answers)
    if answers.has(Problem.CONSISTENCY):
        return _for_consistency(answers)
    return _prompting(answers)


def _for_cost(answers: Answers) -> Candidate:
    rules = ("T4", "F5", *(("F1",) if answers.task_type is TaskType.CLASSIFICATION else ()))
    if answers.teacher_meets_bar is not False:
        return Candidate(Approach.DISTILL, Approach.DISTILL, rules, Problem.COST)
    not_distill = ((Approach.DISTILL, "X4"),)
    if answers.has(Problem.CAPABILITY):
        return _for_capability(answers, before=(*rules, "X4"), not_because=not_distill)
    return Candidate(Approach.PROMPT, Approach.DISTILL, (*rules, "X4"), Problem.COST, not_because=not_distill)


def _for_capability(
    answers: Answers,
    before: tuple[str, ...] = (),
    not_because: tuple[tuple[Approach, str], ...] = (),
) -> Candidate:
    specialised = answers.domain is not None and answers.domain is not Domain.GENERAL
    rules = (*before, "T3", *(("F2",) if specialised else ()))
    return Candidate(Approach.FINE_TUNE, Approach.FINE_TUNE, rules, Problem.CAPABILITY, not_because=not_because)


def _for_consistency(answers: Answers) -> Candidate:
    gap = answers.quality_gap_pp
    is_measured = answers.prompt_tried is PromptTried.SYSTEMATIC and gap is not None and gap > 0
    if not is_measured or answers.format_only:
        return _prompting(answers, "T2")
    volume = answers.requests_per_day
    at_mass_scale = volume is not None and volume >= MASS_SCALE_REQUESTS_PER_DAY
    rules = ("T2", "T3", *(("F3",) if at_mass_scale else ()))
    return Candidate(Approach.FINE_TUNE, Approach.FINE_TUNE, rules, Problem.CONSISTENCY)


def _prompting(answers: Answers, *rules: str) -> Candidate:
    is_met = answers.has(Problem.CAPABILITY) and bool(answers.teacher_meets_bar)
    return Candidate(Approach.PROMPT, Approach.PROMPT, (*rules, *(("P1",) if is_met else ())))
