"""A comparison and the ways of its figures as short text, for who reads no card; pure.

Figures are worded as on the card, so that they can be repeated as they stand.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from agents.costs.approaches import Approach
from agents.costs.compare import Comparison
from agents.costs.report import banded, ordered_rows
from agents.costs.wording import dollars

FIGURES: Final = (
    "usd_per_month",
    "usd_upfront",
    "usd_per_request",
    "usd_per_million_tokens",
    "latency_floor_s",
    "payback_days",
)
"""What every row has a derivation of; a payback only where something is trained."""

_WARNINGS_SHOWN: Final = 6
_ASSUMPTIONS_SHOWN: Final = 16
_LONGEST: Final = 5_000
"""Characters, some 1,250 tokens: what a thread keeps of a result is not much longer."""


def comparison_text(comparison: Comparison, assumptions: Sequence[str]) -> str:
    """Return a comparison in lines: ranked rows, the others, what would flip it, prices, assumptions.

    Args:
        comparison: The comparison, with rows.
        assumptions: What it rests on, worded as the costs card does.
    """
    parts = [
        *_heading(comparison),
        *_rows(comparison),
        *_standing(comparison),
        "Prices: " + "; ".join(_prices(comparison)) + ".",
        *([f"Mind: {' '.join(comparison.warnings[:_WARNINGS_SHOWN])}"] if comparison.warnings else []),
        f"explain_figure takes the id in brackets, a slash and one of {', '.join(FIGURES)}.",
    ]
    room = _LONGEST - sum(len(part) + 1 for part in parts)
    shown: list[str] = []
    for each in assumptions[:_ASSUMPTIONS_SHOWN]:
        room -= len(each) + 2
        if room < 0:
            break
        shown.append(each)
    left = len(assumptions) - len(shown)
    more = f"; {left} more on the card" if left else ""
    return "\n".join([*parts[:-1], f"Assumes: {'; '.join(shown)}{more}.", parts[-1]])


def payback_text(row: Approach, comparison: Comparison) -> str:
    """Return when a row has earned back what it costs upfront, and against what."""
    if row.payback_days is None:
        return f"never pays back at this volume, {comparison.baseline.reason}"
    days = round(row.payback_days)
    when = f"about {days:,} day{'' if days == 1 else 's'}" if days else "less than a day"
    return f"pays back after {when} at this volume, {comparison.baseline.reason}"


def _heading(comparison: Comparison) -> Iterator[str]:
    inputs = comparison.scenario.inputs
    volume = f"{inputs.requests_per_day:,.10g} requests a day, " if inputs.requests_per_day is not None else ""
    yield (
        f"Costs for {volume}prices as of {comparison.as_of:%Y-%m-%d}; cheapest first, upfront costs spread over "
        f"{inputs.horizon_months:g} months. In round brackets: the range from low to high."
    )


def _rows(comparison: Comparison) -> Iterator[str]:
    ranked = 0
    for row in ordered_rows(comparison):
        is_ranked = row.id in comparison.ranking
        ranked += is_ranked
        yield f"{f'{ranked}.' if is_ranked else '- not ranked:'} {_row(row, comparison, is_ranked=is_ranked)}"


def _row(row: Approach, comparison: Comparison, *, is_ranked: bool) -> str:
    """Return a row; one that is not ranked in brief."""
    told = [f"{row.label} [{row.id}]: {banded(row.usd_per_month)} a month"]
    if is_ranked or row.usd_upfront.value:
        told.append(f"{banded(row.usd_upfront)} upfront")
    if is_ranked:
        told.append(f"{banded(row.usd_per_request)} per request")
        told.append(f"to production: {row.people_time}")
    if row.kind in ("fine_tune", "distil"):
        told.append(payback_text(row, comparison))
    told += [text for text in (row.ruled_out, row.evidence, *row.notes) if text]
    return "; ".join(told)


def _standing(comparison: Comparison) -> Iterator[str]:
    first = comparison.cheapest
    if first is not None:
        yield f"Cheapest that does the work: {first.label}, {dollars(first.usd_per_month.value)} a month."
    if comparison.would_flip:
        yield f"What would flip it: {comparison.would_flip}"


def _prices(comparison: Comparison) -> Iterator[str]:
    """Yield the prices of what is compared, each with its source and day."""
    scenario = comparison.scenario
    models = {price.id: price for price in (*scenario.models, scenario.teacher)}
    for name, price in models.items():
        yield (
            f"{name} {dollars(price.standard.input)} in and {dollars(price.standard.output)} out per million tokens "
            f"({price.source}, {price.as_of:%Y-%m-%d})"
        )
    gpus = {gpu.name: gpu for gpu in (scenario.serving_gpu, scenario.training_gpu)}
    for name, gpu in gpus.items():
        yield f"{name} {dollars(gpu.usd_per_hour.base)} an hour ({gpu.source}, {gpu.as_of:%Y-%m-%d})"
