"""Which inputs move the approaches that compete for the lowest cost, and how far each may plausibly move."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from agents.costs.api import SMALLEST_CACHEABLE_PREFIX
from agents.costs.figures import Band, exact
from agents.costs.long_context import LARGEST_LONG_CONTEXT_TOKENS
from agents.costs.offers import ApiOffer, SelfHostedOffer
from agents.costs.plans import Plan
from agents.costs.prices.book import ModelPrice
from agents.costs.scenario import Scenario
from agents.costs.sensitivity.levers import (
    BOTH_COSTS,
    HALF,
    LONGEST_PROMPT,
    MODEL_PRICE,
    MORE,
    Cost,
    Lever,
    gpu_price_lever,
    input_lever,
    lever,
    model_price_lever,
)
from agents.costs.sensitivity.training_levers import people_levers, training_levers
from agents.costs.workload_offers import RAG_INFRA_USD_PER_MONTH, RAG_SETUP_USD

_RUNNING_ONLY = frozenset(
    {
        "requests_per_day", "static_prefix", "ttl_s", "peak_factor", "headroom", "min_replicas", "calibration",
        "top_k", "other_in", "infra_usd_month",
    }
)  # fmt: skip
_UPFRONT_ONLY = frozenset(
    {
        "examples", "reject_rate", "example_tokens_in", "example_tokens_out", "runs", "epochs", "trained_tokens", "mfu",
        "upfront_compute_usd", "engineering_usd", "engineering_day_rate", "engineering_days", "setup_usd",
    }
)  # fmt: skip


def levers_in_play(scenario: Scenario, contenders: Sequence[Plan]) -> tuple[Lever, ...]:
    """Return the levers that move at least one of the contenders, or one that could join them."""
    found = [*_traffic(scenario), *_prices(scenario, contenders)]
    if any(isinstance(plan.offer, SelfHostedOffer) for plan in contenders):
        found += _serving(scenario)
    is_trained = any(plan.kind in {"fine_tune", "distil"} for plan in contenders)
    if is_trained:
        found += [*training_levers(scenario), *people_levers(scenario)]
    if scenario.corpus is not None:
        found += _documents(scenario)
    if is_trained or scenario.corpus is not None:
        found.append(input_lever(scenario, "horizon_months", "Horizon", "months", limits=(0.1, 120)))
    models = {price.id for price in scenario.models}
    return tuple(
        replace(each, touches=_touches(scenario, each.key), model=name if (name := _model(each.key)) in models else "")
        for each in found
    )


def _model(key: str) -> str:
    """Return the API model whose price an input is; empty where it is another input."""
    return key.removeprefix(MODEL_PRICE) if key.startswith(MODEL_PRICE) else ""


def _touches(scenario: Scenario, key: str) -> frozenset[Cost]:
    """Return which costs an input moves."""
    if key in _RUNNING_ONLY or (key == "usd_per_gpu_hour" and not _is_shared_hour(scenario)):
        return frozenset({"running"})
    if key in _UPFRONT_ONLY or key.startswith("gpus."):
        return frozenset({"upfront"})
    if model := _model(key):
        return _model_touches(scenario, model)
    # The horizon only spreads what is known.
    return frozenset() if key == "horizon_months" else BOTH_COSTS


def _model_touches(scenario: Scenario, model: str) -> frozenset[Cost]:
    is_called = model in {price.id for price in scenario.models}
    if scenario.embedder is not None and scenario.embedder.id == model:
        return BOTH_COSTS
    if scenario.teacher.id == model:
        return BOTH_COSTS if is_called else frozenset({"upfront"})
    return frozenset({"running"})


def _is_shared_hour(scenario: Scenario) -> bool:
    """Return whether an hour's price of one's own holds for training, too: it does for the GPU that was named."""
    return scenario.inputs.gpu is not None and scenario.training_gpu.name == scenario.serving_gpu.name


def _traffic(scenario: Scenario) -> Iterator[Lever]:
    inputs = scenario.inputs
    yield input_lever(scenario, "requests_per_day", "Requests", "requests/day", limits=(0.01, 1e10))
    tiers = tuple(
        price.tier_tokens / scenario.token_factor(price) for price in scenario.models if price.tier_tokens is not None
    )
    shortest = max(1, inputs.static_prefix)
    yield input_lever(
        scenario, "tokens_in", "Prompt", "tokens", limits=(shortest, LONGEST_PROMPT), is_whole=True, marks=tiers
    )
    yield input_lever(scenario, "tokens_out", "Answer", "tokens", limits=(0, 100_000), is_whole=True)
    if inputs.static_prefix > 0:
        yield input_lever(
            scenario,
            "static_prefix",
            "Fixed prefix",
            "tokens",
            limits=(0, inputs.tokens_in or 0),
            is_whole=True,
            marks=tuple(SMALLEST_CACHEABLE_PREFIX / factor for factor in {scenario.claude_token_factor, Decimal(1)}),
        )
    if inputs.static_prefix > 0 or scenario.corpus is not None:
        yield input_lever(scenario, "ttl_s", "Life of a cached prompt", "s", limits=(1, 86_400))


def _serving(scenario: Scenario) -> Iterator[Lever]:
    inputs = scenario.inputs
    yield _gpu_hour(scenario)
    yield input_lever(scenario, "peak_factor", "Busiest moment", "x the average", limits=(1, 100))
    yield input_lever(
        scenario, "headroom", "Fill of a replica", "share", limits=(0.01, 1), span=(0.5, 0.9), source="assumed"
    )
    yield input_lever(
        scenario,
        "min_replicas",
        "Replicas that always run",
        "replicas",
        limits=(1, 1000),
        span=(1, inputs.min_replicas + 1),
        source="one more for availability, assumed",
        is_whole=True,
    )
    yield _throughput(scenario)
    if any(price.is_claude for price in scenario.models):
        factor = scenario.claude_token_factor
        yield lever(
            key="claude_token_factor",
            label="Claude tokens per student token",
            unit="x",
            base=factor,
            low=min(factor, Decimal(1)),
            high=max(factor, Decimal("1.4")),
            limits=(Decimal("0.5"), Decimal(3)),
            source="by language and kind of text, assumed",
            vary=lambda varied, value: replace(varied, claude_token_factor=value),
        )


def _gpu_hour(scenario: Scenario) -> Lever:
    gpu, base = scenario.serving_gpu, scenario.serving_usd_per_hour.base
    is_shared = _is_shared_hour(scenario)

    def vary(varied: Scenario, value: Decimal) -> Scenario:
        hour = Band.flat(value)
        training = hour if is_shared else varied.training_usd_per_hour
        return replace(varied, serving_usd_per_hour=hour, training_usd_per_hour=training)

    return gpu_price_lever("usd_per_gpu_hour", f"{gpu.name} for serving", gpu, base, vary)


def _throughput(scenario: Scenario) -> Lever:
    own = scenario.calibration
    is_measured = own.kind == "measured"
    low, high = (Decimal("0.9"), Decimal("1.1")) if is_measured else (HALF, MORE)

    def vary(varied: Scenario, value: Decimal) -> Scenario:
        speed = float(value)
        faster = replace(own, prefill=own.prefill * speed, decode=own.decode * speed, context=own.context / speed)
        return replace(varied, calibration=faster)

    return lever(
        key="calibration",
        label="Serving throughput",
        unit="x the calibration",
        base=Decimal(1),
        low=low,
        high=high,
        limits=(Decimal("0.01"), Decimal(100)),
        source=f"{own.source}, {'give or take a tenth' if is_measured else 'half to one and a half times'}, assumed",
        vary=vary,
    )


def _prices(scenario: Scenario, contenders: Sequence[Plan]) -> Iterator[Lever]:
    """Yield the price of each API model that a contender runs on or learns from."""
    used: dict[str, ModelPrice] = {
        plan.offer.price.id: plan.offer.price for plan in contenders if isinstance(plan.offer, ApiOffer)
    }
    if any(plan.kind == "distil" for plan in contenders) and scenario.inputs.upfront_compute_usd is None:
        used.setdefault(scenario.teacher.id, scenario.teacher)
    if scenario.corpus is not None and scenario.embedder is not None:
        used.setdefault(scenario.embedder.id, scenario.embedder)
    for price in used.values():
        found = model_price_lever(price)
        if found is not None:
            yield found


def _documents(scenario: Scenario) -> Iterator[Lever]:
    inputs = scenario.inputs
    tier = scenario.in_use.tier_tokens
    marks = [Decimal(LARGEST_LONG_CONTEXT_TOKENS)]
    if tier is not None:
        marks.append(tier / scenario.token_factor(scenario.in_use))
    yield input_lever(
        scenario,
        "knowledge_tokens",
        "Documents",
        "tokens",
        limits=(1, 10**12),
        is_whole=True,
        marks=tuple(marks),
    )
    if inputs.other_in is not None:
        yield input_lever(
            scenario, "other_in", "Prompt besides documents", "tokens", limits=(0, LONGEST_PROMPT), is_whole=True
        )
    yield input_lever(scenario, "top_k", "Chunks retrieved", "chunks", limits=(1, 1000), is_whole=True)
    least = max(16, inputs.overlap + 1)
    yield input_lever(scenario, "chunk", "Size of a chunk", "tokens", limits=(least, 100_000), is_whole=True)
    yield _banded(scenario, "infra_usd_month", "Database for retrieval", "USD/month", RAG_INFRA_USD_PER_MONTH)
    yield _banded(scenario, "setup_usd", "Building retrieval", "USD", RAG_SETUP_USD)


def _banded(scenario: Scenario, key: str, label: str, unit: str, band: Band) -> Lever:
    """Return the lever of an amount that has a range of its own while nobody gives it."""
    given = getattr(scenario.inputs, key)
    return input_lever(
        scenario,
        key,
        label,
        unit,
        base=exact(band.base if given is None else given),
        limits=(0, 10**9),
        span=(band.low, band.high) if given is None else None,
        source="the range that is taken for granted" if given is None else "half to double of your own, assumed",
    )
