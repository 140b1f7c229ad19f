"""From which volume a model on own GPUs is no dearer than each model of others."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from agents.costs.api import RequestShape, is_cacheable
from agents.costs.figures import exact
from agents.costs.offers import ApiOffer, SelfHostedOffer
from agents.costs.scenario import Scenario
from agents.costs.serving import breakeven_requests_per_day
from agents.costs.workload_offers import hosted, prompting

# A quotient cut after 28 digits may lie just below the volume at which both cost the same.
_ROUNDED_UP = 1 + Decimal("1e-18")
# At the very edge of a step rounding may count one replica more.
_JUST_BELOW = 1 - 1e-9


def break_evens(scenario: Scenario, shape: RequestShape, offer: SelfHostedOffer) -> Mapping[str, Decimal | None]:
    """Return, for each API model, the volume from which the student is no dearer; None for never."""
    prices = (*scenario.models, *scenario.references)
    return MappingProxyType({price.id: break_even(prompting(scenario, shape, price), offer) for price in prices})


def hosted_break_evens(scenario: Scenario, shape: RequestShape, offer: SelfHostedOffer) -> Mapping[str, Decimal | None]:
    """Return the same for each open model that others host, at the host in the middle."""
    models = scenario.hosted
    return MappingProxyType({model.name: break_even(hosted(scenario, shape, model).usual, offer) for model in models})


def break_even(api: ApiOffer, offer: SelfHostedOffer, times: Decimal = Decimal(1)) -> Decimal | None:
    """Return the smallest volume from which an API model costs so many times as much as own GPUs; None for never.

    Beyond it, just after a step to one more replica, the API may cost less than that again for a while.
    """
    replica_usd = offer.replica_usd_per_day.base * times
    if is_cacheable(api.shape):
        return breakeven_requests_per_day(api.usd_per_day, replica_usd, offer.capacity_rps, offer.fleet)
    # Without a cache every request costs the same, so the volume need not be searched for.
    usd = api.request_usd(Decimal(1)).base
    fixed = replica_usd * offer.fleet.min_replicas
    return fixed / usd * _ROUNDED_UP if usd * first_step(offer) >= fixed else None


def first_step(offer: SelfHostedOffer) -> Decimal:
    """Return the requests per day that fill the replicas which always run, a hair below the next one."""
    return exact(offer.fleet.daily_capacity(offer.fleet.min_replicas, offer.capacity_rps) * _JUST_BELOW)
