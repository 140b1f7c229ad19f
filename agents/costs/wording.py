"""Amounts as people read them."""

from decimal import Decimal


def dollars(usd: Decimal) -> str:
    """Return an amount for people: three significant digits, whole dollars from a hundred on."""
    if usd == 0:
        return "$0"
    if abs(usd) >= 100:
        rounded = round(usd, -max(0, usd.adjusted() - 2))
        return f"${int(rounded):,}"
    digits = max(2, 2 - usd.adjusted())
    return f"${round(usd, digits):,f}"


def rounded_volume(amount: Decimal) -> str:
    """Return a volume for people, in three digits."""
    rounded = round(amount, -max(0, amount.adjusted() - 2))
    return f"{rounded:,.0f}" if amount >= 10 else f"{float(amount):.2g}"


def shown(amount: Decimal, unit: str) -> str:
    """Return the value of an input for people: "$2.10/GPU hour", "67,000 requests/day", "70%"."""
    if unit.startswith("USD"):
        return f"{dollars(amount)}{unit.removeprefix('USD')}"
    if unit == "share":
        return f"{float(amount) * 100:.3g}%"
    return f"{rounded_volume(amount)} {unit}"


def shown_range(low: Decimal, high: Decimal, unit: str) -> str:
    """Return a range of values of an input for people, the unit once: "$1.00 to $3.00/M input tokens"."""
    if unit.startswith("USD"):
        return f"{dollars(low)} to {shown(high, unit)}"
    return f"{shown(low, unit).removesuffix(f' {unit}')} to {shown(high, unit)}"
