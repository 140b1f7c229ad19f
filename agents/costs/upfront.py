"""What is paid once before the first request: setup, training data, training and people's time."""

from collections.abc import Mapping
from decimal import Decimal

from agents.costs.data_generation import data_generation_usd
from agents.costs.figures import Band, exact
from agents.costs.rag import embed_once_usd
from agents.costs.scenario import Scenario
from agents.costs.training import runs_usd
from agents.costs.workload_offers import setup_usd


def training_usd(scenario: Scenario) -> Band:
    """Return the price of all training runs; zero while their tokens are unknown."""
    run = scenario.training
    if run is None:
        return Band.flat(0)
    return runs_usd(run, scenario.training_usd_per_hour, scenario.inputs.runs)


def teacher_usd(scenario: Scenario) -> Band:
    """Return the price of the training data; its band ends at full price, without the batch discount."""
    plan = scenario.data_generation(scenario.teacher)
    if plan is None:
        return Band.flat(0)
    full = data_generation_usd(scenario.teacher, plan, batch=False)
    paid = data_generation_usd(scenario.teacher, plan, batch=scenario.inputs.batch)
    return Band(paid, paid, full)


def engineering_usd(scenario: Scenario) -> Decimal:
    """Return the price of people's time, zero unless it is asked for."""
    given = scenario.inputs.engineering_usd
    if given is not None:
        return given
    return exact(scenario.inputs.engineering_days) * scenario.inputs.engineering_day_rate


def upfront_lines(scenario: Scenario, kind: str) -> Mapping[str, Band]:
    """Return what is paid once, by line."""
    if kind == "rag" and scenario.corpus is not None:
        embedding = embed_once_usd(scenario.corpus, scenario.embedder)
        return {"setup": setup_usd(scenario), "embedding": Band.flat(embedding)}
    if kind not in {"fine_tune", "distil"}:
        return {}
    people = Band.flat(engineering_usd(scenario))
    given = scenario.inputs.upfront_compute_usd
    if given is not None:
        return {"compute": Band.flat(given), "engineering": people}
    data = {"training_data": teacher_usd(scenario)} if kind == "distil" else {}
    return {**data, "training": training_usd(scenario), "engineering": people}


def total(lines: Mapping[str, Band]) -> Band:
    """Return the sum of upfront lines."""
    return sum(lines.values(), start=Band.flat(0))
