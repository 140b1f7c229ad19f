"""What a way of answering requests costs per month at any volume: an API model, or a fleet of replicas."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, Self

from agents.costs.api import CacheOutlook, RequestShape, best_request_usd, cache_hit_rate, cache_outlook, is_cacheable
from agents.costs.figures import DAYS_PER_MONTH, HOURS_PER_MONTH, MILLION, Band
from agents.costs.prices.book import ModelPrice
from agents.costs.serving import Calibration, Fleet, fleet_usd_per_month

# Share of the hits expected of random arrivals that are still had when entries are evicted early; assumed.
POOR_CACHING = 0.8


class Offer(Protocol):
    """A running cost that depends on volume only."""

    def usd_per_month(self, requests_per_day: Decimal) -> Band:
        """Return the running cost; upfront costs are not in it."""

    def base_usd_per_month(self, requests_per_day: Decimal) -> Decimal:
        """Return the running cost without its range, at a third of the work."""

    def usd_per_day(self, requests_per_day: Decimal) -> Decimal:
        """Return the running cost of a day, without a range."""

    @property
    def tokens_per_request(self) -> Decimal:
        """Input and output tokens of a request, as this model counts them."""


@dataclass(frozen=True, slots=True)
class ApiOffer:
    """An API model, with what retrieval adds to it; the shape is in the model's own tokens.

    The band is the prompt cache's: all requests hit, random arrivals, or a fifth fewer hits than those.
    """

    price: ModelPrice
    shape: RequestShape
    ttl_s: float
    batch: bool = False
    fixed_usd_per_month: Band = Band.flat(0)  # noqa: RUF009  # a frozen value without state
    extra_usd_per_request: Decimal = Decimal(0)

    @property
    def tokens_per_request(self) -> Decimal:
        """Input and output tokens of a request, as this model counts them."""
        return self.shape.tokens_in + self.shape.tokens_out

    def request_usd(self, requests_per_day: Decimal) -> Band:
        """Return the price of one request, cached where that is cheaper."""
        hits = cache_hit_rate(requests_per_day, self.ttl_s)
        warm, base, cold = (
            best_request_usd(self.price, self.shape, rate, batch=self.batch) + self.extra_usd_per_request
            for rate in (1.0, hits, hits * POOR_CACHING)
        )
        # With a person's own prices reading the cache may be the dearer half.
        return Band(min(warm, base, cold), base, max(warm, base, cold))

    def usd_per_month(self, requests_per_day: Decimal) -> Band:
        """Return the running cost; upfront costs are not in it."""
        requests = requests_per_day * DAYS_PER_MONTH
        return self.request_usd(requests_per_day).times(requests) + self.fixed_usd_per_month

    def base_usd_per_month(self, requests_per_day: Decimal) -> Decimal:
        """Return the running cost without its range, at a third of the work."""
        hits = cache_hit_rate(requests_per_day, self.ttl_s) if is_cacheable(self.shape) else 0.0
        usd = best_request_usd(self.price, self.shape, hits, batch=self.batch) + self.extra_usd_per_request
        return usd * (requests_per_day * DAYS_PER_MONTH) + self.fixed_usd_per_month.base

    def usd_per_day(self, requests_per_day: Decimal) -> Decimal:
        """Return the running cost of a day, without a range."""
        return self.base_usd_per_month(requests_per_day) / DAYS_PER_MONTH

    def cache(self, requests_per_day: Decimal) -> CacheOutlook:
        """Return what the prompt cache does at this volume."""
        return cache_outlook(self.price, self.shape, requests_per_day, self.ttl_s, batch=self.batch)


@dataclass(frozen=True, slots=True)
class HostedOffer:
    """An open model hosted by others, as each host offers it, the cheapest first.

    The band is from the cheapest host to the dearest; the middle one is the base.
    """

    offers: tuple[ApiOffer, ...]

    @classmethod
    def of(cls, offers: Iterable[ApiOffer]) -> Self:
        """Return the offers in the order of their prices for one request."""
        return cls(tuple(sorted(offers, key=lambda offer: offer.base_usd_per_month(Decimal(1)))))

    @property
    def usual(self) -> ApiOffer:
        """The host in the middle; of two the dearer."""
        return self.offers[len(self.offers) // 2]

    @property
    def tokens_per_request(self) -> Decimal:
        """Input and output tokens of a request, as this model counts them."""
        return self.usual.tokens_per_request

    def usd_per_month(self, requests_per_day: Decimal) -> Band:
        """Return the running cost; upfront costs are not in it."""
        months = [offer.base_usd_per_month(requests_per_day) for offer in self.offers]
        base = self.base_usd_per_month(requests_per_day)
        # With a prompt cache another host may be the cheapest than without.
        return Band(min(months), base, max(months))

    def base_usd_per_month(self, requests_per_day: Decimal) -> Decimal:
        """Return the running cost without its range."""
        return self.usual.base_usd_per_month(requests_per_day)

    def usd_per_day(self, requests_per_day: Decimal) -> Decimal:
        """Return the running cost of a day, without a range."""
        return self.usual.usd_per_day(requests_per_day)


@dataclass(frozen=True, slots=True)
class SelfHostedOffer:
    """An open model on replicas that run all month; tokens are its own. The band is the GPU price's.

    `fixed_usd_per_month` is what retrieval adds to it.
    """

    calibration: Calibration
    fleet: Fleet
    tokens_in: Decimal
    tokens_out: Decimal
    usd_per_gpu_hour: Band
    fixed_usd_per_month: Band = Band.flat(0)  # noqa: RUF009  # a frozen value without state

    @property
    def tokens_per_request(self) -> Decimal:
        """Input and output tokens of a request, as this model counts them."""
        return self.tokens_in + self.tokens_out

    @property
    def capacity_rps(self) -> float:
        """Requests per second of one full replica."""
        return self.calibration.capacity_rps(float(self.tokens_in), float(self.tokens_out))

    @property
    def replica_usd_per_day(self) -> Band:
        """The price of one replica for a day."""
        return self.usd_per_gpu_hour.times(Decimal(24 * self.calibration.gpus))

    def replicas(self, requests_per_day: Decimal) -> int:
        """Return the replicas that this volume needs."""
        return self.fleet.replicas(float(requests_per_day), self.capacity_rps)

    def usd_per_month(self, requests_per_day: Decimal) -> Band:
        """Return the running cost; upfront costs are not in it."""
        fleet = fleet_usd_per_month(self.replicas(requests_per_day), self.calibration.gpus, self.usd_per_gpu_hour)
        return fleet + self.fixed_usd_per_month

    def base_usd_per_month(self, requests_per_day: Decimal) -> Decimal:
        """Return the running cost without its range, at a third of the work."""
        gpus = self.replicas(requests_per_day) * self.calibration.gpus
        return self.usd_per_gpu_hour.base * (gpus * HOURS_PER_MONTH) + self.fixed_usd_per_month.base

    def usd_per_day(self, requests_per_day: Decimal) -> Decimal:
        """Return the running cost of a day, without a range."""
        fixed = self.fixed_usd_per_month.base / DAYS_PER_MONTH
        return self.replica_usd_per_day.base * self.replicas(requests_per_day) + fixed


def per_request(offer: Offer, requests_per_day: Decimal) -> Band:
    """Return the running cost of one request, fixed costs shared among all."""
    return offer.usd_per_month(requests_per_day).times(1 / (requests_per_day * DAYS_PER_MONTH))


def per_million_tokens(offer: Offer, requests_per_day: Decimal) -> Band:
    """Return the running cost of a million of the model's own tokens, input and output together."""
    return per_request(offer, requests_per_day).times(MILLION / offer.tokens_per_request)
