"""How sure a score is: intervals by the bootstrap, paired tests of two candidates, and non-inferiority.

Examples are drawn, never labels or fields: what one text gives stays together. Two candidates are compared on the same
draws. Golden sets are assumed to be drawn independently from what the model will see; nothing here can make up for one
that is not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from agents.evaluation.metrics import Metric, Scores

RESAMPLES: Final = 9_999
# Weights of one batch of resamples take 8 bytes each.
_BATCH_VALUES: Final = 4_000_000

Method = Literal["BCa bootstrap", "percentile bootstrap", "exact binomial"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and what it lies between at a level of confidence, such as 0.95; `method` says how that was found."""

    point: float
    low: float
    high: float
    level: float
    method: Method


@dataclass(frozen=True, slots=True)
class McNemar:
    """The exact test whether two candidates are right equally often: only where one of them is right tells anything."""

    only_first: int
    only_second: int
    p_value: float


@dataclass(frozen=True, slots=True)
class NonInferiority:
    """Whether a candidate is at most `margin` worse than a reference.

    `difference` is candidate minus reference; its `low` and `high` are one-sided bounds at `level`. It passes where the
    low one lies above -margin. Where it does not pass, the high one tells whether it is worse for sure, or whether the
    golden set is too small to say.
    """

    difference: Interval
    margin: float
    level: float

    @property
    def passes(self) -> bool:
        """Whether it is not worse than the margin allows."""
        return self.difference.low > -self.margin

    @property
    def outcome(self) -> Literal["non-inferior", "inferior", "undecided"]:
        """What can be said."""
        if self.passes:
            return "non-inferior"
        return "inferior" if self.difference.high < -self.margin else "undecided"


def interval(metric: Metric, *, level: float = 0.95, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """Return a score with its interval: by the bias-corrected and accelerated bootstrap, always around the score.

    Where no resample differs (all right, all wrong, one example) the bootstrap would claim certainty; the exact
    binomial interval of that share of as many examples stands in for it.

    Raises:
        ValueError: `level` does not lie between 0 and 1.
    """
    _require_level(level)
    examples = len(metric.counts)
    found = _bootstrap(lambda weights: metric.of(weights @ metric.counts), examples, level, seed, resamples)
    point = metric.value
    low, high, method = found or _exactly(*_binomial(round(point * examples), examples, level))
    return Interval(point, max(0.0, min(low, point)), min(1.0, max(high, point)), level, method)


def difference(
    first: Metric, second: Metric, *, level: float = 0.95, seed: int = 0, resamples: int = RESAMPLES
) -> Interval:
    """Return by how much the first candidate scores higher than the second, with its interval, by paired resamples.

    Where no resample differs (both are right and wrong alike) the interval is what the share of examples on which they
    differ may be, by the exact binomial, to both sides.

    Raises:
        ValueError: `level` does not lie between 0 and 1, or the two are not of the same examples.
    """
    _require_level(level)
    examples = len(first.counts)
    if len(second.counts) != examples:
        raise ValueError(f"{examples} and {len(second.counts)} examples are no pairs")

    def values(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return first.of(weights @ first.counts) - second.of(weights @ second.counts)

    point = first.value - second.value
    found = _bootstrap(values, examples, level, seed, resamples)
    may_differ = _binomial(0, examples, level)[1]
    low, high, method = found or _exactly(point - may_differ, point + may_differ)
    return Interval(point, max(-1.0, min(low, point)), min(1.0, max(high, point)), level, method)


def mcnemar(first: Scores, second: Scores) -> McNemar:
    """Return the exact two-sided test of whether two candidates are wholly right equally often.

    Raises:
        ValueError: The two are not of the same examples.
    """
    from scipy.stats import binomtest  # noqa: PLC0415 - scipy.stats takes seconds, and few processes evaluate

    require_pairs(first, second)
    only_first = int((first.is_right & ~second.is_right).sum())
    only_second = int((second.is_right & ~first.is_right).sum())
    differ = only_first + only_second
    return McNemar(only_first, only_second, float(binomtest(only_first, differ).pvalue) if differ else 1.0)


def non_inferiority(
    candidate: Scores, reference: Scores, metric: str, *, margin: float, level: float = 0.95, seed: int = 0
) -> NonInferiority:
    """Return whether a candidate is at most `margin` worse than a reference by a metric, at a one-sided level.

    Raises:
        ValueError: The two are not of the same examples, `margin` is negative, or `level` is not between 0.5 and 1.
    """
    require_pairs(candidate, reference)
    if margin < 0:
        raise ValueError(f"a margin is not negative, as {margin} is")
    if not 0.5 < level < 1:
        raise ValueError(f"a one-sided level lies between 0.5 and 1, not at {level}")
    both_sides = 2 * level - 1
    return NonInferiority(
        difference(candidate.metrics[metric], reference.metrics[metric], level=both_sides, seed=seed), margin, level
    )


def require_pairs(first: Scores, second: Scores) -> None:
    """Refuse to compare scores of different examples.

    Raises:
        ValueError: The two are not of the same examples.
    """
    if first.ids != second.ids:
        raise ValueError("two candidates can be compared on the same golden examples only")


def _require_level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, not at {level}")


def _exactly(low: float, high: float) -> tuple[float, float, Method]:
    return low, high, "exact binomial"


def _binomial(hits: int, examples: int, level: float) -> tuple[float, float]:
    from scipy.stats import binomtest  # noqa: PLC0415 - as above

    found = binomtest(hits, examples).proportion_ci(level, method="exact")
    return float(found.low), float(found.high)


def _bootstrap(
    values: Callable[[NDArray[np.float64]], NDArray[np.float64]], examples: int, level: float, seed: int, resamples: int
) -> tuple[float, float, Method] | None:
    """Return the bounds of a statistic of weighted examples and how they were found; None where no resample differs.

    `values` takes how often each example was drawn, (resamples, examples), and returns (resamples,).
    """
    from scipy.stats import bootstrap  # noqa: PLC0415 - as above

    if examples < 2:
        return None

    def statistic(rows: NDArray[Any], axis: int) -> NDArray[np.float64]:
        drawn = np.atleast_2d(rows).astype(np.intp)
        start = np.arange(len(drawn))[:, np.newaxis] * examples
        weights = np.bincount((drawn + start).ravel(), minlength=len(drawn) * examples).reshape(len(drawn), examples)
        found = values(weights.astype(np.float64))
        return found if rows.ndim > 1 else found[0]

    def by(method: str, resamples: int, earlier: Any = None) -> Any:
        return bootstrap(
            (np.arange(examples),),
            statistic,
            vectorized=True,
            axis=-1,
            batch=max(1, _BATCH_VALUES // examples),
            n_resamples=resamples,
            confidence_level=level,
            method=method,
            bootstrap_result=earlier,
            rng=np.random.default_rng(seed),
        )

    plain = by("percentile", resamples)
    drawn = plain.bootstrap_distribution
    if np.ptp(drawn) < 1e-12:  # sums of shares are equal up to rounding
        return None
    point = float(statistic(np.arange(examples), axis=-1))
    # With all resamples on one side of the score its correction for bias is infinite; the plain bounds stand.
    if drawn.min() < point < drawn.max():
        corrected = by("BCa", 0, plain).confidence_interval
        if np.isfinite(corrected.low) and np.isfinite(corrected.high):
            return float(corrected.low), float(corrected.high), "BCa bootstrap"
    return float(plain.confidence_interval.low), float(plain.confidence_interval.high), "percentile bootstrap"
