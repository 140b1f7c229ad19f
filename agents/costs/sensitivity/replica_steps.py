"""Where, along an input, models on own GPUs need one replica more."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from agents.costs.figures import SECONDS_PER_DAY, exact
from agents.costs.offers import SelfHostedOffer
from agents.costs.sensitivity.levers import Lever

# Steps looked at one by one next to the base; beyond, each is this many times as far out as the last.
_NEAREST = 3
_SPREAD = 4
_HALVINGS = 50

Along = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class ReplicaSteps:
    """The steps between a lever's base and its limit.

    `first` and `last` number the replicas that are full at the nearest and at the farthest step; `position` is where
    that is along the lever. `number` counts the replicas, not rounded, that a value asks for.
    """

    first: int
    last: int
    position: Along
    number: Along

    def sparse(self) -> Iterator[Decimal]:
        """Yield the nearest steps, then ever fewer, and the last."""
        way = 1 if self.last >= self.first else -1
        far = abs(self.last - self.first)
        offsets = {*range(min(_NEAREST, far + 1)), far}
        offset = _NEAREST
        while offset < far:
            offsets.add(offset)
            offset *= _SPREAD
        return (exact(self.position(self.first + way * each)) for each in offsets)

    def halfway(self, one: Decimal, other: Decimal) -> Decimal | None:
        """Return the middle one of the steps between two values; None where there is none."""
        ends = sorted((self.number(float(one)), self.number(float(other))))
        # A value that was taken next to a step counts as standing on it.
        least = max(math.floor(ends[0] + 1e-6) + 1, min(self.first, self.last))
        most = min(math.ceil(ends[1] - 1e-6) - 1, max(self.first, self.last))
        return exact(self.position((least + most) // 2)) if least <= most else None


def replica_steps(offer: SelfHostedOffer, volume: Decimal, lever: Lever, limit: Decimal) -> ReplicaSteps | None:
    """Return the steps of a fleet from the lever's base to a limit; None where there are none."""
    low, high = sorted((float(lever.base), float(limit)))
    along = _along(offer, float(volume), lever, low, high)
    if along is None:
        return None
    number, position = along
    base, end = number(float(lever.base)), number(float(limit))
    fewest = offer.fleet.min_replicas
    if end > base:
        first, last = max(fewest, math.ceil(base)), math.floor(end)
    else:
        first, last = math.floor(base), max(fewest, math.ceil(end))
    return ReplicaSteps(first, last, position, number) if (first <= last) == (end > base) else None


def _along(offer: SelfHostedOffer, volume: float, lever: Lever, low: float, high: float) -> tuple[Along, Along] | None:
    """Return how many replicas a value asks for, and which value asks for so many; None if it changes nothing."""
    fleet, gpu_seconds = offer.fleet, offer.calibration.gpu_seconds
    tokens_in, tokens_out, base = float(offer.tokens_in), float(offer.tokens_out), float(lever.base)
    each = volume * fleet.peak_factor / SECONDS_PER_DAY / fleet.headroom / offer.calibration.gpus
    now = each * gpu_seconds(tokens_in, tokens_out)
    if lever.key in {"requests_per_day", "peak_factor"}:
        return lambda value: now * value / base, lambda replicas: replicas * base / now
    if lever.key in {"headroom", "calibration"}:
        return lambda value: now * base / value, lambda replicas: now * base / replicas
    longer = {
        # Retrieved chunks stay, however long the rest of the prompt is.
        "tokens_in": lambda value: each * gpu_seconds(tokens_in - base + value, tokens_out),
        "tokens_out": lambda value: each * gpu_seconds(tokens_in, value),
    }
    number = longer.get(lever.key)
    return None if number is None else (number, lambda replicas: _inverse(number, replicas, low, high))


def _inverse(number: Along, wanted: float, low: float, high: float) -> float:
    """Return the value between two others for which a growing number becomes the one wanted."""
    for _ in range(_HALVINGS):
        middle = (low * high) ** 0.5 if low > 0 and high > 4 * low else (low + high) / 2
        low, high = (middle, high) if number(middle) < wanted else (low, middle)
    return high
