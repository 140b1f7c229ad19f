"""Which single answers or facts would change the verdict, and at which value.

Each is tried from two starting points: what is known as it stands, and its best case (best_case.py).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from agents.decision.answers import (
    LONG_CONTEXT_LIMIT_TOKENS,
    NEVER,
    PROMPT_LIMIT_TOKENS,
    Answers,
    Demand,
    Domain,
    Evals,
    Facts,
    KnowledgeChange,
    Problem,
    PromptTried,
    Purpose,
    Residency,
    TaskType,
    TeacherTerms,
)
from agents.decision.best_case import BEST_PAYBACK_DAYS, best_answers, best_facts
from agents.decision.candidate import FAST_PATH_MS, MASS_SCALE_REQUESTS_PER_DAY, Approach
from agents.decision.compose import Method, Outcome, outcome, verdict
from agents.decision.crossings import Crossing
from agents.decision.gates import ENOUGH_EXAMPLES, MIN_EXAMPLES
from agents.decision.questions import QUESTIONS

_BOTH: Final = (True, False)

SLOT_VALUES: Final[Mapping[str, tuple[Any, ...]]] = {
    "problem": tuple((problem,) for problem in Problem),
    "prompt_tried": tuple(PromptTried),
    "evals": tuple(Evals),
    "quality_gap_pp": (0.0, 0.1),
    "demand": tuple(Demand),
    "requests_per_day": (MASS_SCALE_REQUESTS_PER_DAY - 1, MASS_SCALE_REQUESTS_PER_DAY),
    "knowledge_tokens": (
        PROMPT_LIMIT_TOKENS - 1,
        PROMPT_LIMIT_TOKENS,
        LONG_CONTEXT_LIMIT_TOKENS,
        LONG_CONTEXT_LIMIT_TOKENS + 1,
    ),
    "few_facts": _BOTH,
    "knowledge_change": tuple(KnowledgeChange),
    "citations": _BOTH,
    "per_user_acl": _BOTH,
    "format_only": _BOTH,
    "task_type": tuple(TaskType),
    "task_stable": _BOTH,
    "latency_p95_ms": (float(FAST_PATH_MS - 1), float(FAST_PATH_MS)),
    "teacher_meets_bar": _BOTH,
    "small_api_meets_bar": _BOTH,
    "labelled_examples": (MIN_EXAMPLES - 1, MIN_EXAMPLES, ENOUGH_EXAMPLES - 1, ENOUGH_EXAMPLES),
    "teacher_terms": tuple(TeacherTerms),
    "residency": tuple(Residency),
    "batch_ok": _BOTH,
    "purpose": tuple(Purpose),
    "max_quality_unlimited_budget": _BOTH,
    "domain": tuple(Domain),
}
"""The values each slot is tried with: all of a choice, both sides of each limit of a number."""

FACTS_FED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "requests_per_day": ("payback_days", "longctx_cheaper"),
    "tokens": ("payback_days", "longctx_cheaper"),
    "gpu": ("payback_days", "lora_fits", "qlora_fits", "full_fits"),
}
"""The slots that reach a verdict through the cost core, and the facts it needs them for."""

_BELOW_SLOTS: Final = ("quality_gap_pp", "knowledge_tokens", "latency_p95_ms", "labelled_examples")
_SHOWN_FACTS: Final = ("payback_days", "longctx_cheaper", "payback_limit_days")
MEMORY_FACTS: Final = ("lora_fits", "qlora_fits", "full_fits")
_VERDICT_SLOTS: Final = frozenset(
    {
        "problem", "prompt_tried", "evals", "quality_gap_pp", "demand", "knowledge_tokens", "few_facts",
        "knowledge_change", "citations", "per_user_acl", "format_only", "task_stable", "latency_p95_ms",
        "teacher_meets_bar", "labelled_examples", "residency", "requests_per_day", "tokens", "gpu",
    }
)  # fmt: skip
"""Slots a verdict can depend on, by themselves or through a fact; trying the others would only cost time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """One answer or fact, the value at which the verdict flips, and the verdict that follows.

    `in_best_case` says that the flip also needs every open gate to be passed. `method` and `rents_gpus` are set where
    the verdict stays and only how it is trained changes. `crossings` are the figures that bring a fact there.
    """

    name: str
    is_fact: bool
    current: Any
    becomes: Any
    verdict: Approach
    in_best_case: bool = False
    method: Method | None = None
    rents_gpus: bool = False
    crossings: tuple[Crossing, ...] = ()


def slots_that_matter(answers: Answers, facts: Facts) -> dict[str, int]:
    """Return the unanswered slots that could change the verdict, with how many verdicts each reaches."""
    as_it_stands = verdict(answers, facts)
    at_best = verdict(best_answers(answers), best_facts(facts))
    matter: dict[str, int] = {}
    for each in QUESTIONS:
        # A handful of facts goes into the prompt unmeasured, so their size is never asked.
        is_moot = each.slot == "knowledge_tokens" and bool(answers.few_facts)
        if each.slot not in _VERDICT_SLOTS or answers.knows(each.slot) or is_moot:
            continue
        reached: set[Approach] = set()
        tries = list(_tries(each.slot, answers, facts))
        for start, verdicts in (
            (as_it_stands, {verdict(*trial) for trial in tries}),
            (at_best, {verdict(best_answers(a), best_facts(f)) for a, f in tries}),
        ):
            if verdicts - {start}:
                reached |= verdicts | {start}
        if reached:
            matter[each.slot] = len(reached)
    return matter


def slots_that_refine(answers: Answers, facts: Facts) -> tuple[str, ...]:
    """Return the unanswered slots that change the method, additions, to-dos or reasons as things stand."""
    start = _refinement(outcome(answers, facts))
    return tuple(
        each.slot
        for each in QUESTIONS
        if not answers.knows(each.slot)
        and any(_refinement(outcome(*trial)) != start for trial in _tries(each.slot, answers, facts))
    )


def flips(answers: Answers, facts: Facts) -> tuple[Flip, ...]:
    """Return every single answer or fact that would change the verdict, as things stand first.

    A flip that only works in the best case is listed where none works for that answer as it stands. A fact of the
    costs comes with the crossings that bring it there.
    """
    now = verdict(answers, facts)
    at_best = verdict(best_answers(answers), best_facts(facts))
    tries = list(_known_tries(answers, facts))
    found = [replace(flip, verdict=verdict(*trial)) for flip, trial in tries]
    found = [flip for flip in found if flip.verdict is not now]
    # Every problem that could be added would show up in the best case, and say nothing about this task.
    settled = {flip.name for flip in found} | {"problem"}
    for flip, (a, f) in tries:
        if flip.name not in settled:
            reached = verdict(best_answers(a), best_facts(f))
            if reached not in (now, at_best):
                found.append(replace(flip, verdict=reached, in_best_case=True))
    nearest = [_with_crossings(flip, facts) for flip in _nearest(found)]
    # A figure with the value at which it flips says more than an answer that would have to be another one.
    return tuple(sorted(nearest, key=lambda flip: (flip.name == "problem", not flip.crossings)))


def method_flips(answers: Answers, facts: Facts) -> tuple[Flip, ...]:
    """Return every fact about GPU memory that would change how a model is trained, the verdict as it is."""
    now = outcome(answers, facts)
    found = []
    for fact in MEMORY_FACTS:
        current = getattr(facts, fact)
        if current is None:
            continue
        changed: dict[str, Any] = {fact: not current}
        then = outcome(answers, replace(facts, **changed))
        rents = "rent_gpus" in then.todo
        if (then.method, rents) != (now.method, "rent_gpus" in now.todo):
            flip = Flip(
                name=fact,
                is_fact=True,
                current=current,
                becomes=not current,
                verdict=then.verdict,
                method=then.method,
                rents_gpus=rents,
            )
            found.append(_with_crossings(flip, facts))
    return tuple(found)


def _with_crossings(flip: Flip, facts: Facts) -> Flip:
    if not flip.is_fact or not facts.crossings or flip.name == "payback_limit_days":
        return flip
    return replace(flip, crossings=facts.crossings_to(flip.name, flip.becomes))


def _tries(slot: str, answers: Answers, facts: Facts) -> Iterator[tuple[Answers, Facts]]:
    """Yield what would be known for each value of a slot, and of each fact that waits for it."""
    for value in SLOT_VALUES.get(slot, ()):
        yield replace(answers, **{slot: value}), facts
    for fact in FACTS_FED_BY.get(slot, ()):
        yield from ((answers, changed) for changed in _computed(fact, facts))


def _computed(fact: str, facts: Facts) -> Iterator[Facts]:
    """Yield the facts with a value for one that was not computed; what is known stays."""
    if getattr(facts, fact) is None:
        values: tuple[Any, ...] = (BEST_PAYBACK_DAYS, NEVER) if fact == "payback_days" else _BOTH
        for value in values:
            changed = replace(facts, **{fact: value})
            # QLoRA needs the least memory, so it is what may still fit where LoRA does not.
            yield from _computed("qlora_fits", changed) if value is False and fact == "lora_fits" else ()
            yield changed


def _refinement(result: Outcome) -> tuple[object, ...]:
    reasons = frozenset(rule for rule in result.rules if rule[0] in "FR" or rule == "X1")
    return result.method, frozenset(result.add), frozenset(result.todo), reasons


def _known_tries(answers: Answers, facts: Facts) -> Iterator[tuple[Flip, tuple[Answers, Facts]]]:
    """Yield flips whose verdict is still to be found, and what would then be known."""
    for each in QUESTIONS:
        slot = each.slot
        if slot not in _VERDICT_SLOTS or not answers.knows(slot):
            continue
        current = getattr(answers, slot)
        values: Iterable[Any] = _toggled(current) if slot == "problem" else SLOT_VALUES.get(slot, ())
        for value in values:
            if value != current:
                yield _untried(slot, current, value), (replace(answers, **{slot: value}), facts)
    for fact in _SHOWN_FACTS:
        current = getattr(facts, fact)
        for value in _fact_values(fact, facts):
            if value != current:
                yield _untried(fact, current, value), (answers, replace(facts, **{fact: value}))


def _untried(name: str, current: Any, becomes: Any) -> Flip:
    return Flip(name=name, is_fact=name in _SHOWN_FACTS, current=current, becomes=becomes, verdict=Approach.PROMPT)


def _toggled(named: tuple[Problem, ...]) -> Iterator[tuple[Problem, ...]]:
    """Yield the problems with one more or one fewer; naming none is no answer."""
    for problem in Problem:
        changed = tuple(each for each in Problem if (each in named) != (each is problem))
        if changed:
            yield changed


def _fact_values(fact: str, facts: Facts) -> tuple[Any, ...]:
    if fact == "longctx_cheaper":
        return _BOTH
    if fact == "payback_days":
        return facts.payback_limit_days, facts.payback_limit_days + 1, NEVER
    payback = facts.payback_days
    if payback is None or payback == NEVER:
        return ()
    return payback, max(0.0, payback - 1)


def _nearest(found: list[Flip]) -> Iterator[Flip]:
    """Yield, of the numeric flips to one verdict in one direction, only the first that is met."""
    best: dict[tuple[object, ...], Flip] = {}
    for flip in found:
        is_numeric = flip.name in _BELOW_SLOTS or flip.name in ("payback_days", "payback_limit_days")
        if not is_numeric or flip.current is None:
            best[(flip.name, repr(flip.becomes))] = flip
            continue
        key = (flip.name, flip.verdict, flip.becomes > flip.current)
        held = best.get(key)
        if held is None or abs(flip.becomes - flip.current) < abs(held.becomes - held.current):
            best[key] = flip
    yield from best.values()
