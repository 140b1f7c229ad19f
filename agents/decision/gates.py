"""What must hold before a model is trained; every gate is asked, none hides another."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from agents.decision.answers import Answers, Demand, Evals, Facts, Problem, PromptTried, TeacherTerms
from agents.decision.candidate import Approach, Candidate

MIN_EXAMPLES = 50
"""Fewer labelled examples than this train nothing."""

ENOUGH_EXAMPLES = 500
"""With fewer labelled examples than this, a teacher writes the rest."""


class GateState(StrEnum):
    """Why a gate does not let the candidate through."""

    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Blocker:
    """A gate that did not open."""

    id: str
    state: GateState
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GateReport:
    """Everything the gates have to say about one candidate."""

    blockers: tuple[Blocker, ...] = ()
    rules: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    todo: tuple[str, ...] = ()


def gates(wanted: Candidate, answers: Answers, facts: Facts) -> GateReport:
    """Return the blockers, rules, additions and to-dos of what the tree wants."""
    if wanted.teacher_fails:
        return GateReport((Blocker("teacher_fails", GateState.FAILED),))
    if wanted.approach is Approach.PROMPT:
        return GateReport()
    blockers = (*_every_training(answers), *_fine_tuning(wanted, answers), *_distilling(wanted, answers, facts))
    rules = ["S2", *(rule for blocker in blockers for rule in blocker.rules)]
    todo: list[str] = []
    if wanted.approach is Approach.DISTILL:
        rules.append("D2")
        if answers.small_api_meets_bar is None and not answers.is_airgapped:
            todo.append("test_small_api_model")
    add: tuple[str, ...] = ()
    if _teacher_writes_data(wanted, answers):
        if answers.teacher_terms is TeacherTerms.RESTRICTED:
            add = ("open_weights_teacher",)
            rules.append("X8")
        elif answers.teacher_terms is None:
            todo.append("confirm_teacher_terms")
    return GateReport(blockers, tuple(rules), add, tuple(todo))


def _state(*, is_unknown: bool) -> GateState:
    return GateState.UNKNOWN if is_unknown else GateState.FAILED


def _every_training(answers: Answers) -> Iterator[Blocker]:
    if answers.evals is not Evals.GOLDEN:
        yield Blocker("evals", _state(is_unknown=answers.evals is None), ("D1",))
    if answers.prompt_tried is not PromptTried.SYSTEMATIC:
        yield Blocker("prompt_first", _state(is_unknown=answers.prompt_tried is None), ("S0",))
    if answers.demand is not Demand.PROVEN:
        yield Blocker("demand", _state(is_unknown=answers.demand is None))
    if answers.task_stable is False:
        yield Blocker("unstable_task", GateState.FAILED, ("P4",))


def _fine_tuning(wanted: Candidate, answers: Answers) -> Iterator[Blocker]:
    if wanted.approach is not Approach.FINE_TUNE:
        return
    gap = answers.quality_gap_pp
    if wanted.reason is not Problem.LATENCY and gap is not None and gap <= 0:
        yield Blocker("no_gap", GateState.FAILED, ("P1",))
    examples = answers.labelled_examples
    if (examples is None or examples < MIN_EXAMPLES) and not answers.teacher_meets_bar:
        # A passing teacher could write the examples, so a shortage is final only without one.
        is_unknown = examples is None or answers.teacher_meets_bar is None
        yield Blocker("data", _state(is_unknown=is_unknown), ("X5",))


def _distilling(wanted: Candidate, answers: Answers, facts: Facts) -> Iterator[Blocker]:
    if wanted.approach is not Approach.DISTILL:
        return
    if answers.teacher_meets_bar is None:
        yield Blocker("teacher_unverified", GateState.UNKNOWN)
    if not answers.is_airgapped and not facts.is_paid_back:
        yield Blocker("economics", _state(is_unknown=facts.payback_days is None), ("X3", "P3"))


def _teacher_writes_data(wanted: Candidate, answers: Answers) -> bool:
    if not answers.teacher_meets_bar:
        return False
    examples = answers.labelled_examples
    return wanted.approach is Approach.DISTILL or examples is None or examples < ENOUGH_EXAMPLES
