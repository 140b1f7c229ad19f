"""The ways of doing a workload before they have figures: which there are, what each runs on, how they rank.

Cheap to make, because the search for what flips the ranking asks for them hundreds of times.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

from agents.costs.api import RequestShape
from agents.costs.evidence import misses_bar
from agents.costs.figures import exact
from agents.costs.offers import Offer
from agents.costs.prices import ModelPrice
from agents.costs.scenario import Scenario
from agents.costs.upfront import total, upfront_lines
from agents.costs.workload_offers import long_context, prompting, retrieval, self_hosted

ApproachKind = Literal["prompt", "rag", "long_context", "fine_tune", "distil"]

METHOD_LABELS = MappingProxyType({"lora": "LoRA", "qlora": "QLoRA", "full": "Fully trained"})


@dataclass(frozen=True, slots=True)
class Plan:
    """One way of doing the workload; the offer prices it at any volume.

    `misses_bar`: its model is known not to be good enough. `covers_knowledge`: it has the documents, where there are
    any. `is_reference`: it is shown for comparison and not ranked.
    """

    id: str
    label: str
    kind: ApproachKind
    offer: Offer
    is_reference: bool = False
    covers_knowledge: bool = True
    misses_bar: bool = False
    retires_on: dt.date | None = None

    def is_ranked(self, today: dt.date) -> bool:
        """Return whether it can be chosen: neither a reference nor gone from its API."""
        return not self.is_reference and not (self.retires_on is not None and self.retires_on <= today)

    def usd_per_month_all_in(self, scenario: Scenario) -> Decimal:
        """Return the running cost with the upfront cost spread over the horizon."""
        upfront = total(upfront_lines(scenario, self.kind)).base
        running = self.offer.base_usd_per_month(scenario.requests_per_day or Decimal(1))
        return running + upfront / exact(scenario.inputs.horizon_months)


def plans(scenario: Scenario) -> tuple[Plan, ...]:
    """Return every way that applies, references included; none while tokens or volume are unknown."""
    shape = scenario.shape
    if shape is None or scenario.requests_per_day is None:
        return ()
    found = [_prompt(scenario, shape, price) for price in scenario.models]
    found += [_prompt(scenario, shape, price, is_reference=True) for price in scenario.references]
    if scenario.corpus is not None:
        found += _with_documents(scenario, shape)
    return (*found, *_students(scenario, shape))


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


def _students(scenario: Scenario, shape: RequestShape) -> Iterator[Plan]:
    """Yield both ways to a model of one's own; they run on the same replicas."""
    name, offer, covers = scenario.student.name, self_hosted(scenario, shape), scenario.corpus is None
    trained = METHOD_LABELS[scenario.inputs.method]
    yield Plan(f"fine_tune:{name}", f"{trained} {name}", "fine_tune", offer, covers_knowledge=covers)
    yield Plan(f"distil:{name}", f"Distilled {name}", "distil", offer, covers_knowledge=covers)
