"""The ladder of approaches, from the cheapest step to the dearest, and where a task stands on it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from agents.decision.answers import Answers, Facts, Problem
from agents.decision.candidate import Approach
from agents.decision.decide import Decision
from agents.decision.evidence import payback_text
from agents.decision.rules import BLOCKERS, reason_text

_SECOND_RUNG: Final = frozenset(
    {"structured_outputs", "prompt_cache", "batch_api", "small_api_model", "knowledge_in_prompt", "long_context"}
)


class Standing(StrEnum):
    """How a rung relates to where the task stands."""

    BELOW = "below"
    HERE = "here"
    ABOVE = "above"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step of the ladder; `lifted_by` is the evidence that would take the task up to it."""

    id: str
    title: str
    standing: Standing
    lifted_by: str


def ladder(answers: Answers, facts: Facts, decision: Decision) -> tuple[Rung, ...]:
    """Return the rungs from the bottom up, with what lifts the task onto each that is above it."""
    here = _rung_of(decision)
    return tuple(
        Rung(
            id=id_,
            title=title,
            standing=_standing(number, here),
            lifted_by=lifted_by(answers, facts, decision) if number > here else "",
        )
        for number, (id_, title, lifted_by) in enumerate(_RUNGS)
    )


def _standing(number: int, here: int) -> Standing:
    if number == here:
        return Standing.HERE
    return Standing.BELOW if number < here else Standing.ABOVE


def _rung_of(decision: Decision) -> int:
    if decision.verdict is Approach.PROMPT:
        return 1 if _SECOND_RUNG.intersection(decision.add) else 0
    return {Approach.RAG: 2, Approach.FINE_TUNE: 3, Approach.DISTILL: 4}[decision.verdict]


def _to_start(_answers: Answers, _facts: Facts, _decision: Decision) -> str:
    return "Where every task starts."


def _to_better_prompting(_answers: Answers, _facts: Facts, _decision: Decision) -> str:
    return "A format that has to hold, text that repeats in every prompt, or a bill worth cutting."


def _to_rag(answers: Answers, _facts: Facts, decision: Decision) -> str:
    if not answers.has(Problem.KNOWLEDGE):
        return "Errors that come from facts the model has not seen."
    reason = decision.not_because.get(Approach.RAG)
    ruled_out = f" Now: {reason_text(reason)}" if reason else ""
    return f"10,000 tokens or more, weekly changes, citations, or permissions per user.{ruled_out}"


def _to_fine_tune(_answers: Answers, _facts: Facts, decision: Decision) -> str:
    if decision.wanted is Approach.FINE_TUNE and decision.blockers:
        return _lifting(decision)
    return "A gap on a fixed test set that systematic prompting leaves, with proven demand and data to train on."


def _to_distill(_answers: Answers, facts: Facts, decision: Decision) -> str:
    if decision.wanted is Approach.DISTILL and decision.blockers:
        return _lifting(decision)
    needed = "A bill that hurts at proven volume, a teacher that meets the bar, and payback within the limit."
    return f"{needed} {payback_text(facts)}." if facts.payback_days is not None else needed


def _lifting(decision: Decision) -> str:
    return " ".join(BLOCKERS[blocker].next_step for blocker in decision.blockers)


_RUNGS: Final[tuple[tuple[str, str, Callable[[Answers, Facts, Decision], str]], ...]] = (
    ("prompt", "Prompt", _to_start),
    ("better_prompting", "Structured output, caching, a small API model", _to_better_prompting),
    ("rag", "Retrieval (RAG)", _to_rag),
    ("fine_tune", "Fine-tuning", _to_fine_tune),
    ("distill", "Distillation", _to_distill),
)
