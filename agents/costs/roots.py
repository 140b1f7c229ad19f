"""Where a balance of costs turns negative between two values, closed in on by secants and halvings."""

from collections.abc import Callable
from decimal import Decimal

# What a value of some input makes of the costs: negative where what holds now holds no longer.
Balance = Callable[[Decimal], Decimal]
# A value at which the balance holds, and one farther out at which it is negative.
Bracket = tuple[Decimal, Decimal]

# How closely a turning point is found, relative to its value.
CLOSE = Decimal("1e-8")
_MOST_ROUNDS = 200


def turning_point(balance: Balance, bracket: Bracket, *, is_whole: bool = False) -> Decimal:
    """Return the value nearest to where the balance still holds at which it is negative, to within CLOSE.

    Args:
        balance: Costs of a value; it turns negative once inside the bracket.
        bracket: A value at which it is not negative, and one at which it is.
        is_whole: Only whole numbers make sense.
    """
    held, past = bracket
    left, right = balance(held), balance(past)
    for turn in range(_MOST_ROUNDS):
        if _is_close(held, past, is_whole=is_whole):
            break
        for probe in _guesses(held, past, left, right, is_secant=turn % 2 == 0, is_whole=is_whole):
            if not min(held, past) < probe < max(held, past):
                continue
            found = balance(probe)
            if found < 0:
                past, right = probe, found
            else:
                held, left = probe, found
    return past


def _is_close(held: Decimal, past: Decimal, *, is_whole: bool) -> bool:
    return abs(past - held) <= (1 if is_whole else max(abs(past), abs(held)) * CLOSE)


def _guesses(
    held: Decimal, past: Decimal, left: Decimal, right: Decimal, *, is_secant: bool, is_whole: bool
) -> tuple[Decimal, ...]:
    """Return what to try next: both sides of where a straight line would cross, or the middle."""
    if is_secant and left != right:
        crossing = held + (past - held) * (left / (left - right))
        if is_whole:
            floor = crossing.to_integral_value(rounding="ROUND_FLOOR")
            return floor, floor + 1
        margin = max(abs(held), abs(past), abs(crossing)) * CLOSE / 3
        return crossing - margin, crossing + margin
    # Across orders of magnitude the middle is the geometric one.
    is_wide = min(held, past) > 0 and max(held, past) > 4 * min(held, past)
    middle = (held * past).sqrt() if is_wide else (held + past) / 2
    return (middle.to_integral_value(),) if is_whole else (middle,)
