"""The comparison over volume: what a log-log chart of USD per month against requests per day needs."""

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from agents.costs.approaches import Approach
from agents.costs.compare import Comparison
from agents.costs.figures import Band
from agents.costs.offers import SelfHostedOffer
from agents.costs.plans import ApproachKind

POINTS_PER_DECADE = 12
# Beyond so many replicas the steps are narrower than a pixel.
MOST_STEPS_DRAWN = 40
LOWEST_VOLUME, HIGHEST_VOLUME = 0.001, 100_000_000_000
FEWEST_DECADES = 4
# As many labels as stay readable beside each other; what is beyond them is drawn without a name.
MOST_NAMED = 9
# Kinds of a model of one's own, which are trained before they answer.
TRAINED = frozenset({"fine_tune", "distil"})
RULED_OUT = "ruled out"


@dataclass(frozen=True, slots=True)
class Point:
    """USD per month at one volume."""

    requests_per_day: float
    usd_per_month: Band


@dataclass(frozen=True, slots=True)
class Line:
    """One approach over all volumes; approaches that cost the same to run share a line.

    `has_band` says that its GPUs' price moves it, in steps of replicas. `shortfall` says why the approach does not do
    the same work as the others, where it does not. One that `is_named` is worth a label where there are many lines.
    """

    ids: tuple[str, ...]
    label: str
    kind: ApproachKind
    points: tuple[Point, ...]
    here_usd_per_month: float
    has_band: bool
    shortfall: str = ""
    is_named: bool = True


@dataclass(frozen=True, slots=True)
class BreakEven:
    """Where the student becomes no dearer to run than an API model."""

    model: str
    requests_per_day: float
    usd_per_month: float


@dataclass(frozen=True, slots=True)
class Curve:
    """All lines, their crossings and where the workload stands; upfront costs are not in it.

    `break_evens` and `never` are those of the first student, the API model that payback counts against first.
    """

    lines: tuple[Line, ...]
    break_evens: tuple[BreakEven, ...]
    never: tuple[str, ...]
    here_requests_per_day: float
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
    evens, never = _break_evens(rows, comparison)
    low, high = volume_range([float(volume), *(even.requests_per_day for even in evens)])
    lines = [_line(group, low, high, volume, comparison.as_of) for group in _same_running_cost(rows)]
    scenario = comparison.scenario
    return Curve(
        lines=tuple(_named(lines, comparison)),
        break_evens=evens,
        never=never,
        here_requests_per_day=float(volume),
        prices_as_of=comparison.as_of,
        gpu_prices_as_of=scenario.serving_gpu.as_of,
        gpu_label=f"{scenario.calibration.gpus} x {scenario.serving_gpu.name}",
        usd_per_gpu_hour=scenario.serving_usd_per_hour,
    )


def shortfall(row: Approach, as_of: dt.date) -> str:
    """Return why a row does not do the same work as the others; empty where it does."""
    if row.ruled_out:
        return RULED_OUT
    if row.retires_on is not None and row.retires_on <= as_of:
        return "has left its API"
    if row.misses_bar:
        return "misses your bar"
    return "" if row.covers_knowledge else "without the documents"


def line_name(row: Approach) -> str:
    """Return what a row is called in a chart: students by how they run, since both kinds run alike."""
    return f"Self-hosted {row.id.partition(':')[2]}" if row.kind in TRAINED else row.label


def baseline_row(comparison: Comparison) -> str | None:
    """Return the id of the row that payback is counted against; None where it is not among the rows."""
    baseline = comparison.baseline
    return next(
        (
            row.id
            for row in comparison.rows
            if row.kind not in TRAINED and row.id.partition(":")[2] == baseline.id and row.offer == baseline.offer
        ),
        None,
    )


def volume_range(marked: Sequence[float]) -> tuple[float, float]:
    """Return whole powers of ten with room around the marks, four decades at least."""
    low = math.floor(math.log10(min(marked)) - 0.5)
    high = math.ceil(math.log10(max(marked)) + 0.5)
    while high - low < FEWEST_DECADES:
        low, high = low - 1, high + (high - low < FEWEST_DECADES - 1)
    lowest, highest = round(math.log10(LOWEST_VOLUME)), round(math.log10(HIGHEST_VOLUME))
    return 10.0 ** max(lowest, low), 10.0 ** min(highest, high)


def _break_evens(rows: Sequence[Approach], comparison: Comparison) -> tuple[tuple[BreakEven, ...], tuple[str, ...]]:
    """Return where the first student meets each API model that may be used, and the models it never meets."""
    drawn = {row.id.partition(":")[2] for row in rows if row.kind == "prompt" and not row.ruled_out}
    student = next((row for row in rows if row.kind in TRAINED), None)
    if student is None:
        return (), ()
    found = {model: even for model, even in student.break_even.items() if model in drawn}
    evens = [
        BreakEven(model, float(even), float(student.offer.usd_per_month(even).base))
        for model, even in found.items()
        if even is not None
    ]
    # Those that do the work first, among them the one that counts.
    poor = {row.id.partition(":")[2] for row in rows if row.misses_bar}
    evens.sort(key=lambda even: (even.model in poor, even.model != comparison.baseline.id))
    return tuple(evens), tuple(model for model, even in found.items() if even is None)


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


def _line(rows: Sequence[Approach], low: float, high: float, here: Decimal, as_of: dt.date) -> Line:
    first = rows[0]
    points = tuple(
        Point(volume, first.offer.usd_per_month(Decimal(str(volume)))) for volume in sorted(_volumes(first, low, high))
    )
    return Line(
        ids=tuple(row.id for row in rows),
        label=line_name(first),
        kind=first.kind,
        points=points,
        here_usd_per_month=float(first.offer.usd_per_month(here).base),
        has_band=isinstance(first.offer, SelfHostedOffer),
        shortfall=shortfall(first, as_of),
    )


def _named(lines: Sequence[Line], comparison: Comparison) -> Iterator[Line]:
    """Yield the lines; of more than can be labelled, the API models that nothing turns on lose their name."""
    models = {baseline_row(comparison), f"prompt:{comparison.scenario.in_use.id}", *comparison.ranking[:1]}
    always = [line for line in lines if line.kind != "prompt" or models & set(line.ids)]
    rest = sorted(
        (line for line in lines if line not in always), key=lambda line: (line.shortfall != "", line.here_usd_per_month)
    )
    named = (
        {line.ids for line in (*always, *rest)}
        if len(lines) <= MOST_NAMED + 1
        else {line.ids for line in (*always, *rest)[:MOST_NAMED]}
    )
    for line in lines:
        yield replace(line, is_named=line.ids in named)


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
