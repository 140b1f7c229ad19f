"""What each approach has cost since day 0, upfront and running, and when what is trained has paid for itself."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from agents.costs.approaches import Approach
from agents.costs.compare import Comparison
from agents.costs.curves.volume import TRAINED, baseline_row, shortfall
from agents.costs.figures import DAYS_PER_MONTH, Band
from agents.costs.plans import ApproachKind

# A payback beyond this is said in words: nobody waits for it, and it would squeeze the limit into a corner.
LONGEST_DAYS = 3 * 365.0
# The limit stands at three quarters of the picture unless something is paid back later.
BEYOND_LIMIT, BEYOND_PAYBACK = 4 / 3, 1.25
MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class PaybackLine:
    """One approach: what is paid before day 0, of it for people's time, and on each day.

    `payback_days` is None for what pays nothing back, which says something of what `is_trained` alone.
    """

    id: str
    label: str
    kind: ApproachKind
    upfront_usd: Band
    people_usd: Band
    usd_per_day: Band
    payback_days: float | None
    is_trained: bool
    shortfall: str = ""
    is_named: bool = True

    def usd_at(self, days: float) -> Band:
        """Return what has been paid in all after so many days."""
        return self.upfront_usd + self.usd_per_day.times(Decimal(str(days)))

    @property
    def compute_usd(self) -> Band:
        """What is paid before day 0 without people's time."""
        upfront, people = self.upfront_usd, self.people_usd
        return Band(upfront.low - people.low, upfront.base - people.base, upfront.high - people.high)

    @property
    def payback_days_without_people(self) -> float | None:
        """When it has paid for itself where people's time is not counted."""
        if self.payback_days is None or self.upfront_usd.base == 0:
            return self.payback_days
        return self.payback_days * float(self.compute_usd.base / self.upfront_usd.base)


@dataclass(frozen=True, slots=True)
class PaybackCurve:
    """All approaches from day 0 to `last_day`.

    `baseline` is the id of the line that payback is counted against, None where there is none in the comparison.
    """

    lines: tuple[PaybackLine, ...]
    baseline: str | None
    baseline_reason: str
    limit_days: float
    last_day: float
    requests_per_day: float
    prices_as_of: dt.date
    gpu_prices_as_of: dt.date

    @property
    def told(self) -> PaybackLine | None:
        """The line whose payback is told: the distilled student, or else the first that is trained."""
        trained = [line for line in self.lines if line.is_trained]
        return next((line for line in trained if line.kind == "distil"), trained[0] if trained else None)

    @property
    def against(self) -> PaybackLine | None:
        """The line that payback is counted against."""
        return next((line for line in self.lines if line.id == self.baseline), None)


def payback_curve(comparison: Comparison) -> PaybackCurve | None:
    """Return what each approach costs over time; None while tokens or volume are unknown."""
    volume = comparison.scenario.requests_per_day
    rows = [row for row in comparison.rows if not row.is_reference]
    if volume is None or not rows:
        return None
    limit = float(comparison.scenario.inputs.payback_limit_days)
    baseline = baseline_row(comparison)
    named = _named(rows, comparison, baseline)
    lines = tuple(_line(row, comparison, volume, is_named=row.id in named) for row in rows)
    return PaybackCurve(
        lines=lines,
        baseline=baseline,
        baseline_reason=comparison.baseline_reason,
        limit_days=limit,
        last_day=_last_day(limit, [line.payback_days for line in lines if line.payback_days is not None]),
        requests_per_day=float(volume),
        prices_as_of=comparison.as_of,
        gpu_prices_as_of=comparison.scenario.serving_gpu.as_of,
    )


def _line(row: Approach, comparison: Comparison, volume: Decimal, *, is_named: bool) -> PaybackLine:
    upfront = row.usd_upfront
    return PaybackLine(
        id=row.id,
        label=row.label,
        kind=row.kind,
        upfront_usd=Band(upfront.low, upfront.value, upfront.high),
        people_usd=row.upfront_lines.get("engineering", Band.flat(0)),
        usd_per_day=row.offer.usd_per_month(volume).times(1 / DAYS_PER_MONTH),
        payback_days=None if row.payback_days is None else float(row.payback_days),
        is_trained=row.kind in TRAINED,
        shortfall=shortfall(row, comparison.as_of),
        is_named=is_named,
    )


def _named(rows: Sequence[Approach], comparison: Comparison, baseline: str | None) -> set[str]:
    """Return the rows worth a label: where there are too many, the cheapest of those that nothing turns on."""
    first = {baseline, f"prompt:{comparison.scenario.in_use.id}", *comparison.ranking[:1]}
    always = [row for row in rows if row.kind != "prompt" or row.id in first]
    rest = sorted((row for row in rows if row not in always), key=lambda row: row.usd_per_month.value)
    return {row.id for row in [*always, *rest][: max(MOST_NAMED, len(always))]}


def _last_day(limit: float, paybacks: Sequence[float]) -> float:
    """Return how long to look ahead: beyond the limit, and beyond each payback that is not too far away."""
    seen = [days for days in paybacks if days <= max(LONGEST_DAYS, limit)]
    return max([limit * BEYOND_LIMIT, *(days * BEYOND_PAYBACK for days in seen)])
