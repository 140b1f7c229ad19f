"""The ways of doing a workload before they have figures: which there are, what each runs on, how they rank.

Cheap to make, because the search for what flips the ranking asks for them hundreds of times.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from agents.costs.api import RequestShape
from agents.costs.evidence import misses_bar
from agents.costs.latency import API_FLOOR_S, answer_floor_s
from agents.costs.offers import Offer, SelfHostedOffer
from agents.costs.open_models import OpenModel
from agents.costs.prices.book import ModelPrice
from agents.costs.scenario import Scenario
from agents.costs.workload_offers import (
    hosted,
    long_context,
    prompting,
    retrieval,
    self_hosted,
    untrained,
    untrained_retrieval,
)

ApproachKind = Literal["prompt", "rag", "long_context", "serverless", "fine_tune", "distil", "open_prompt", "open_rag"]

# Kinds whose requests leave the network.
REMOTE = frozenset({"prompt", "rag", "long_context", "serverless"})
AIR_GAPPED = "ruled out: air-gapped, and its requests would leave your network"

METHOD_LABELS = MappingProxyType({"lora": "LoRA", "qlora": "QLoRA", "full": "Fully trained"})


@dataclass(frozen=True, slots=True)
class Plan:
    """One way of doing the workload; the offer prices it at any volume.

    `misses_bar`: its model is known not to be good enough. `covers_knowledge`: it has the documents, where there are
    any. `is_reference`: it is shown for comparison and not ranked. `ruled_out`: why it cannot be chosen, empty where
    it can.
    """

    id: str
    label: str
    kind: ApproachKind
    offer: Offer
    is_reference: bool = False
    covers_knowledge: bool = True
    misses_bar: bool = False
    retires_on: dt.date | None = None
    ruled_out: str = ""

    def is_ranked(self, today: dt.date) -> bool:
        """Return whether it can be chosen: neither a reference, nor ruled out, nor gone from its API."""
        is_gone = self.retires_on is not None and self.retires_on <= today
        return not self.is_reference and not self.ruled_out and not is_gone


def plans(scenario: Scenario) -> tuple[Plan, ...]:
    """Return every way that applies, references included; none while tokens or volume are unknown."""
    shape = scenario.shape
    if shape is None or scenario.requests_per_day is None:
        return ()
    found = [_prompt(scenario, shape, price) for price in scenario.models]
    found += [_prompt(scenario, shape, price, is_reference=True) for price in scenario.references]
    if scenario.corpus is not None:
        found += _with_documents(scenario, shape)
    found += _hosted(scenario, shape)
    found += _students(scenario, shape)
    if scenario.inputs.air_gapped:
        found += _untrained(scenario, shape)
    inputs = scenario.inputs
    # Without any of these nothing is ruled out, which spares the search for flips a third of its work.
    if inputs.air_gapped or inputs.latency_p95_ms is not None or scenario.open_teacher is not None:
        found = [replace(plan, ruled_out=_ruled_out(scenario, plan)) for plan in found]
    return tuple(found)


def _ruled_out(scenario: Scenario, plan: Plan) -> str:
    """Return why the inputs do not allow a plan; empty where they do."""
    if scenario.inputs.air_gapped and plan.kind in REMOTE:
        return AIR_GAPPED
    teacher = scenario.open_teacher
    if plan.kind == "distil" and teacher is not None and teacher.student == scenario.student:
        return "ruled out: its teacher is the same model, so there is nothing to learn from it"
    budget_ms, least_ms = scenario.inputs.latency_p95_ms, floor_s(scenario, plan) * 1000
    if budget_ms is None or least_ms <= budget_ms:
        return ""
    whose = "an API takes, by the guide," if plan.kind in REMOTE else "an answer takes"
    return f"ruled out: {whose} at least {least_ms:,.0f} ms, and {budget_ms:,g} ms are allowed"


def floor_s(scenario: Scenario, plan: Plan) -> float:
    """Return the least time of an answer."""
    offer = plan.offer
    if not isinstance(offer, SelfHostedOffer):
        return API_FLOOR_S
    model = model_of(scenario, plan.id)
    return answer_floor_s(
        offer.calibration,
        tokens_in=float(offer.tokens_in),
        tokens_out=float(offer.tokens_out),
        weight_bytes=model.weight_bytes,
        bandwidth=model.gpu.bandwidth,
    )


def model_of(scenario: Scenario, row_id: str) -> OpenModel:
    """Return the model that a row on own GPUs serves."""
    return next(model for model in open_models(scenario) if model.student.name == row_id.partition(":")[2])


def open_models(scenario: Scenario) -> tuple[OpenModel, ...]:
    """Return the open models on own GPUs: the student, and the open teacher where there is another."""
    own, teacher = scenario.own_model, scenario.open_teacher
    return (own,) if teacher is None or teacher.student == own.student else (own, teacher)


def _prompt(scenario: Scenario, shape: RequestShape, price: ModelPrice, *, is_reference: bool = False) -> Plan:
    return Plan(
        f"prompt:{price.id}",
        f"Prompting {price.id}",
        "prompt",
        prompting(scenario, shape, price),
        is_reference=is_reference,
        covers_knowledge=scenario.corpus is None,
        misses_bar=misses_bar(scenario, price),
        retires_on=price.retires_on,
    )


def _with_documents(scenario: Scenario, shape: RequestShape) -> Iterator[Plan]:
    """Yield the ways of giving documents to the model in use."""
    price = scenario.in_use
    missed, retires_on = misses_bar(scenario, price), price.retires_on
    found = retrieval(scenario, shape, price)
    yield Plan(f"rag:{price.id}", f"RAG + {price.id}", "rag", found, misses_bar=missed, retires_on=retires_on)
    whole = long_context(scenario, shape, price)
    if whole is not None:
        label = f"Long context, {price.id}"
        yield Plan(f"long_context:{price.id}", label, "long_context", whole, misses_bar=missed, retires_on=retires_on)


def _hosted(scenario: Scenario, shape: RequestShape) -> Iterator[Plan]:
    """Yield the open models that others host; those that nobody asked for are not ranked."""
    for model in scenario.hosted:
        yield Plan(
            f"serverless:{model.name}",
            f"Hosted {model.name}",
            "serverless",
            hosted(scenario, shape, model),
            is_reference=scenario.inputs.open_models is None,
            covers_knowledge=scenario.corpus is None,
        )


def _untrained(scenario: Scenario, shape: RequestShape) -> Iterator[Plan]:
    """Yield open models on own GPUs as they are, with and without the documents."""
    has_documents = scenario.corpus is not None
    for model in open_models(scenario):
        name = model.student.name
        offer = untrained(scenario, shape, model)
        yield Plan(f"open_prompt:{name}", f"Untrained {name}", "open_prompt", offer, covers_knowledge=not has_documents)
        if has_documents:
            found = untrained_retrieval(scenario, shape, model)
            yield Plan(f"open_rag:{name}", f"RAG + untrained {name}", "open_rag", found)


def _students(scenario: Scenario, shape: RequestShape) -> Iterator[Plan]:
    """Yield both ways to a model of one's own; they run on the same replicas."""
    name, offer, covers = scenario.student.name, self_hosted(scenario, shape), scenario.corpus is None
    trained = METHOD_LABELS[scenario.inputs.method]
    yield Plan(f"fine_tune:{name}", f"{trained} {name}", "fine_tune", offer, covers_knowledge=covers)
    yield Plan(f"distil:{name}", f"Distilled {name}", "distil", offer, covers_knowledge=covers)
