"""What a figure is made of: its formula in plain text, and each term with its range and origin.

A formula is an equation whose right side holds symbols of the terms, numbers, `+ - * / **`, and the functions
max, min, ceil, floor and exp, so that it can be worked out without this program.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from agents.costs.figures import DAYS_PER_MONTH, DEFAULT, DEFAULTS_AS_OF, YOUR_INPUT, Band, Figure, Kind, exact
from agents.costs.prices import GpuPrice
from agents.costs.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One symbol of a formula.

    `key` is the input that replaces it and `of` the figure that derives it, None where there is none.
    """

    symbol: str
    text: str
    value: Decimal
    unit: str
    low: Decimal
    high: Decimal
    source: str
    as_of: dt.date
    kind: Kind
    key: str | None = None
    of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """How one figure comes about; `note` says what the formula leaves open, such as that a payback never comes."""

    id: str
    title: str
    formula: str
    terms: tuple[Term, ...]
    result: Figure
    note: str = ""


def input_term(
    scenario: Scenario,
    key: str,
    symbol: str,
    text: str,
    *,
    unit: str,
    value: float | Decimal,
    source: str = DEFAULT,
    kind: Kind = "assumed",
) -> Term:
    """Return a term that an input sets; `source` and `kind` are those of its default."""
    amount = exact(value)
    is_given = key in scenario.inputs.model_fields_set
    return Term(
        symbol=symbol,
        text=text,
        value=amount,
        unit=unit,
        low=amount,
        high=amount,
        source=YOUR_INPUT if is_given else source,
        as_of=scenario.book.as_of if is_given else DEFAULTS_AS_OF,
        kind="assumed" if is_given else kind,
        key=key,
    )


def band_term(
    symbol: str, text: str, unit: str, band: Band, *, source: str, as_of: dt.date, kind: Kind, key: str | None = None
) -> Term:
    """Return a term with a range."""
    return Term(
        symbol=symbol,
        text=text,
        value=band.base,
        unit=unit,
        low=band.low,
        high=band.high,
        source=source,
        as_of=as_of,
        kind=kind,
        key=key,
    )


def flat_term(
    symbol: str,
    text: str,
    unit: str,
    value: float | Decimal,
    *,
    source: str,
    as_of: dt.date,
    kind: Kind,
    key: str | None = None,
) -> Term:
    """Return a term without a range."""
    return band_term(symbol, text, unit, Band.flat(value), source=source, as_of=as_of, kind=kind, key=key)


def derived_term(symbol: str, text: str, derivation: Derivation) -> Term:
    """Return a term that has a derivation of its own."""
    result = derivation.result
    return Term(
        symbol=symbol,
        text=text,
        value=result.value,
        unit=result.unit,
        low=result.low,
        high=result.high,
        source=result.source,
        as_of=result.as_of,
        kind=result.kind,
        of=derivation.id,
    )


def volume_term(scenario: Scenario) -> Term:
    """Return the requests per day."""
    volume = scenario.requests_per_day or Decimal(0)
    return input_term(
        scenario, "requests_per_day", "V", "requests per day, on average", unit="requests/day", value=volume
    )


def days_term() -> Term:
    """Return the days of a month."""
    return flat_term(
        "d",
        "days of a month, a twelfth of 365",
        "days/month",
        DAYS_PER_MONTH,
        source="definition",
        as_of=DEFAULTS_AS_OF,
        kind="computed",
    )


def gpu_hour_term(scenario: Scenario, gpu: GpuPrice, hour: Band, *, is_own: bool) -> Term:
    """Return the price of a GPU hour."""
    return band_term(
        "p",
        f"price of an hour of one {gpu.name}",
        "USD/GPU-h",
        hour,
        source=YOUR_INPUT if is_own else gpu.source,
        as_of=scenario.book.as_of if is_own else gpu.as_of,
        kind="assumed" if is_own else "published",
        key="usd_per_gpu_hour",
    )
