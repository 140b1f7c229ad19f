"""What a figure is made of: its formula in plain text, and each term with its range and origin.

A formula is an equation whose right side holds symbols of the terms, numbers, `+ - * / **`, and the functions
max, min, ceil, floor and exp, so that it can be worked out without this program.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from agents.costs.figures import DAYS_PER_MONTH, DEFAULT, DEFAULTS_AS_OF, YOUR_INPUT, Band, Figure, Kind
from agents.costs.open_models import OpenModel
from agents.costs.prices.book import GpuPrice, ModelPrice
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


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from."""

    source: str
    as_of: dt.date
    kind: Kind


DEFINITION = Origin("definition", DEFAULTS_AS_OF, "computed")
CAIRNS_DEFAULT = Origin(DEFAULT, DEFAULTS_AS_OF, "assumed")
DATA_SHEET = Origin("the maker's data sheet", DEFAULTS_AS_OF, "published")
MODEL_CARD = Origin("the model's published configuration", DEFAULTS_AS_OF, "published")


def leaf(
    symbol: str, text: str, value: float | Decimal | Band, unit: str, *, origin: Origin, key: str | None = None
) -> Term:
    """Return a term that is not derived any further."""
    band = value if isinstance(value, Band) else Band.flat(value)
    return Term(
        symbol=symbol,
        text=text,
        value=band.base,
        unit=unit,
        low=band.low,
        high=band.high,
        source=origin.source,
        as_of=origin.as_of,
        kind=origin.kind,
        key=key,
    )


def of_figure(symbol: str, text: str, figure: Figure, *, key: str | None = None, of: str | None = None) -> Term:
    """Return a figure as a term, with the input that replaces it or the derivation that it has."""
    return Term(
        symbol=symbol,
        text=text,
        value=figure.value,
        unit=figure.unit,
        low=figure.low,
        high=figure.high,
        source=figure.source,
        as_of=figure.as_of,
        kind=figure.kind,
        key=key,
        of=of,
    )


def derived(symbol: str, text: str, derivation: Derivation) -> Term:
    """Return a term that has a derivation of its own."""
    return of_figure(symbol, text, derivation.result, of=derivation.id)


def told(scenario: Scenario, key: str, default: Origin = CAIRNS_DEFAULT) -> Origin:
    """Return the origin of an input's value: the person where it was given, else that of its default."""
    if key in scenario.inputs.model_fields_set:
        return Origin(YOUR_INPUT, scenario.book.as_of, "assumed")
    return default


def volume_term(scenario: Scenario) -> Term:
    """Return the requests per day."""
    key = "requests_per_day"
    volume = scenario.requests_per_day or Decimal(0)
    return leaf("V", "requests per day, on average", volume, "requests/day", origin=told(scenario, key), key=key)


def days_term() -> Term:
    """Return the days of a month."""
    return leaf("d", "days of a month, a twelfth of 365", DAYS_PER_MONTH, "days/month", origin=DEFINITION)


def gpu_hour_term(scenario: Scenario, gpu: GpuPrice, hour: Band) -> Term:
    """Return the price of a GPU hour."""
    is_own = hour != gpu.usd_per_hour
    own = Origin(YOUR_INPUT, scenario.book.as_of, "assumed")
    origin = own if is_own else Origin(gpu.source, gpu.as_of, price_kind(gpu))
    return leaf("p", f"price of an hour of one {gpu.name}", hour, "USD/GPU hour", origin=origin, key="usd_per_gpu_hour")


def gpus_term(model: OpenModel) -> Term:
    """Return the GPUs of one replica."""
    return leaf(
        "g",
        f"GPUs ({model.gpu.name}) of one replica of {model.student.name}",
        model.calibration.gpus,
        "GPUs/replica",
        origin=calibration_origin(model),
        key="calibration",
    )


def calibration_origin(model: OpenModel) -> Origin:
    """Return where the throughput of a model comes from."""
    calibration = model.calibration
    return Origin(calibration.source, calibration.as_of, calibration.kind)


def price_kind(price: ModelPrice | GpuPrice) -> Kind:
    """Return the kind of a price: of a public list, or as the people who pay it said."""
    return "published" if price.kind == "published" else "assumed"
