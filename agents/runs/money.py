"""What a run may cost: the figures of its estimate, the limits that hold, what is left under them, and the words.

All amounts are dollars as Decimal, to a millionth of a dollar at most, as the database keeps them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from agents.runs.questions import Choice, Question

BUDGET_QUESTION = "budget"
# What a person chooses when a limit would be passed.
MORE, AGAIN = "more", "again"

_CENT = Decimal("0.01")
_SMALLEST = Decimal("0.000001")
# As much as the column numeric(16, 6) holds.
MOST_USD = Decimal(10) ** 10 - 1
_AMOUNT = re.compile(r"\$?\s*(\d{1,3}(?:,\d{3})+|\d+)?(\.\d+)?", re.ASCII)


class Scope(StrEnum):
    """What a limit holds for. Days and months are those of UTC; `APPROVED` is a run's own limit."""

    RUN = "run"
    DAY = "day"
    WORKSPACE = "workspace"
    APPROVED = "approved"

    @property
    def words(self) -> str:
        """What it covers, as people read it."""
        return {
            Scope.RUN: "for any one run",
            Scope.DAY: "for a day (UTC)",
            Scope.WORKSPACE: "for a calendar month (UTC)",
            Scope.APPROVED: "approved for this run",
        }[self]


# Those that an admin sets.
SETTABLE = (Scope.RUN, Scope.DAY, Scope.WORKSPACE)


@dataclass(frozen=True, slots=True)
class CostBand:
    """What a run is expected to cost: the least, the likeliest and the most.

    Raises:
        ValueError: They are not in this order, or not amounts.
    """

    low_usd: Decimal
    base_usd: Decimal
    high_usd: Decimal

    def __post_init__(self) -> None:
        if not Decimal(0) <= self.low_usd <= self.base_usd <= self.high_usd <= MOST_USD:
            raise ValueError(f"{self.low_usd}, {self.base_usd}, {self.high_usd} is no band of costs")


FREE = CostBand(Decimal(0), Decimal(0), Decimal(0))


def cost_band(estimate: Mapping[str, Any]) -> CostBand:
    """Return the costs that a proposal's estimate names; free where it names none.

    They stand as `cost_usd: {"low": …, "base": …, "high": …}`, or as `cost_usd` with `cost_usd_high` beside it,
    without which the one figure is all three.

    Raises:
        ValueError: What stands there is no band of costs.
    """
    stated = estimate.get("cost_usd")
    if isinstance(stated, Mapping):
        if set(stated) != {"low", "base", "high"}:
            raise ValueError(f"cost_usd has {sorted(stated)}, not low, base and high")
        return CostBand(*(_rounded_up(_exact(stated[name])) for name in ("low", "base", "high")))
    if stated is None and estimate.get("cost_usd_high") is None:
        return FREE
    base = _rounded_up(_exact(stated if stated is not None else 0))
    high = estimate.get("cost_usd_high")
    return CostBand(base, base, base if high is None else _rounded_up(_exact(high)))


@dataclass(frozen=True, slots=True)
class Cap:
    """A limit and what counts against it; `limit_usd` is None where there is none."""

    scope: Scope
    limit_usd: Decimal | None
    spent_usd: Decimal
    reserved_usd: Decimal

    @property
    def counted_usd(self) -> Decimal:
        """What counts against the limit: spent, or reserved for calls whose cost is not known yet."""
        return self.spent_usd + self.reserved_usd

    @property
    def left_usd(self) -> Decimal | None:
        """What may still be reserved, never below zero; None where there is no limit."""
        return None if self.limit_usd is None else max(Decimal(0), self.limit_usd - self.counted_usd)

    def over_usd(self, amount_usd: Decimal) -> Decimal:
        """Return by how much an amount would pass the limit; zero where it fits."""
        if self.limit_usd is None:
            return Decimal(0)
        return max(Decimal(0), self.counted_usd + amount_usd - self.limit_usd)


@dataclass(frozen=True, slots=True)
class Left:
    """What a team's limits leave for another run."""

    caps: tuple[Cap, ...]

    @property
    def tightest(self) -> Cap | None:
        """The limit that leaves least; None where there is no limit at all."""
        limited = [cap for cap in self.caps if cap.left_usd is not None]
        return min(limited, key=lambda cap: cap.left_usd or Decimal(0), default=None)

    def passed_by(self, amount_usd: Decimal) -> Cap | None:
        """Return the limit that an amount would pass by most; None where it fits under all."""
        over = [cap for cap in self.caps if cap.over_usd(amount_usd) > 0]
        return max(over, key=lambda cap: cap.over_usd(amount_usd), default=None)


@dataclass(frozen=True, slots=True)
class RunSpend:
    """What one run has spent, what is reserved for it, and what was approved."""

    approved_usd: Decimal
    spent_usd: Decimal
    reserved_usd: Decimal

    @property
    def is_free(self) -> bool:
        """Whether money is no matter of this run."""
        return not (self.approved_usd or self.spent_usd or self.reserved_usd)


def spend_words(spend: RunSpend) -> str:
    """Return "$3.10 of $12.00 spent, $2.00 more reserved"."""
    words = f"{dollars(spend.spent_usd)} of {dollars(spend.approved_usd)} spent"
    return f"{words}, {dollars(spend.reserved_usd)} more reserved" if spend.reserved_usd else words


def cap_words(cap: Cap) -> str:
    """Return a limit and what is left under it, in one line."""
    if cap.scope is Scope.RUN:
        return "no limit" if cap.limit_usd is None else f"{dollars(cap.limit_usd)} at most"
    return left_words(cap.limit_usd, cap.spent_usd, cap.reserved_usd)


def left_words(limit_usd: Decimal | None, spent_usd: Decimal, reserved_usd: Decimal) -> str:
    """Return what is left under a limit, or that there is none, and what counts against it."""
    counted = f"{dollars(spent_usd)} spent"
    if reserved_usd:
        counted += f", {dollars(reserved_usd)} reserved"
    if limit_usd is None:
        return f"no limit · {counted}"
    left_usd = max(Decimal(0), limit_usd - spent_usd - reserved_usd)
    return f"{dollars(left_usd)} left of {dollars(limit_usd)} · {counted}"


def dollars(amount: Decimal) -> str:
    """Return "$1,234.50"; amounts below a cent show the digits they have."""
    if Decimal(0) < abs(amount) < _CENT:
        return f"${amount.normalize():f}"
    return f"${amount:,.2f}"


def cents_up(amount: Decimal) -> Decimal:
    """Return the amount in whole cents, rounded up: what is approved suffices."""
    return amount.quantize(_CENT, ROUND_UP)


def usd(amount: Decimal) -> Decimal:
    """Return an amount as the database keeps it, rounded up to a millionth.

    Raises:
        ValueError: It is negative, not finite or larger than any budget.
    """
    if not amount.is_finite() or not 0 <= amount <= MOST_USD:
        raise ValueError(f"{amount} is no amount of money")
    return _rounded_up(amount)


def read_usd(text: str) -> Decimal:
    """Return an amount that a person typed: "50", "$50", "1,000.50".

    Raises:
        ValueError: It is none; the text is for people.
    """
    match = _AMOUNT.fullmatch(text.strip())
    if match is None or match.group(1, 2) == (None, None):
        raise ValueError(f"{text.strip()!r} is no amount in dollars. Write it like 50 or 1,250.50.")
    amount = Decimal(f"{(match[1] or '0').replace(',', '')}{match[2] or ''}")
    if amount > MOST_USD:
        raise ValueError(f"{text.strip()!r} is more than any budget holds ({dollars(MOST_USD)}).")
    return _rounded_up(amount)


def budget_question(stage: str, cap: Cap, amount_usd: Decimal, details: Mapping[str, Any]) -> Question:
    """Return what a run asks before it would pass a limit; nothing has been spent for it.

    Args:
        stage: The stage that wants to spend.
        cap: The limit that is in the way.
        amount_usd: What it wants to reserve.
        details: What the answer is about; the limit and the amounts are added.
    """
    over = cents_up(cap.over_usd(amount_usd))
    text = (
        f"The stage {stage} is about to spend up to {dollars(amount_usd)}, and stopped before it: the limit "
        f"{cap.scope.words} is {dollars(cap.limit_usd or Decimal(0))}, of which {dollars(cap.left_usd or Decimal(0))} "
        "is left."
    )
    known = {**details, "scope": str(cap.scope), "amount_usd": str(amount_usd), "more_usd": str(over)}
    if cap.scope is Scope.APPROVED:
        warning = f"The run may then spend {dollars(over)} more than was approved for it."
        more = Choice(MORE, f"Approve {dollars(over)} more", is_spend=True, warning=warning)
        return Question(BUDGET_QUESTION, text, (more,), known)
    raised = dollars(cents_up((cap.limit_usd or Decimal(0)) + cap.over_usd(amount_usd)))
    text = f"{text} An admin can raise it to {raised} with `/cairn budget {cap.scope} {raised}`; then press Try again."
    return Question(BUDGET_QUESTION, text, (Choice(AGAIN, "Try again"),), known)


def _exact(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError(f"{value!r} is no amount of money")
    try:
        # A float's shortest form is what was written down.
        amount = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{value!r} is no amount of money") from None
    if not amount.is_finite():
        raise ValueError(f"{value!r} is no amount of money")
    return amount


def _rounded_up(amount: Decimal) -> Decimal:
    if abs(amount) > MOST_USD:
        raise ValueError(f"{amount} is more than any budget holds")
    return amount.quantize(_SMALLEST, ROUND_UP)
