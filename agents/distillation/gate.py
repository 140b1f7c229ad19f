"""The gate: whether a student is as good as it has to be, and whether something free already is.

A student passes where it is, at the confidence asked for, at most the margin worse than its teacher on the golden set,
and surely not below the minimum by more than the margin. A free baseline that does the same is a reason to stop before
anything is trained.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from agents.distillation.spec import METRICS, DistillationSpec
from agents.evaluation.metrics import Scores
from agents.evaluation.statistics import Interval, NonInferiority, interval, non_inferiority

CandidateKind = Literal["teacher", "api", "base", "student", "baseline"]

SMALLEST_GOLDEN: Final = 30
"""Golden examples below which no interval says anything."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that was let answer the golden set; `what` says in words what it is."""

    name: str
    kind: CandidateKind
    scores: Scores
    what: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says of a candidate; `reasons` are sentences for people, the first of them the headline."""

    passes: bool
    reasons: tuple[str, ...]


def gate_metric(spec: DistillationSpec) -> str:
    """Return the metric that the gate goes by."""
    return spec.gate.metric or METRICS[spec.task.kind][0]


def judged(spec: DistillationSpec, candidate: Candidate, teacher: Candidate | None) -> Verdict:
    """Return whether a candidate is good enough, and why.

    Args:
        spec: With what was set at the approval.
        candidate: The student, or what is to stand in for it.
        teacher: Held against it; None where there is none.
    """
    metric, gate = gate_metric(spec), spec.gate
    passes, reasons = True, []
    if teacher is not None:
        found = non_inferiority(
            candidate.scores, teacher.scores, metric, margin=gate.margin, level=gate.confidence, seed=spec.training.seed
        )
        passes = found.passes
        reasons.append(_beside(candidate, teacher, metric, found))
    if gate.minimum is not None:
        # One-sided, as the comparison with the teacher is.
        own = interval(candidate.scores.metrics[metric], level=2 * gate.confidence - 1, seed=spec.training.seed)
        reaches = own.low > gate.minimum - gate.margin
        passes = passes and reaches
        how = "reaches" if reaches else "does not surely reach"
        reasons.append(
            f"{candidate.name} {how} the minimum of {gate.minimum:.1%}, with {gate.margin:.1%} allowed: {metric} "
            f"{own.point:.1%}, at {gate.confidence:.0%} confidence no lower than {own.low:.1%}."
        )
    return Verdict(passes, tuple(reasons))


def free_alternative(
    spec: DistillationSpec, baselines: Sequence[Candidate], teacher: Candidate | None
) -> tuple[Candidate, Verdict] | None:
    """Return the best free baseline that is good enough by itself, with why; None where none is."""
    metric = gate_metric(spec)
    for each in sorted(baselines, key=lambda candidate: -candidate.scores.values[metric]):
        verdict = judged(spec, each, teacher)
        if verdict.passes:
            return each, verdict
    return None


def score_document(candidate: Candidate, *, level: float = 0.95, seed: int = 0) -> dict[str, Any]:
    """Return a candidate's scores as plain JSON, each with its interval."""
    metrics = candidate.scores.metrics
    return {
        "name": candidate.name,
        "kind": candidate.kind,
        "what": candidate.what,
        "examples": len(candidate.scores.ids),
        "metrics": {name: _bounds(interval(metric, level=level, seed=seed)) for name, metric in metrics.items()},
        "invalid": len(candidate.scores.problems),
    }


def _bounds(found: Interval) -> Mapping[str, Any]:
    return {
        "value": round(found.point, 6),
        "low": round(found.low, 6),
        "high": round(found.high, 6),
        "level": found.level,
        "method": found.method,
    }


def _beside(candidate: Candidate, teacher: Candidate, metric: str, found: NonInferiority) -> str:
    mine, theirs = candidate.scores.values[metric], teacher.scores.values[metric]
    unsure = f"may be worse than {teacher.name} by more than {found.margin:.1%}: the golden set is too small to say"
    outcome = {
        "non-inferior": f"is as good as {teacher.name} within {found.margin:.1%}",
        "inferior": f"is worse than {teacher.name} by more than {found.margin:.1%}",
        "undecided": unsure,
    }[found.outcome]
    bound = f"at {found.level:.0%} confidence the difference is no lower than {found.difference.low:+.1%}"
    return f"{candidate.name} {outcome}: {metric} {mine:.1%} against {theirs:.1%}, {bound}."
