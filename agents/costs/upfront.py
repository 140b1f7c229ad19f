"""What is paid once before the first request: setup, training data, training and people's time."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from agents.costs.data_generation import data_generation_usd
from agents.costs.figures import Band, exact
from agents.costs.rag import embed_once_usd
from agents.costs.scenario import Scenario
from agents.costs.training import runs_usd
from agents.costs.workload_offers import setup_usd

# The guide's 1 to 3 weeks to fine-tune and 2 to 4 to distil, in days of one person's work.
WORKING_DAYS: Mapping[str, Band] = MappingProxyType(
    {
        "fine_tune": Band(Decimal(5), Decimal(10), Decimal(15)),
        "distil": Band(Decimal(10), Decimal(15), Decimal(20)),
    }
)


def training_usd(scenario: Scenario) -> Band:
    """Return the price of all training runs; zero while their tokens are unknown."""
    run = scenario.training
    if run is None:
        return Band.flat(0)
    return runs_usd(run, scenario.training_usd_per_hour, scenario.inputs.runs)


def teacher_usd(scenario: Scenario) -> Band:
    """Return the price of the training data.

    An API teacher's band ends at full price, without the batch discount; an open teacher's is that of its GPUs.
    """
    if scenario.open_teacher is not None:
        return scenario.open_teacher.usd_per_hour.times(exact(open_teacher_gpu_hours(scenario)))
    plan = scenario.data_generation(scenario.teacher)
    if plan is None:
        return Band.flat(0)
    full = data_generation_usd(scenario.teacher, plan, batch=False)
    paid = data_generation_usd(scenario.teacher, plan, batch=scenario.inputs.batch)
    return Band(paid, paid, full)


def open_teacher_gpu_hours(scenario: Scenario) -> float:
    """Return the GPU hours in which an open teacher writes all examples; zero while their tokens are unknown.

    The examples are written in one go, so the GPUs are full and are given back after it.
    """
    tokens = scenario.example_tokens
    if scenario.open_teacher is None or tokens is None:
        return 0.0
    requests = scenario.inputs.examples / (1 - scenario.inputs.reject_rate)
    return requests * scenario.open_teacher.calibration.gpu_seconds(float(tokens[0]), float(tokens[1])) / 3600


def engineering_usd(scenario: Scenario, kind: str) -> Band:
    """Return the price of people's time, zero unless a day rate or an amount is given."""
    inputs = scenario.inputs
    if inputs.engineering_usd is not None:
        return Band.flat(inputs.engineering_usd)
    days = WORKING_DAYS[kind] if inputs.engineering_days is None else Band.flat(inputs.engineering_days)
    return days.times(inputs.engineering_day_rate)


def upfront_lines(scenario: Scenario, kind: str) -> Mapping[str, Band]:
    """Return what is paid once, by line."""
    if kind in {"rag", "open_rag"} and scenario.corpus is not None:
        embedding = embed_once_usd(scenario.corpus, scenario.embedder)
        return {"setup": setup_usd(scenario), "embedding": Band.flat(embedding)}
    if kind not in {"fine_tune", "distil"}:
        return {}
    people = engineering_usd(scenario, kind)
    given = scenario.inputs.upfront_compute_usd
    if given is not None:
        return {"compute": Band.flat(given), "engineering": people}
    data = {"training_data": teacher_usd(scenario)} if kind == "distil" else {}
    return {**data, "training": training_usd(scenario), "engineering": people}


def total(lines: Mapping[str, Band]) -> Band:
    """Return the sum of upfront lines."""
    return sum(lines.values(), start=Band.flat(0))
