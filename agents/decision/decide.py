"""The decision: the verdict with its reasons, how sure it is, and what to ask next."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from agents.decision.answers import Answers, Facts
from agents.decision.candidate import Approach
from agents.decision.compose import Method, Outcome, outcome
from agents.decision.crossings import Crossing
from agents.decision.evidence import evidence
from agents.decision.flips import Flip, flips, method_flips, slots_that_matter, slots_that_refine
from agents.decision.gates import GateState
from agents.decision.interview import askable
from agents.decision.questions import QUESTIONS


class Confidence(StrEnum):
    """How much of what could change the verdict is known."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


MEDIUM_AT_MOST = 2
"""With more open slots than this that matter, confidence is low."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A rule that took part, with what in the answers brought it in."""

    rule: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What Cairn decides for one set of answers and facts; cards and prose are made from it elsewhere.

    `wanted` is what the tree asked for before the gates; `open_slots` are the unanswered slots that
    could still change the verdict, in the interview's order. `what_would_change` changes the verdict,
    `method_would_change` only how a model is trained; `crossings` are those of the facts.
    """

    verdict: Approach
    wanted: Approach
    method: Method | None
    add: tuple[str, ...]
    blockers: tuple[str, ...]
    blocker_state: Mapping[str, GateState]
    todo: tuple[str, ...]
    rules: tuple[Citation, ...]
    not_because: Mapping[Approach, str]
    confidence: Confidence
    open_slots: tuple[str, ...]
    next_question: str | None
    optional_questions: tuple[str, ...]
    what_would_change: tuple[Flip, ...]
    method_would_change: tuple[Flip, ...]
    crossings: tuple[Crossing, ...]


def decide(answers: Answers, facts: Facts, *, asked: Collection[str] = ()) -> Decision:
    """Return the decision.

    Args:
        answers: What people said.
        facts: What the cost core computed from it.
        asked: Slots that were answered with "not sure"; they are not asked again.
    """
    result = outcome(answers, facts)
    matter = slots_that_matter(answers, facts)
    can_be_asked = {each.slot for each in askable(answers)} - set(asked)
    refine = slots_that_refine(answers, facts)
    return Decision(
        verdict=result.verdict,
        wanted=result.wanted,
        method=result.method,
        add=result.add,
        blockers=tuple(blocker.id for blocker in result.blockers),
        blocker_state=MappingProxyType({blocker.id: blocker.state for blocker in result.blockers}),
        todo=result.todo,
        rules=_citations(result, answers, facts),
        not_because=MappingProxyType(dict(result.not_because)),
        confidence=_confidence(answers, len(matter)),
        open_slots=tuple(matter),
        next_question=_next_question(matter, can_be_asked),
        optional_questions=tuple(slot for slot in refine if slot in can_be_asked and slot not in matter),
        what_would_change=flips(answers, facts),
        method_would_change=method_flips(answers, facts),
        crossings=facts.crossings,
    )


def _citations(result: Outcome, answers: Answers, facts: Facts) -> tuple[Citation, ...]:
    return tuple(Citation(rule, evidence(rule, answers, facts, result)) for rule in result.rules)


def _confidence(answers: Answers, open_slots: int) -> Confidence:
    if not answers.problem or open_slots > MEDIUM_AT_MOST:
        return Confidence.LOW
    return Confidence.MEDIUM if open_slots else Confidence.HIGH


def _next_question(matter: Mapping[str, int], can_be_asked: Collection[str]) -> str | None:
    """Return the askable slot that reaches the most verdicts; the interview's order breaks ties."""
    order = [each.slot for each in QUESTIONS if each.slot in matter and each.slot in can_be_asked]
    return max(order, key=lambda slot: matter[slot], default=None)
