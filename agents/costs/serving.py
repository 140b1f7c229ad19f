"""What serving a student costs: throughput, replicas, cost per token, break-even volume and payback."""

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from agents.costs.figures import HOURS_PER_MONTH, MILLION, SECONDS_PER_DAY, Band, Kind, exact
from agents.costs.roots import turning_point

DEFAULT_PEAK_FACTOR = 3.0
DEFAULT_HEADROOM = 0.7


@dataclass(frozen=True, slots=True)
class Calibration:
    """How many GPU seconds a request takes on one kind of replica.

    `prefill` and `decode` are tokens per GPU second; `context` is the GPU seconds that each output token
    pays per token of context it attends to. `gpus` make up one replica. `as_of` is the day of the measurement, or of
    the fit that stands in for one.
    """

    prefill: float
    decode: float
    context: float
    gpus: int
    source: str
    kind: Kind
    as_of: dt.date

    def gpu_seconds(self, tokens_in: float, tokens_out: float) -> float:
        """Return the GPU seconds of one request in a full batch."""
        return (
            tokens_in / self.prefill
            + tokens_out / self.decode
            + self.context * tokens_out * (tokens_in + tokens_out / 2)
        )

    def capacity_rps(self, tokens_in: float, tokens_out: float) -> float:
        """Return the requests per second that one replica sustains when it is full."""
        return self.gpus / self.gpu_seconds(tokens_in, tokens_out)


@dataclass(frozen=True, slots=True)
class Fleet:
    """How replicas are planned: the busiest moment against the average, and how full one may get."""

    peak_factor: float = DEFAULT_PEAK_FACTOR
    headroom: float = DEFAULT_HEADROOM
    min_replicas: int = 1

    def daily_capacity(self, replicas: int, capacity_rps: float) -> float:
        """Return the average requests per day up to which so many replicas are enough."""
        return replicas * capacity_rps * self.headroom / self.peak_factor * SECONDS_PER_DAY

    def replicas(self, requests_per_day: float, capacity_rps: float) -> int:
        """Return the replicas that carry the busiest moment."""
        peak_rps = requests_per_day / SECONDS_PER_DAY * self.peak_factor
        return max(self.min_replicas, math.ceil(peak_rps / (capacity_rps * self.headroom)))


def utilisation(requests_per_day: float, capacity_rps: float, replicas: int) -> float:
    """Return the share of the replicas' capacity that the average traffic uses."""
    return requests_per_day / SECONDS_PER_DAY / (capacity_rps * replicas)


def fleet_usd_per_month(replicas: int, gpus: int, usd_per_gpu_hour: Band) -> Band:
    """Return the price of replicas that run all month."""
    return usd_per_gpu_hour.times(replicas * gpus * HOURS_PER_MONTH)


def usd_per_million_tokens(
    calibration: Calibration, tokens_in: float, tokens_out: float, usd_per_gpu_hour: Decimal, used: float
) -> Decimal:
    """Return the price of a million tokens, input and output together, at a utilisation above 0 and up to 1."""
    hours = calibration.gpu_seconds(tokens_in, tokens_out) / 3600 / used
    return usd_per_gpu_hour * exact(hours) / exact(tokens_in + tokens_out) * MILLION


def breakeven_requests_per_day(
    api_usd_per_day: Callable[[Decimal], Decimal], replica_usd_per_day: Decimal, capacity_rps: float, fleet: Fleet
) -> Decimal | None:
    """Return the smallest volume from which serving is no dearer than the API; None for never.

    The API's price per request never rises with volume and the fleet's price per request is lowest just
    before a step, so an answer exists only if the first step's end is already won; beyond it a new replica
    may cost more than the API again for a while.
    """
    fixed = replica_usd_per_day * fleet.min_replicas
    # Just below the step: at the very edge rounding may count one replica more.
    high = exact(fleet.daily_capacity(fleet.min_replicas, capacity_rps) * (1 - 1e-9))
    if api_usd_per_day(high) <= fixed:
        return high if api_usd_per_day(high) == fixed else None
    return turning_point(lambda volume: fixed - api_usd_per_day(volume), (Decimal(0), high))


def payback_days(upfront_usd: Decimal, api_usd_per_day: Decimal, self_usd_per_day: Decimal) -> Decimal | None:
    """Return after how many days the saving has paid the upfront cost; None for never."""
    saved = api_usd_per_day - self_usd_per_day
    return upfront_usd / saved if saved > 0 else None
