"""What is to be done after a run, in words: switch over, serve it, take what is free, or what to try instead."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from agents.evaluation.weaknesses import NO_FORM

StepKind = Literal["switch", "serve", "free", "improve"]

# Below this more examples are the first thing to try; the guide names 10,000 to 100,000.
_FEW_EXAMPLES: Final = 10_000
_MANY_INVALID: Final = 0.05
# Beyond it more golden examples are no advice.
_MOST_GOLDEN: Final = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One next step for people, with the call that it begins with, where there is one."""

    kind: StepKind
    text: str
    call: str | None = None

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {"kind": self.kind, "text": self.text, "call": self.call}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run went, as far as the next step goes by it.

    Attributes:
        student: Its label.
        base: What it was made of.
        passes: Whether it passed its gate by itself; else `overridden_by` let it pass, or nobody did.
        enough: The free baseline that is good enough by itself.
        served_as: The name that it answers to; None where it is not served, for `reason`.
        call: The command that calls it first; None where it is not served.
        examples: It was trained on.
        golden: Examples of the golden set.
        invalid: Its answers without a valid form.
        margin: By which it may be worse.
        minimum: Score to reach in any case.
        beside_teacher: The paired test with its teacher.
        teacher_value: What the teacher scores.
        weaknesses: What it gets wrong most often, as documents.
    """

    student: str
    base: str
    passes: bool
    overridden_by: str | None
    enough: str | None
    served_as: str | None
    reason: str | None
    call: str | None
    examples: int
    golden: int
    invalid: int
    margin: float
    minimum: float | None
    beside_teacher: Mapping[str, Any] | None
    teacher_value: float | None
    weaknesses: Sequence[Mapping[str, Any]]


def next_step(outcome: Outcome) -> Step:
    """Return what to do now."""
    call = outcome.call
    if outcome.enough is not None:
        other = f" {outcome.student} is served as {outcome.served_as} for comparison." if call is not None else ""
        text = f"Take {outcome.enough}: it is good enough already, and needs neither a GPU nor an API.{other}"
        return Step(kind="free", text=text, call=call)
    if call is not None:
        who = "" if outcome.passes else f" It was let pass by {outcome.overridden_by}, so look at its answers first."
        text = (
            f"Send a part of your traffic to {outcome.served_as}, then all of it.{who} `/cairn students` rolls back at "
            "once. The first call:"
        )
        return Step(kind="switch", text=text, call=call)
    if outcome.passes or outcome.overridden_by is not None:
        return Step(kind="serve", text=f"{outcome.student} is registered and not served yet. {outcome.reason or ''}")
    return Step(kind="improve", text=" ".join(_advice(outcome)))


def _advice(outcome: Outcome) -> Iterator[str]:
    """Yield what to try, what is most likely to help first."""
    yield f"{outcome.student} is not good enough yet. What to try, in this order:"
    for number, each in enumerate(_tries(outcome), 1):
        yield f"({number}) {each}."


def _tries(outcome: Outcome) -> Iterator[str]:
    minimum, teacher = outcome.minimum, outcome.teacher_value
    if minimum is not None and teacher is not None and teacher < minimum - outcome.margin:
        yield (
            f"better instructions or another teacher: the teacher itself scores {teacher:.1%}, below the minimum of "
            f"{minimum:.1%}"
        )
    if outcome.invalid > _MANY_INVALID * outcome.golden:
        yield (
            f"more epochs (training.epochs) or longer outputs: {outcome.invalid:,} of {outcome.golden:,} answers "
            "have no valid form"
        )
    wanted = _golden_needed(outcome)
    if wanted is not None:
        yield (
            f"more golden examples: the student may well be good enough, and about {wanted:,} instead of "
            f"{outcome.golden:,} would show it"
        )
    if outcome.examples < _FEW_EXAMPLES:
        yield (
            f"more training examples: it learnt from {outcome.examples:,}, and distillations take 10,000 to 100,000 "
            "(data.inputs, or data.synthesis.count)"
        )
    if said := [f"{each['what']} ({each['examples']:,})" for each in outcome.weaknesses if each["what"] != NO_FORM]:
        yield f"examples of what it gets wrong most: {'; '.join(said[:3])}"
    yield f"a larger base than {outcome.base} (student.base)"


def _golden_needed(outcome: Outcome) -> int | None:
    """Return how many golden examples would show that the student is within the margin, where its score says it is."""
    found = outcome.beside_teacher
    if found is None or found["difference"] <= -outcome.margin:
        return None
    half = found["difference"] - found["low"]
    needed = outcome.golden * (half / (outcome.margin + found["difference"])) ** 2
    rounded = math.ceil(round(needed / 100, 6)) * 100
    return rounded if outcome.golden < rounded <= _MOST_GOLDEN else None
