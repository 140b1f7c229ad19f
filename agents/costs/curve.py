"""The comparison over volume: what a log-log chart of USD per month against requests per day needs."""

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from agents.costs.approaches import Approach
from agents.costs.compare import Comparison
from agents.costs.figures import Band
from agents.costs.offers import SelfHostedOffer
from agents.costs.plans import ApproachKind

POINTS_PER_DECADE = 24
# Beyond so many replicas the steps are narrower than a pixel.
MOST_STEPS_DRAWN = 40
LOWEST_VOLUME, HIGHEST_VOLUME = 0.001, 100_000_000_000
FEWEST_DECADES = 4


@dataclass(frozen=True, slots=True)
class Point:
    """USD per month at one volume."""

    requests_per_day: float
    usd_per_month: Band


@dataclass(frozen=True, slots=True)
class Line:
    """One approach over all volumes; approaches that cost the same to run share a line.

    `shortfall` says why the approach does not do the same work as the others, where it does not.
    """

    ids: tuple[str, ...]
    label: str
    kind: ApproachKind
    points: tuple[Point, ...]
    has_band: bool
    shortfall: str = ""


@dataclass(frozen=True, slots=True)
class BreakEven:
    """Where the student becomes no dearer to run than an API model."""

    model: str
    requests_per_day: float
    usd_per_month: float


@dataclass(frozen=True, slots=True)
class Curve:
    """All lines, their crossings and where the workload stands; upfront costs are not in it.

    `here_usd_per_month` holds an amount for each line.
    """

    lines: tuple[Line, ...]
    break_evens: tuple[BreakEven, ...]
    never: tuple[str, ...]
    here_requests_per_day: float
    here_usd_per_month: tuple[float, ...]
    prices_as_of: dt.date
    gpu_prices_as_of: dt.date
    gpu_label: str
    usd_per_gpu_hour: Band


def cost_curve(comparison: Comparison) -> Curve | None:
    """Return the curve around the workload's volume; None while tokens or volume are unknown."""
    volume = comparison.scenario.requests_per_day
    rows = [row for row in comparison.rows if not row.is_reference]
    if volume is None or not rows:
        return None
    evens, never = _break_evens(rows)
    low, high = volume_range([float(volume), *(even.requests_per_day for even in evens)])
    lines = tuple(_line(group, low, high) for group in _same_running_cost(rows))
    scenario = comparison.scenario
    return Curve(
        lines=lines,
        break_evens=evens,
        never=never,
        here_requests_per_day=float(volume),
        here_usd_per_month=tuple(_usd_at(line, rows, volume) for line in lines),
        prices_as_of=comparison.as_of,
        gpu_prices_as_of=scenario.serving_gpu.as_of,
        gpu_label=f"{scenario.calibration.gpus} x {scenario.serving_gpu.name}",
        usd_per_gpu_hour=scenario.serving_usd_per_hour,
    )


def _break_evens(rows: Sequence[Approach]) -> tuple[tuple[BreakEven, ...], tuple[str, ...]]:
    """Return where the student meets each API model that has a line, and the models it never meets."""
    drawn = {row.id.partition(":")[2] for row in rows if row.kind == "prompt"}
    student = next(row for row in rows if isinstance(row.offer, SelfHostedOffer))
    found = {model: even for model, even in student.break_even.items() if model in drawn}
    evens = tuple(
        BreakEven(model, float(even), float(student.offer.usd_per_month(even).base))
        for model, even in found.items()
        if even is not None
    )
    return evens, tuple(model for model, even in found.items() if even is None)


def volume_range(marked: Sequence[float]) -> tuple[float, float]:
    """Return whole powers of ten with a decade of room around the marks, four decades at least."""
    low = math.floor(math.log10(min(marked))) - 1
    high = math.ceil(math.log10(max(marked))) + 1
    while high - low < FEWEST_DECADES:
        low, high = low - 1, high + 1
    lowest, highest = round(math.log10(LOWEST_VOLUME)), round(math.log10(HIGHEST_VOLUME))
    return 10.0 ** max(lowest, low), 10.0 ** min(highest, high)


def _same_running_cost(rows: Sequence[Approach]) -> list[list[Approach]]:
    """Return the rows in groups that run on the same offer, as both kinds of student do."""
    groups: list[list[Approach]] = []
    for row in rows:
        for group in groups:
            if group[0].offer == row.offer:
                group.append(row)
                break
        else:
            groups.append([row])
    return groups


def _line(rows: Sequence[Approach], low: float, high: float) -> Line:
    first = rows[0]
    points = tuple(
        Point(volume, first.offer.usd_per_month(Decimal(str(volume)))) for volume in sorted(_volumes(first, low, high))
    )
    is_student = isinstance(first.offer, SelfHostedOffer)
    name = first.id.partition(":")[2]
    return Line(
        ids=tuple(row.id for row in rows),
        label=f"Self-hosted {name}" if is_student else first.label,
        kind=first.kind,
        points=points,
        has_band=is_student,
        shortfall=_shortfall(first),
    )


def _shortfall(row: Approach) -> str:
    if row.misses_bar:
        return "misses your bar"
    return "" if row.covers_knowledge else "without the documents"


def _volumes(row: Approach, low: float, high: float) -> Iterator[float]:
    """Yield evenly spaced volumes, and both sides of each step that can be seen."""
    decades = math.log10(high / low)
    count = round(decades * POINTS_PER_DECADE)
    for index in range(count + 1):
        yield low * 10 ** (decades * index / count)
    offer = row.offer
    if isinstance(offer, SelfHostedOffer):
        first = offer.fleet.min_replicas
        for replicas in range(first, first + MOST_STEPS_DRAWN):
            full = offer.fleet.daily_capacity(replicas, offer.capacity_rps)
            if low < full * (1 - 1e-9) and full * (1 + 1e-9) < high:
                yield full * (1 - 1e-9)
                yield full * (1 + 1e-9)


def _usd_at(line: Line, rows: Sequence[Approach], volume: Decimal) -> float:
    row = next(row for row in rows if row.id == line.ids[0])
    return float(row.offer.usd_per_month(volume).base)
