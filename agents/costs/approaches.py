"""The ways of doing the workload, each with its upfront cost, running cost, break-even and payback."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import MappingProxyType

from agents.costs.api import RequestShape, request_usd
from agents.costs.evidence import api_evidence, retirement_notes, student_evidence
from agents.costs.figures import Band, Figure, exact
from agents.costs.offers import Offer, SelfHostedOffer, per_million_tokens, per_request
from agents.costs.plans import ApproachKind, Plan, plans
from agents.costs.prices import ModelPrice
from agents.costs.scenario import Scenario
from agents.costs.serving import breakeven_requests_per_day, payback_days, utilisation
from agents.costs.upfront import total, upfront_lines
from agents.costs.workload_offers import prompting

# How long people take from decision to production, in the guide; computing is a small part of it.
WEEKS = MappingProxyType(
    {
        "prompt": "minutes",
        "rag": "1 to 2 weeks",
        "long_context": "minutes",
        "fine_tune": "1 to 3 weeks",
        "distil": "2 to 4 weeks",
    }
)
_DOCUMENT_EVIDENCE = MappingProxyType(
    {
        "rag": "score retrieval on your own questions",
        "long_context": "ask your own questions with all documents in the prompt",
    }
)


@dataclass(frozen=True, slots=True)
class Approach:
    """One row of the comparison; the offer prices it at other volumes.

    `break_even` maps an API model to the requests per day from which this is no dearer, None for never.
    `payback_days` is None where nothing is paid back.
    """

    id: str
    label: str
    kind: ApproachKind
    offer: Offer
    usd_upfront: Figure
    usd_per_request: Figure
    usd_per_month: Figure
    usd_per_million_tokens: Figure
    upfront_lines: Mapping[str, Band]
    evidence: str = ""
    compute_h: float | None = None
    replicas: int | None = None
    utilisation: float | None = None
    break_even: Mapping[str, Decimal | None] = field(default_factory=lambda: MappingProxyType({}))
    payback_days: Decimal | None = None
    retires_on: dt.date | None = None
    is_reference: bool = False
    covers_knowledge: bool = True
    misses_bar: bool = False
    notes: tuple[str, ...] = ()

    @property
    def people_time(self) -> str:
        """How long a project of this kind takes people."""
        return WEEKS[self.kind]

    def usd_per_month_all_in(self, horizon_months: float) -> Decimal:
        """Return the running cost with the upfront cost spread over some months."""
        return self.usd_per_month.value + self.usd_upfront.value / exact(horizon_months)


def approaches(scenario: Scenario, baseline: ModelPrice) -> tuple[Approach, ...]:
    """Return every approach that applies; none while tokens or volume are unknown."""
    return tuple(
        _student_row(scenario, plan, plan.offer, baseline)
        if isinstance(plan.offer, SelfHostedOffer)
        else _api_row(scenario, plan)
        for plan in plans(scenario)
    )


def payback_baseline(scenario: Scenario) -> tuple[ModelPrice, str]:
    """Return the API model that a payback is counted against, and why it is that one."""
    shape = scenario.shape
    in_use = scenario.in_use
    candidates = [price for price in scenario.models if not price.is_retired(scenario.book.as_of)] or [in_use]
    if shape is None:
        return in_use, f"against {in_use.id}, the model in use"

    def usd(price: ModelPrice) -> Decimal:
        scaled = shape.times(scenario.token_factor(price))
        return request_usd(price, scaled.tokens_in, scaled.tokens_out)

    cheapest = min(candidates, key=usd)
    if cheapest.id == in_use.id:
        return in_use, f"against {in_use.id}, the model in use and the cheapest compared"
    tested = scenario.inputs.small_api_meets_bar
    if tested == "yes":
        return cheapest, f"against {cheapest.id}, the cheapest API model that meets the quality bar"
    if tested == "no":
        return in_use, f"against {in_use.id}, because {cheapest.id} does not meet the quality bar"
    return in_use, f"against {in_use.id}, the model in use; {cheapest.id} has not been tested and would be the bar"


def _row(scenario: Scenario, plan: Plan, *, source: str, as_of: dt.date) -> Approach:
    """Return a plan with its figures at the scenario's volume."""
    volume = scenario.requests_per_day or Decimal(1)
    lines = upfront_lines(scenario, plan.kind)

    def figure(band: Band, unit: str) -> Figure:
        return Figure.of(band, unit=unit, source=source, as_of=as_of)

    return Approach(
        plan.id,
        plan.label,
        plan.kind,
        plan.offer,
        usd_upfront=figure(total(lines), "USD"),
        usd_per_request=figure(per_request(plan.offer, volume), "USD/request"),
        usd_per_month=figure(plan.offer.usd_per_month(volume), "USD/month"),
        usd_per_million_tokens=figure(per_million_tokens(plan.offer, volume), "USD/M tokens"),
        upfront_lines=lines,
        retires_on=plan.retires_on,
        is_reference=plan.is_reference,
        covers_knowledge=plan.covers_knowledge,
        misses_bar=plan.misses_bar,
    )


def _api_row(scenario: Scenario, plan: Plan) -> Approach:
    price = scenario.book.model(plan.id.partition(":")[2])
    row = _row(scenario, plan, source=price.source, as_of=price.as_of)
    notes = retirement_notes(scenario, price)
    if not plan.covers_knowledge:
        notes = ("does not see the documents", *notes)
    evidence = _DOCUMENT_EVIDENCE.get(plan.kind) or api_evidence(scenario, price)
    return replace(row, evidence=evidence, notes=notes)


def _student_row(scenario: Scenario, plan: Plan, offer: SelfHostedOffer, baseline: ModelPrice) -> Approach:
    shape, volume = scenario.shape, scenario.requests_per_day
    if shape is None or volume is None:
        raise ValueError("a plan has tokens and a volume")
    replicas = offer.replicas(volume)
    api = prompting(scenario, shape, baseline)
    run, gpu = scenario.training, scenario.serving_gpu
    is_distilled = plan.kind == "distil"
    own_price = scenario.inputs.usd_per_gpu_hour is not None
    row = _row(
        scenario,
        plan,
        source=f"{f'your price for {gpu.name}' if own_price else gpu.source}; {scenario.calibration.source}",
        as_of=gpu.as_of,
    )
    return replace(
        row,
        evidence=student_evidence(scenario, is_distilled=is_distilled),
        compute_h=run.wall_h * scenario.inputs.runs if run else None,
        replicas=replicas,
        utilisation=utilisation(float(volume), offer.capacity_rps, replicas),
        break_even=break_evens(scenario, shape, offer),
        payback_days=payback_days(row.usd_upfront.value, api.usd_per_day(volume), offer.usd_per_day(volume)),
        notes=(
            *(() if is_distilled else ("needs labelled examples of your own",)),
            *(() if plan.covers_knowledge else ("does not know the documents without retrieval",)),
        ),
    )


def break_evens(scenario: Scenario, shape: RequestShape, offer: SelfHostedOffer) -> Mapping[str, Decimal | None]:
    """Return, for each API model, the volume from which the student is no dearer; None for never."""
    return MappingProxyType(
        {
            price.id: breakeven_requests_per_day(
                prompting(scenario, shape, price).usd_per_day,
                offer.replica_usd_per_day.base,
                offer.capacity_rps,
                offer.fleet,
            )
            for price in (*scenario.models, *scenario.references)
        }
    )
