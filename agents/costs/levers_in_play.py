"""Which inputs move the approaches that compete for the lowest cost, and how far each may plausibly move."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from agents.costs.api import SMALLEST_CACHEABLE_PREFIX
from agents.costs.figures import Band, exact
from agents.costs.levers import DOUBLE, HALF, MORE, Lever, Vary, input_lever, lever, model_price_lever
from agents.costs.long_context import LARGEST_LONG_CONTEXT_TOKENS
from agents.costs.offers import ApiOffer, SelfHostedOffer
from agents.costs.plans import Plan
from agents.costs.prices import GpuPrice, ModelPrice
from agents.costs.scenario import Scenario
from agents.costs.workload_offers import RAG_INFRA_USD_PER_MONTH, RAG_SETUP_USD

# The most tokens of a prompt that any model takes today; beyond it a flip would be of no use.
LONGEST_PROMPT = 1_000_000
DEAREST_DAY_USD = Decimal(1_000)


def levers_in_play(scenario: Scenario, contenders: Sequence[Plan]) -> tuple[Lever, ...]:
    """Return the levers that move at least one of the contenders, or one that could join them."""
    found = [*_traffic(scenario), *_prices(scenario, contenders)]
    if any(isinstance(plan.offer, SelfHostedOffer) for plan in contenders):
        found += _serving(scenario)
    is_trained = any(plan.kind in {"fine_tune", "distil"} for plan in contenders)
    if is_trained:
        found += [*_training(scenario), *_people(scenario)]
    if scenario.corpus is not None:
        found += _documents(scenario)
    if is_trained or scenario.corpus is not None:
        found.append(input_lever(scenario, "horizon_months", "Horizon", "months", limits=(0.1, 120)))
    return tuple(found)


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
    is_shared = scenario.training_gpu.name == gpu.name and scenario.training_usd_per_hour == (
        scenario.serving_usd_per_hour
    )

    def vary(varied: Scenario, value: Decimal) -> Scenario:
        hour = Band.flat(value)
        training = hour if is_shared else varied.training_usd_per_hour
        return replace(varied, serving_usd_per_hour=hour, training_usd_per_hour=training)

    return _gpu_lever("usd_per_gpu_hour", f"{gpu.name} for serving", gpu, base, vary)


def _gpu_lever(key: str, label: str, gpu: GpuPrice, base: Decimal, vary: Vary) -> Lever:
    """Return the lever of an hour's price: the range it is offered at, or half to double of the person's own."""
    listed = gpu.usd_per_hour
    is_listed = listed.low < listed.high and listed.low <= base <= listed.high
    return lever(
        key=key,
        label=label,
        unit="USD/GPU hour",
        base=base,
        low=listed.low if is_listed else base * HALF,
        high=listed.high if is_listed else base * DOUBLE,
        limits=(base / 100, max(base * 100, Decimal(1))),
        source=gpu.source if is_listed else "half to double of your own, assumed",
        kind="published" if is_listed else "assumed",
        vary=vary,
    )


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


def _training(scenario: Scenario) -> Iterator[Lever]:
    inputs = scenario.inputs
    if inputs.upfront_compute_usd is not None:
        yield input_lever(
            scenario, "upfront_compute_usd", "Data and training", "USD", limits=(0, 10**9), source="half to double"
        )
        return
    given = inputs.model_fields_set
    span = None if "examples" in given else (10_000, 100_000)
    source = "half to double, assumed" if span is None else "the guide's 10,000 to 100,000"
    yield input_lever(
        scenario, "examples", "Training examples", "examples", limits=(100, 1e7), span=span, source=source
    )
    yield input_lever(
        scenario, "reject_rate", "Examples filtered out", "share", limits=(0, 0.95), span=(0.05, 0.4), source="assumed"
    )
    for key, label in (("example_tokens_in", "Prompt of an example"), ("example_tokens_out", "Answer of an example")):
        if getattr(inputs, key) is not None:
            yield input_lever(scenario, key, label, "tokens", limits=(0, LONGEST_PROMPT), is_whole=True)
    yield from _runs(scenario)


def _runs(scenario: Scenario) -> Iterator[Lever]:
    inputs = scenario.inputs
    yield input_lever(
        scenario, "runs", "Training runs", "runs", limits=(1, 1000), span=(1, 10), source="assumed", is_whole=True
    )
    if inputs.trained_tokens is None:
        yield input_lever(
            scenario, "epochs", "Passes over the examples", "epochs", limits=(0.01, 1000), span=(1, 5), source="assumed"
        )
    else:
        yield input_lever(scenario, "trained_tokens", "Tokens of a run", "tokens", limits=(1, 1e15))
    reached = scenario.training_efficiency
    yield input_lever(
        scenario,
        "mfu",
        "Share of the GPU's peak in training",
        "share",
        base=inputs.mfu or reached.mfu,
        limits=(0.001, 1),
        span=(0.2, 0.5),
        source=f"{reached.source}; 20% to 50% are reported",
    )
    gpu = scenario.training_gpu
    if gpu.name != scenario.serving_gpu.name:
        base = scenario.training_usd_per_hour.base
        yield _gpu_lever(
            f"gpus.{gpu.name}.usd",
            f"{gpu.name} for training",
            gpu,
            base,
            lambda varied, value: replace(varied, training_usd_per_hour=Band.flat(value)),
        )


def _people(scenario: Scenario) -> Iterator[Lever]:
    inputs = scenario.inputs
    if inputs.engineering_usd is not None:
        yield input_lever(scenario, "engineering_usd", "People's time", "USD", limits=(0, 10**7))
        return
    rate = inputs.engineering_day_rate
    is_counted = rate > 0
    yield input_lever(
        scenario,
        "engineering_day_rate",
        "People's time",
        "USD/day",
        limits=(0, 10_000),
        span=None if is_counted else (Decimal(0), DEAREST_DAY_USD),
        source="half to double, assumed" if is_counted else "not counted to $1,000 a day, assumed",
    )
    if is_counted and inputs.engineering_days is not None:
        yield input_lever(scenario, "engineering_days", "Days of people's time", "days", limits=(0, 10_000))


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
