"""What a payback is counted against: the cheapest way of today that is known to be good enough."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from agents.costs.api import request_usd
from agents.costs.offers import Offer
from agents.costs.plans import open_models
from agents.costs.prices.book import ModelPrice
from agents.costs.scenario import Scenario
from agents.costs.workload_offers import hosted, prompting, untrained


@dataclass(frozen=True, slots=True)
class Baseline:
    """A model that answers without training; `offer` is None while tokens are unknown.

    `row_id` is its row's; `id` is the model's own name.
    """

    id: str
    row_id: str
    reason: str
    offer: Offer | None


def payback_baseline(scenario: Scenario) -> Baseline:
    """Return what a payback is counted against, and why it is that."""
    if scenario.inputs.air_gapped:
        return _own_gpus(scenario)
    found = _api(scenario)
    return min(_hosted(scenario, found), key=lambda one: _usd(one.offer))


def _own_gpus(scenario: Scenario) -> Baseline:
    """Return the largest open model that may be used: its quality is the one to reach."""
    model = open_models(scenario)[-1]
    name, shape = model.student.name, scenario.shape
    return Baseline(
        name,
        f"open_prompt:{name}",
        f"against untrained {name} on your own GPUs, because air-gapped rules out every API",
        None if shape is None else untrained(scenario, shape, model),
    )


def _hosted(scenario: Scenario, other: Baseline) -> Iterator[Baseline]:
    """Yield the open models named as good enough, and what they have to be cheaper than."""
    shape = scenario.shape
    yield other
    if scenario.inputs.open_models is None or shape is None:
        return
    for model in scenario.hosted:
        reason = f"against hosted {model.name}, which you named as good enough and which is the cheapest of those"
        yield Baseline(model.name, f"serverless:{model.name}", reason, hosted(scenario, shape, model))


def _usd(offer: Offer | None) -> Decimal:
    """Return the price of a month at one request a day, by which models without fixed costs can be compared."""
    return Decimal("Infinity") if offer is None else offer.base_usd_per_month(Decimal(1))


def _api(scenario: Scenario) -> Baseline:
    """Return the cheapest API model compared that is known to meet the bar, else the one in use."""
    shape, in_use = scenario.shape, scenario.in_use
    if shape is None:
        return Baseline(in_use.id, f"prompt:{in_use.id}", f"against {in_use.id}, the model in use", None)
    candidates = [price for price in scenario.models if not price.is_retired(scenario.book.as_of)] or [in_use]

    def usd(price: ModelPrice) -> Decimal:
        scaled = shape.times(scenario.token_factor(price))
        return request_usd(price, scaled.tokens_in, scaled.tokens_out)

    cheapest = min(candidates, key=usd)
    chosen, reason = _tested(scenario, cheapest)
    return Baseline(chosen.id, f"prompt:{chosen.id}", reason, prompting(scenario, shape, chosen))


def _tested(scenario: Scenario, cheapest: ModelPrice) -> tuple[ModelPrice, str]:
    in_use = scenario.in_use
    if cheapest.id == in_use.id:
        return in_use, f"against {in_use.id}, the model in use and the cheapest compared"
    tested = scenario.inputs.small_api_meets_bar
    if tested == "yes":
        return cheapest, f"against {cheapest.id}, the cheapest API model that meets the quality bar"
    if tested == "no":
        return in_use, f"against {in_use.id}, because {cheapest.id} does not meet the quality bar"
    return in_use, f"against {in_use.id}, the model in use; {cheapest.id} has not been tested and would be the bar"
