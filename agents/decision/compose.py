"""The verdict put together from the knowledge route, the candidate and the gates.

No confidence and no questions here: this is the cheap core that the flip analysis calls many times.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from agents.decision.answers import Answers, Facts, Problem, Purpose
from agents.decision.candidate import TRAINING, Approach, Candidate, candidate
from agents.decision.gates import Blocker, GateReport, gates
from agents.decision.knowledge_route import KnowledgeRoute, Place, knowledge_route


class Method(StrEnum):
    """How weights are trained."""

    LORA = "lora"
    QLORA = "qlora"
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the rules say about one set of answers and facts."""

    verdict: Approach
    wanted: Approach
    method: Method | None
    add: tuple[str, ...]
    blockers: tuple[Blocker, ...]
    todo: tuple[str, ...]
    rules: tuple[str, ...]
    not_because: tuple[tuple[Approach, str], ...]


def verdict(answers: Answers, facts: Facts) -> Approach:
    """Return the verdict alone, as `outcome` has it; the flip analysis asks for hundreds of them."""
    wanted = candidate(answers)
    if wanted.approach in TRAINING and not gates(wanted, answers, facts).blockers:
        return wanted.approach
    return _without_training(knowledge_route(answers, facts))


def outcome(answers: Answers, facts: Facts) -> Outcome:
    """Return the verdict with everything that belongs to it, in the order the rules are read."""
    route = knowledge_route(answers, facts)
    wanted = candidate(answers)
    report = gates(wanted, answers, facts)
    approach = Approach.PROMPT if report.blockers else wanted.approach
    fallback = _without_training(route)
    reached = approach if approach in TRAINING else fallback
    method, method_rules, rent = _method(wanted.approach, answers, facts)
    cost_add, cost_todo = _cheaper_prompting(approach, answers)
    add = [*route.add]
    if reached in TRAINING and route.place is Place.RAG:
        add.append("rag")
    if answers.format_only:
        add.append("structured_outputs")
    add += [*cost_add, *report.add]
    if answers.is_airgapped:
        add.append("self_hosted_open_model")
    todo = ["error_analysis"] if not answers.problem else []
    rules = [
        *(("S0",) if reached is Approach.PROMPT else ()),
        *route.rules,
        *wanted.rules,
        *(("P2",) if answers.format_only else ()),
        *report.rules,
        *(method_rules if reached in TRAINING else ()),
        *(("X7",) if "small_api_model" in add else ()),
        *(("X6",) if answers.is_airgapped else ()),
    ]
    return Outcome(
        verdict=reached,
        wanted=wanted.wanted if wanted.wanted in TRAINING else fallback,
        method=method if reached in TRAINING else None,
        add=_once(add),
        blockers=report.blockers,
        todo=_once([*todo, *report.todo, *cost_todo, *rent]),
        rules=_once(rules),
        not_because=_not_because(reached, route, wanted, report),
    )


def _without_training(route: KnowledgeRoute) -> Approach:
    return Approach.RAG if route.place is Place.RAG else Approach.PROMPT


def _method(wanted: Approach, answers: Answers, facts: Facts) -> tuple[Method | None, tuple[str, ...], tuple[str, ...]]:
    """Return the method, the rule for it, and the to-do where no GPU at hand can run it."""
    if wanted not in TRAINING:
        return None, (), ()
    if answers.max_quality_unlimited_budget:
        method, rule = Method.FULL, "M3"
    elif (facts.lora_fits is False and facts.qlora_fits) or answers.purpose is Purpose.PROTOTYPE:
        method, rule = Method.QLORA, "M2"
    else:
        method, rule = Method.LORA, "M1"
    neither_fits = facts.lora_fits is False and facts.qlora_fits is False
    full_does_not = method is Method.FULL and facts.full_fits is False
    return method, (rule,), ("rent_gpus",) if neither_fits or full_does_not else ()


def _cheaper_prompting(approach: Approach, answers: Answers) -> tuple[list[str], list[str]]:
    """Return additions and to-dos that lower the bill while nothing is trained."""
    if approach is not Approach.PROMPT or not answers.has(Problem.COST):
        return [], []
    add = ["prompt_cache"]
    todo = []
    # Batches and small API models are an API's; an air-gapped task can have neither.
    if not answers.is_airgapped:
        if answers.batch_ok:
            add.append("batch_api")
        if answers.small_api_meets_bar:
            add.append("small_api_model")
        elif answers.small_api_meets_bar is None:
            todo.append("test_small_api_model")
    return add, todo


def _not_because(
    reached: Approach, route: KnowledgeRoute, wanted: Candidate, report: GateReport
) -> tuple[tuple[Approach, str], ...]:
    """Return, for each approach that was ruled out, the rule or blocker that did it."""
    reasons: dict[Approach, str] = {}
    if route.not_rag_because is not None:
        reasons[Approach.RAG] = route.not_rag_because
    reasons.update(wanted.not_because)
    if report.blockers and wanted.approach in TRAINING:
        reasons[wanted.approach] = report.blockers[0].id
    if wanted.wanted is not Approach.DISTILL:
        reasons.setdefault(Approach.DISTILL, "T4")
        enough = next((rule for rule in ("P1", "T2") if rule in wanted.rules), "T3")
        reasons.setdefault(Approach.FINE_TUNE, enough)
    return tuple((approach, reason) for approach, reason in reasons.items() if approach is not reached)


def _once(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))
