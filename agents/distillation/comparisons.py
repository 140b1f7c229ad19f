"""A student beside each of the others, on the same golden examples: how far they differ, and whether by chance."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from agents.distillation.gate import Candidate
from agents.evaluation.metrics import MAIN_METRIC
from agents.evaluation.statistics import Interval, difference, mcnemar

LEVEL: Final = 0.95

PairedMethod = Literal["exact McNemar test", "paired bootstrap"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedTest:
    """A student against another candidate by one metric.

    Attributes:
        difference: Student minus the other, by paired resamples.
        method: What `is_different` goes by: McNemar's test where the metric is the share of right answers.
        p_value: Of McNemar's test; None for others, where the interval tells.
        only_student: Examples that only the student gets right.
        only_other: Those that only the other does.
    """

    against: str
    metric: str
    difference: Interval
    method: PairedMethod
    p_value: float | None
    only_student: int
    only_other: int

    @property
    def is_different(self) -> bool:
        """Whether chance does not explain that they differ."""
        if self.p_value is not None:
            return self.p_value < 1 - LEVEL
        return self.difference.low > 0 or self.difference.high < 0

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        found = self.difference
        return {
            "against": self.against,
            "metric": self.metric,
            "difference": round(found.point, 6),
            "low": round(found.low, 6),
            "high": round(found.high, 6),
            "level": found.level,
            "method": self.method,
            "p_value": self.p_value,
            "only_student": self.only_student,
            "only_other": self.only_other,
            "is_different": self.is_different,
        }


def paired_tests(
    student: Candidate, others: Sequence[Candidate], metric: str, *, seed: int = 0
) -> tuple[PairedTest, ...]:
    """Return the student against each of the others, of the free baselines only against the best."""
    return tuple(_tested(student, each, metric, seed) for each in _worth_comparing(others, metric))


def _worth_comparing(others: Sequence[Candidate], metric: str) -> Iterator[Candidate]:
    yield from (each for each in others if each.kind not in {"baseline", "student"})
    free = [each for each in others if each.kind == "baseline"]
    if free:
        yield max(free, key=lambda candidate: candidate.scores.values[metric])


def _tested(student: Candidate, other: Candidate, metric: str, seed: int) -> PairedTest:
    found = difference(student.scores.metrics[metric], other.scores.metrics[metric], level=LEVEL, seed=seed)
    counts = mcnemar(student.scores, other.scores)
    is_share = metric in MAIN_METRIC.values()
    return PairedTest(
        against=other.name,
        metric=metric,
        difference=found,
        method="exact McNemar test" if is_share else "paired bootstrap",
        p_value=counts.p_value if is_share else None,
        only_student=counts.only_first,
        only_other=counts.only_second,
    )


def comparison_words(document: Mapping[str, Any]) -> str:
    """Return a test in words: "3.3 points below claude-opus-5-5 (-8.3 to +1.7), which may be chance: p = 0.5, …"."""
    points = 100 * document["difference"]
    side = f"{abs(points):.1f} points {'above' if points > 0 else 'below'}" if points else "level with"
    bounds = f"({100 * document['low']:+.1f} to {100 * document['high']:+.1f})"
    chance = "more than chance" if document["is_different"] else "may be chance"
    p_value = document["p_value"]
    shown = "" if p_value is None else f"p {'< 0.001' if p_value < 0.001 else f'= {p_value:.3f}'}, "
    return f"{side} {document['against']} {bounds}: {chance}, {shown}{document['method']}"
