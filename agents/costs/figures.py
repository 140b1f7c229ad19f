"""Figures with their range and origin, and the calendar that every monthly amount uses."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Self

Kind = Literal["measured", "published", "assumed", "computed"]

DAYS_PER_MONTH = Decimal(365) / 12
HOURS_PER_MONTH = Decimal(730)
SECONDS_PER_DAY = 86_400
MILLION = Decimal(1_000_000)

# Where a figure comes from that no price list has.
YOUR_INPUT = "your input"
GUIDE = "the guide"
DEFAULT = "Cairn's default"
# The day on which the defaults and the guide's figures were last gone through.
DEFAULTS_AS_OF = dt.date(2026, 11, 23)


def exact(value: float | Decimal) -> Decimal:
    """Return the value as people wrote it: 0.1 becomes Decimal("0.1"), not its binary neighbour."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


@dataclass(frozen=True, slots=True)
class Band:
    """An amount with the range it may move in; `low` <= `base` <= `high`."""

    low: Decimal
    base: Decimal
    high: Decimal

    @classmethod
    def flat(cls, amount: float | Decimal) -> Self:
        """Return an amount without a range."""
        value = exact(amount)
        return cls(value, value, value)

    def __add__(self, other: "Band") -> "Band":
        return Band(self.low + other.low, self.base + other.base, self.high + other.high)

    def times(self, factor: Decimal) -> "Band":
        """Return the band scaled by a factor of zero or more."""
        return Band(self.low * factor, self.base * factor, self.high * factor)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that reaches a person: its range, its unit and where it comes from."""

    value: Decimal
    low: Decimal
    high: Decimal
    unit: str
    source: str
    as_of: dt.date
    kind: Kind

    @classmethod
    def of(cls, band: Band, *, unit: str, source: str, as_of: dt.date, kind: Kind = "computed") -> Self:
        """Return a band with its unit and origin."""
        return cls(band.base, band.low, band.high, unit, source, as_of, kind)
