"""The first value of an input at which a balance of costs turns negative, looked for outward from where it stands.

Costs are smooth in every input but for jumps: a replica more, a long-prompt tier, a prefix too short to be cached.
So both sides of each jump are probed on the way, and between two probes the crossing is closed in on by secants.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Literal

from agents.costs.levers import Lever
from agents.costs.offers import SelfHostedOffer
from agents.costs.replica_steps import ReplicaSteps, replica_steps

Direction = Literal["above", "below"]
DIRECTIONS: tuple[Direction, ...] = ("above", "below")
# What a value of the input makes of the costs: negative where what holds now holds no longer.
Balance = Callable[[Decimal], Decimal]
# A value at which the balance holds, and one farther out at which it is negative.
Bracket = tuple[Decimal, Decimal]

# How closely a crossing is found, relative to its value.
CLOSE = Decimal("1e-8")
_INSIDE, _OUTSIDE = 1 - CLOSE, 1 + CLOSE
_MOST_ROUNDS = 200


def first_crossing(
    lever: Lever, direction: Direction, balance: Balance, volume: Decimal, fleets: Sequence[SelfHostedOffer]
) -> Decimal | None:
    """Return the value just past which the balance first turns negative; None where it never does within the limits.

    Args:
        lever: What is moved.
        direction: Which way.
        balance: Negative where what holds at the lever's base holds no longer.
        volume: Requests per day.
        fleets: The offers on own GPUs that the balance depends on.
    """
    up = direction == "above"
    limit = lever.most if up else lever.least
    steps = [found for fleet in fleets if (found := replica_steps(fleet, volume, lever, limit))]
    held = lever.base
    for probe in _probes(lever, steps, up=up):
        if balance(probe) < 0:
            return _closed_in(lever, _between_steps(lever, steps, (held, probe), balance), balance)
        held = probe
    return None


def _probes(lever: Lever, steps: Sequence[ReplicaSteps], *, up: bool) -> Iterator[Decimal]:
    """Yield the values to look at, outward from the base: its plausible end, both sides of jumps, and the limit."""
    end, limit = (lever.high, lever.most) if up else (lever.low, lever.least)
    found = {end, limit}
    for jump in (*lever.marks, *(jump for each in steps for jump in each.sparse())):
        found.update(_sides(jump, is_whole=lever.is_whole))
    inside = [value for value in found if (lever.base < value <= limit if up else limit <= value < lever.base)]
    yield from sorted(inside, reverse=not up)


def _between_steps(lever: Lever, steps: Sequence[ReplicaSteps], bracket: Bracket, balance: Balance) -> Bracket:
    """Return the bracket narrowed until no replica step lies inside; over steps, the balance moves evenly."""
    held, past = bracket
    for each in steps:
        while (step := each.halfway(held, past)) is not None:
            sides = sorted(_sides(step, is_whole=lever.is_whole), reverse=past < held)
            inside = [side for side in sides if min(held, past) < side < max(held, past)]
            if not inside:
                break
            for side in inside:
                if balance(side) < 0:
                    past = side
                    break
                held = side
    return held, past


def _sides(jump: Decimal, *, is_whole: bool) -> tuple[Decimal, ...]:
    """Return the values next to a jump on either side."""
    if is_whole:
        floor = jump.to_integral_value(rounding="ROUND_FLOOR")
        return floor - 1, floor, floor + 1
    return jump * _INSIDE, jump * _OUTSIDE


def _closed_in(lever: Lever, bracket: Bracket, balance: Balance) -> Decimal:
    """Return the value nearest to where the balance still holds at which it is negative, to within CLOSE."""
    held, past = bracket
    left, right = balance(held), balance(past)
    for turn in range(_MOST_ROUNDS):
        if _is_close(held, past, is_whole=lever.is_whole):
            break
        for probe in _guesses(held, past, left, right, is_secant=turn % 2 == 0, is_whole=lever.is_whole):
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
