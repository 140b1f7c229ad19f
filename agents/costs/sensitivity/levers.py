"""The inputs that a comparison can be moved by: each with the range it may plausibly have and where that is from."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

from agents.costs.figures import Kind, exact
from agents.costs.prices.book import GpuPrice, ModelPrice
from agents.costs.scenario import Scenario
from agents.costs.wording import shown

Vary = Callable[[Scenario, Decimal], Scenario]
Cost = Literal["running", "upfront"]
BOTH_COSTS: frozenset[Cost] = frozenset({"running", "upfront"})
# What the key of an API model's price begins with.
MODEL_PRICE = "prices_usd_per_mtok."
# The most tokens of a prompt that any model takes today; beyond it a flip would be of no use.
LONGEST_PROMPT = 1_000_000
_ROUNDED_FROM = 100_000
HALF, MORE, DOUBLE = Decimal("0.5"), Decimal("1.5"), Decimal(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """One number that the comparison depends on.

    `key` is its name in a cost file. `low` to `high` is what it may plausibly be, by `source`; `least` to `most` is
    how far a value that flips something is looked for. `marks` are values at which costs may jump. `touches`: which
    costs it moves; the others need not be worked out anew. `model`: the API model whose rows alone it moves in what
    they cost to run, empty where it may move any.
    """

    key: str
    label: str
    unit: str
    base: Decimal
    low: Decimal
    high: Decimal
    least: Decimal
    most: Decimal
    source: str
    vary: Vary
    kind: Kind = "assumed"
    is_whole: bool = False
    marks: tuple[Decimal, ...] = ()
    touches: frozenset[Cost] = BOTH_COSTS
    model: str = ""

    def distance(self, value: Decimal) -> float:
        """Return how far out a value lies: 0 at the base, 1 at the end of the plausible range."""
        reach = self.high - self.base if value > self.base else self.base - self.low
        return float(abs(value - self.base) / reach) if reach else float("inf")

    def said(self, value: Decimal) -> str:
        """Return a value for people; whole numbers that people count by are not rounded."""
        is_exact = self.is_whole and abs(value) < _ROUNDED_FROM
        return f"{value:,.0f} {self.unit}" if is_exact else shown(value, self.unit)


def lever(
    *,
    key: str,
    label: str,
    unit: str,
    base: Decimal,
    low: Decimal,
    high: Decimal,
    limits: tuple[Decimal | float, Decimal | float],
    source: str,
    vary: Vary,
    kind: Kind = "assumed",
    is_whole: bool = False,
    marks: tuple[Decimal, ...] = (),
) -> Lever:
    """Return a lever whose ranges hold its base and keep within what the input allows."""
    least, most = min(exact(limits[0]), base), max(exact(limits[1]), base)
    if is_whole:
        low, high = low.to_integral_value(), high.to_integral_value()
    return Lever(
        key=key,
        label=label,
        unit=unit,
        base=base,
        low=max(least, min(low, base)),
        high=min(most, max(high, base)),
        least=least,
        most=most,
        source=source,
        vary=vary,
        kind=kind,
        is_whole=is_whole,
        marks=tuple(mark for mark in marks if least < mark < most),
    )


def input_lever(
    scenario: Scenario,
    key: str,
    label: str,
    unit: str,
    *,
    limits: tuple[Decimal | float, Decimal | float],
    span: tuple[Decimal | float, Decimal | float] | None = None,
    source: str = "half to double, assumed",
    base: float | Decimal | None = None,
    is_whole: bool = False,
    marks: tuple[Decimal, ...] = (),
) -> Lever:
    """Return the lever of one input of the cost file.

    Args:
        scenario: Where the input has its value.
        key: The input.
        label: What people call it.
        unit: Its unit.
        limits: How far a flip is looked for.
        span: The plausible values; half to double the base if absent.
        source: Where the span is from.
        base: The value that holds while the input is not given.
        is_whole: Only whole numbers make sense.
        marks: Values at which costs may jump.
    """
    value = exact(getattr(scenario.inputs, key) if base is None else base)
    low, high = (value * HALF, value * DOUBLE) if span is None else (exact(span[0]), exact(span[1]))
    return lever(
        key=key,
        label=label,
        unit=unit,
        base=value,
        low=low,
        high=high,
        limits=limits,
        source=source,
        vary=_setting(key, is_whole=is_whole, is_money=unit.startswith("USD")),
        is_whole=is_whole,
        marks=marks,
    )


def model_price_lever(price: ModelPrice) -> Lever | None:
    """Return the lever of an API model's price, all its rates moving together; None for a model that is free."""
    rate, side = (price.standard.input, "input") if price.standard.input else (price.standard.output, "output")
    if not rate:
        return None
    return lever(
        key=f"{MODEL_PRICE}{price.id}",
        label=f"Rates of {price.id}",
        unit=f"USD/M {side} tokens",
        base=rate,
        low=rate * HALF,
        high=rate * MORE,
        limits=(rate / 100, rate * 100),
        source=f"half to one and a half times the list price ({price.source}), assumed",
        vary=lambda scenario, value: with_model_price(scenario, price.id, value / rate),
    )


def gpu_price_lever(key: str, label: str, gpu: GpuPrice, base: Decimal, vary: Vary) -> Lever:
    """Return the lever of an hour's price: the range it is offered at, or half to double of the person's own."""
    listed = gpu.usd_per_hour
    is_listed = listed.low < listed.high and listed.low <= base <= listed.high
    return lever(
        key=key,
        label=label,
        unit="USD/GPU hour",
        base=base,
        low=listed.low if is_listed else base * HALF,
        high=listed.high if is_listed else base * DOUBLE,
        limits=(base / 100, max(base * 100, Decimal(1))),
        source=gpu.source if is_listed else "half to double of your own, assumed",
        kind="published" if is_listed else "assumed",
        vary=vary,
    )


def with_model_price(scenario: Scenario, model: str, factor: Decimal) -> Scenario:
    """Return the scenario with one model's rates scaled, wherever the model is used."""

    def scaled(price: ModelPrice) -> ModelPrice:
        if price.id != model:
            return price
        return replace(
            price,
            standard=price.standard.times(factor),
            batch=price.batch and price.batch.times(factor),
            long_standard=price.long_standard and price.long_standard.times(factor),
            long_batch=price.long_batch and price.long_batch.times(factor),
        )

    return replace(
        scenario,
        models=tuple(scaled(price) for price in scenario.models),
        references=tuple(scaled(price) for price in scenario.references),
        teacher=scaled(scenario.teacher),
        embedder=scenario.embedder and scaled(scenario.embedder),
    )


def _setting(key: str, *, is_whole: bool, is_money: bool) -> Vary:
    """Return what gives an input another value."""

    def vary(scenario: Scenario, value: Decimal) -> Scenario:
        # Copied without validation, which would cost more than the whole comparison.
        given: Any = int(value) if is_whole else value if is_money else float(value)
        return replace(scenario, inputs=scenario.inputs.model_copy(update={key: given}))

    return vary
