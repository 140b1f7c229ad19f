"""The inputs that move what is paid before the first request: training data, training runs and people's time."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from agents.costs.figures import Band
from agents.costs.scenario import Scenario
from agents.costs.sensitivity.levers import LONGEST_PROMPT, Lever, gpu_price_lever, input_lever

DEAREST_DAY_USD = Decimal(1_000)


def training_levers(scenario: Scenario) -> Iterator[Lever]:
    """Yield what moves the price of training data and training."""
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
        yield gpu_price_lever(
            f"gpus.{gpu.name}.usd",
            f"{gpu.name} for training",
            gpu,
            base,
            lambda varied, value: replace(varied, training_usd_per_hour=Band.flat(value)),
        )


def people_levers(scenario: Scenario) -> Iterator[Lever]:
    """Yield what moves the price of people's time."""
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
