"""The figures between inputs and result, by subject, for whoever wants to check the arithmetic.

Sections, each present when what it needs is known:

- `prompting`, per API model: price of a request without caching, per day and month, and per million tokens.
- `prompt_cache`, per API model: hit rate, break-even hit rate, price with and without caching.
- `knowledge`: chunks, vectors, embedding, and long context against retrieval.
- `data_generation`, per model: the training data's price with and without batch rates.
- `training`: hours, speed and price of the runs.
- `training_memory`, per student and method: bytes on one GPU, GPUs needed, fill.
- `serving`: capacity, replicas, utilisation, price, and each API model's cost beside it.
- `kv_cache`: bytes per token, and the tokens that fit per kind and number of GPUs.
- `latency`: least seconds until the first and the last token.
- `payback`: compute and engineering, days to pay back against each API model.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from agents.costs.api import RequestShape, request_usd
from agents.costs.break_evens import break_evens
from agents.costs.data_generation import data_generation_usd
from agents.costs.figures import DAYS_PER_MONTH, MILLION
from agents.costs.hardware_details import hardware_details, training_details
from agents.costs.knowledge import knowledge_details
from agents.costs.offers import ApiOffer, SelfHostedOffer
from agents.costs.scenario import Scenario
from agents.costs.serving import payback_days, usd_per_million_tokens, utilisation
from agents.costs.upfront import engineering_usd, total, upfront_lines
from agents.costs.workload_offers import prompting, self_hosted

Section = Mapping[str, Any]


def details_of(scenario: Scenario) -> Mapping[str, Section]:
    """Return every section that the scenario knows enough for."""
    found: dict[str, Section] = {}
    shape, volume = scenario.shape, scenario.requests_per_day
    if shape is not None:
        offers = {price.id: prompting(scenario, shape, price) for price in scenario.models}
        own = self_hosted(scenario, shape)
        found["prompting"] = {name: _prompting(scenario, offer) for name, offer in offers.items()}
        found["serving"] = _serving(scenario, own, offers)
        if volume is not None:
            found["payback"] = _payback(scenario, own, offers, volume)
            if shape.static_prefix > 0:
                found["prompt_cache"] = {name: _cache(offer, volume) for name, offer in offers.items()}
    found["knowledge"] = knowledge_details(scenario)
    if scenario.example_tokens is not None:
        writers = {price.id: price for price in (scenario.teacher, *scenario.models)}
        found["data_generation"] = {name: _data_generation(scenario, name) for name in writers}
    found["training"] = training_details(scenario)
    found.update(hardware_details(scenario, shape))
    return {name: section for name, section in found.items() if section}


def _prompting(scenario: Scenario, offer: ApiOffer) -> Section:
    shape: RequestShape = offer.shape
    usd = request_usd(offer.price, shape.tokens_in, shape.tokens_out, batch=offer.batch)
    per_day = usd * scenario.requests_per_day if scenario.requests_per_day else None
    return {
        "tokens_in": shape.tokens_in,
        "tokens_out": shape.tokens_out,
        "usd": usd,
        "usd_per_request": usd,
        "usd_per_day": per_day,
        "usd_per_month": per_day * DAYS_PER_MONTH if per_day is not None else None,
        "blended_usd_per_mtok": usd / offer.tokens_per_request * MILLION,
    }


def _cache(offer: ApiOffer, volume: Decimal) -> Section:
    outlook = offer.cache(volume)
    return {
        "hit_rate": outlook.hit_rate,
        "breakeven_hit_rate": outlook.breakeven_hit_rate,
        "usd_per_request": outlook.cached_usd,
        "vs_uncached_usd": outlook.uncached_usd,
        "caching_pays": outlook.pays,
    }


def _data_generation(scenario: Scenario, name: str) -> Section:
    price = scenario.book.model(name)
    plan = scenario.data_generation(price)
    if plan is None:
        return {}
    return {
        "requests": plan.requests,
        "usd": data_generation_usd(price, plan, batch=scenario.inputs.batch),
        "usd_without_batch": data_generation_usd(price, plan, batch=False),
        "batch_rates": price.batch is not None,
    }


def _serving(scenario: Scenario, offer: SelfHostedOffer, apis: Mapping[str, ApiOffer]) -> Section:
    hour = scenario.serving_usd_per_hour.base
    tokens_in, tokens_out = float(offer.tokens_in), float(offer.tokens_out)
    found: dict[str, Any] = {
        "gpu": scenario.serving_gpu.name,
        "gpus_per_replica": offer.calibration.gpus,
        "usd_per_gpu_hour": hour,
        "gpu_seconds_per_request": offer.calibration.gpu_seconds(tokens_in, tokens_out),
        "cap_rps": offer.capacity_rps,
        "usd_per_mtok_at_utilisation": {
            str(used): usd_per_million_tokens(offer.calibration, tokens_in, tokens_out, hour, used)
            for used in scenario.inputs.utilisation
        },
    }
    if scenario.shape is not None:
        found["break_even"] = break_evens(scenario, scenario.shape, offer)
    volume = scenario.requests_per_day
    if volume is None:
        return found
    replicas = offer.replicas(volume)
    month = offer.usd_per_month(volume).base
    api_months = {name: api.usd_per_month(volume).base for name, api in apis.items()}
    months = {**api_months, scenario.student.name: month}
    return {
        **found,
        "replicas": replicas,
        "utilisation": utilisation(float(volume), offer.capacity_rps, replicas),
        "usd_month": month,
        "usd_per_req": month / (volume * DAYS_PER_MONTH),
        "usd_per_mtok": month / (volume * DAYS_PER_MONTH * offer.tokens_per_request) * MILLION,
        "api_usd_month": api_months,
        "ratio_api_over_self": {name: usd / month for name, usd in api_months.items()},
        "cheapest": min(months, key=lambda name: months[name]),
    }


def _payback(scenario: Scenario, offer: SelfHostedOffer, apis: Mapping[str, ApiOffer], volume: Decimal) -> Section:
    people = engineering_usd(scenario, "distil").base
    upfront = total(upfront_lines(scenario, "distil")).base
    self_usd = offer.usd_per_day(volume)
    api_usd = {name: api.usd_per_day(volume) for name, api in apis.items()}
    return {
        "upfront_compute_usd": upfront - people,
        "engineering_usd": people,
        "self_usd_day": self_usd,
        "api_usd_day": api_usd,
        "payback_days_compute_only": {
            name: payback_days(upfront - people, usd, self_usd) for name, usd in api_usd.items()
        },
        "payback_days_with_engineering": {name: payback_days(upfront, usd, self_usd) for name, usd in api_usd.items()},
    }
