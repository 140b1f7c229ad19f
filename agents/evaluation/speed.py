"""How fast and how dear answers are, from what was measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds that half, and 19 of 20, of the measured requests took at most; each is a latency that occurred."""

    p50_s: float
    p95_s: float
    requests: int


def latency(samples_s: Sequence[float]) -> Latency:
    """Return the percentiles of measured latencies.

    Raises:
        ValueError: There is none, or one is no number of seconds.
    """
    measured = np.asarray(samples_s, np.float64)
    if not measured.size or not np.isfinite(measured).all() or (measured < 0).any():
        raise ValueError("a latency is made of one or more measured seconds")
    # The nearest rank: between few samples the usual interpolation makes up a p95 that no request had.
    p50, p95 = np.quantile(measured, (0.5, 0.95), method="inverted_cdf")
    return Latency(float(p50), float(p95), len(measured))


def token_usd_per_thousand(
    *,
    requests: int,
    tokens_in: int,
    tokens_out: int,
    usd_per_million_in: Decimal,
    usd_per_million_out: Decimal,
) -> Decimal:
    """Return what 1,000 requests cost where tokens are paid; tokens are those of all `requests` together.

    Raises:
        ValueError: There is no request.
    """
    _require_requests(requests)
    return (tokens_in * usd_per_million_in + tokens_out * usd_per_million_out) / (1_000 * Decimal(requests))


def gpu_usd_per_thousand(*, requests: int, busy_s: float, gpus: int, usd_per_gpu_hour: Decimal) -> Decimal:
    """Return what 1,000 requests cost where GPUs are paid that did nothing else for `busy_s` seconds.

    Idle hours are not in it: agents.costs has what a GPU costs that runs all month.

    Raises:
        ValueError: There is no request.
    """
    _require_requests(requests)
    return Decimal(str(busy_s)) / 3_600 * gpus * usd_per_gpu_hour * 1_000 / requests


def _require_requests(requests: int) -> None:
    if requests < 1:
        raise ValueError("a cost per request needs a request")
