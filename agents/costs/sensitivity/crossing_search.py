"""The first value of an input at which a balance of costs turns negative, looked for outward from where it stands.

Costs are smooth in every input but for jumps: a replica more, a long-prompt tier, a prefix too short to be cached.
So both sides of each jump are probed on the way, and only between two probes the crossing is closed in on.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Literal

from agents.costs.offers import SelfHostedOffer
from agents.costs.roots import CLOSE, Balance, Bracket, turning_point
from agents.costs.sensitivity.levers import Lever
from agents.costs.sensitivity.replica_steps import ReplicaSteps, replica_steps

Direction = Literal["above", "below"]
DIRECTIONS: tuple[Direction, ...] = ("above", "below")
_INSIDE, _OUTSIDE = 1 - CLOSE, 1 + CLOSE


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
            bracket = _between_steps(lever, steps, (held, probe), balance)
            return turning_point(balance, bracket, is_whole=lever.is_whole)
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
