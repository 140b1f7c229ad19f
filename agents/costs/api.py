"""What a request to an API model costs: long-prompt tiers, batch rates and the prompt cache.

Every request is priced by itself. A month's tokens priced in one call would cross a long-prompt tier that
no single request reaches.
"""

import math
from dataclasses import dataclass
from decimal import Decimal

from agents.costs.figures import MILLION, SECONDS_PER_DAY, exact
from agents.costs.prices.book import ModelPrice, Rates

# Providers publish minima from 512 to 4,096 tokens depending on the model; below the smallest none caches.
SMALLEST_CACHEABLE_PREFIX = 512
LARGEST_CACHEABLE_MINIMUM = 4_096


@dataclass(frozen=True, slots=True)
class RequestShape:
    """Tokens of one request: a prefix that never changes, input that does, and output."""

    static_prefix: Decimal
    dynamic_in: Decimal
    tokens_out: Decimal

    @property
    def tokens_in(self) -> Decimal:
        """The whole prompt, in tokens."""
        return self.static_prefix + self.dynamic_in

    def times(self, factor: Decimal) -> "RequestShape":
        """Return the same text counted by a tokeniser that makes `factor` times as many tokens."""
        return RequestShape(self.static_prefix * factor, self.dynamic_in * factor, self.tokens_out * factor)


@dataclass(frozen=True, slots=True)
class CacheOutlook:
    """What the prompt cache does for one kind of request at one volume."""

    hit_rate: float
    breakeven_hit_rate: Decimal
    cached_usd: Decimal
    uncached_usd: Decimal

    @property
    def pays(self) -> bool:
        """Whether a cached request is the cheaper one on average."""
        return self.cached_usd < self.uncached_usd


def rates_for(price: ModelPrice, prompt_tokens: Decimal, *, batch: bool = False) -> Rates:
    """Return the rates that a prompt of this length is charged at, for the whole of the request."""
    is_long = price.tier_tokens is not None and prompt_tokens > price.tier_tokens
    standard = price.long_standard if is_long and price.long_standard else price.standard
    if not batch:
        return standard
    return (price.long_batch if is_long else price.batch) or standard


def request_usd(price: ModelPrice, tokens_in: Decimal, tokens_out: Decimal, *, batch: bool = False) -> Decimal:
    """Return the price of one request without caching."""
    rates = rates_for(price, tokens_in, batch=batch)
    return (tokens_in * rates.input + tokens_out * rates.output) / MILLION


def cache_hit_rate(requests_per_day: float | Decimal, ttl_s: float) -> float:
    """Return the share of requests that find the prefix cached, 0 to 1.

    Requests arrive at random and evenly over the day (Poisson), and each read renews the entry's life;
    traffic in bursts hits more often.
    """
    return -math.expm1(-float(requests_per_day) / SECONDS_PER_DAY * ttl_s)


def breakeven_hit_rate(rates: Rates) -> Decimal:
    """Return the hit rate above which caching a prefix is cheaper than sending it, 0 to 1."""
    premium = rates.cache_write - rates.input
    if premium <= 0:
        return Decimal(0)
    saved = rates.cache_write - rates.cache_read
    return min(Decimal(1), premium / saved) if saved > 0 else Decimal(1)


def cached_request_usd(
    price: ModelPrice, shape: RequestShape, hit_rate: float | Decimal, *, batch: bool = False
) -> Decimal:
    """Return the average price of a request whose prefix is cached, at a hit rate of 0 to 1."""
    rates = rates_for(price, shape.tokens_in, batch=batch)
    hits = exact(hit_rate)
    prefix = shape.static_prefix * (hits * rates.cache_read + (1 - hits) * rates.cache_write)
    return (prefix + shape.dynamic_in * rates.input + shape.tokens_out * rates.output) / MILLION


def cache_outlook(
    price: ModelPrice, shape: RequestShape, requests_per_day: Decimal, ttl_s: float, *, batch: bool = False
) -> CacheOutlook:
    """Return hit rate, break-even and both prices of a request."""
    hit_rate = cache_hit_rate(requests_per_day, ttl_s)
    return CacheOutlook(
        hit_rate=hit_rate,
        breakeven_hit_rate=breakeven_hit_rate(rates_for(price, shape.tokens_in, batch=batch)),
        cached_usd=cached_request_usd(price, shape, hit_rate, batch=batch),
        uncached_usd=request_usd(price, shape.tokens_in, shape.tokens_out, batch=batch),
    )


def is_cacheable(shape: RequestShape) -> bool:
    """Return whether any provider would cache the prefix at all."""
    return shape.static_prefix >= SMALLEST_CACHEABLE_PREFIX


def best_request_usd(
    price: ModelPrice, shape: RequestShape, hit_rate: float | Decimal, *, batch: bool = False
) -> Decimal:
    """Return the price of a request with or without caching, whichever is cheaper at this hit rate."""
    plain = request_usd(price, shape.tokens_in, shape.tokens_out, batch=batch)
    if not is_cacheable(shape):
        return plain
    return min(plain, cached_request_usd(price, shape, hit_rate, batch=batch))
