"""The rows of the comparison: each way of doing the workload with its figures, and where they come from."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import MappingProxyType

from agents.costs.baseline import Baseline
from agents.costs.break_evens import break_evens, hosted_break_evens
from agents.costs.evidence import api_evidence, open_evidence, retirement_notes, student_evidence
from agents.costs.figures import DEFAULTS_AS_OF, GUIDE, Band, Figure, exact
from agents.costs.offers import HostedOffer, Offer, SelfHostedOffer, per_million_tokens, per_request
from agents.costs.open_models import OpenModel
from agents.costs.plans import ApproachKind, Plan, floor_s, model_of, plans
from agents.costs.scenario import Scenario
from agents.costs.serving import payback_days, utilisation
from agents.costs.upfront import total, upfront_lines
from agents.costs.upfront_figures import upfront_figure, upfront_figures

# How long people take from decision to production, in the guide; computing is a small part of it.
WEEKS = MappingProxyType[ApproachKind, str](
    {
        "prompt": "minutes",
        "rag": "1 to 2 weeks",
        "long_context": "minutes",
        "serverless": "minutes",
        "fine_tune": "1 to 3 weeks",
        "distil": "2 to 4 weeks",
        "open_prompt": "1 to 2 weeks",
        "open_rag": "1 to 2 weeks",
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

    `break_even` maps an API model to the requests per day from which this is no dearer, None for never, and
    `break_even_hosted` an open model that others host.
    `payback_days` is None where nothing is paid back. `latency_floor_s` is the least time of an answer. `ruled_out`
    says why it cannot be chosen, and is empty where it can.
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
    upfront_figures: Mapping[str, Figure]
    latency_floor_s: Figure
    evidence: str = ""
    compute_h: float | None = None
    replicas: int | None = None
    utilisation: float | None = None
    break_even: Mapping[str, Decimal | None] = field(default_factory=lambda: MappingProxyType({}))
    break_even_hosted: Mapping[str, Decimal | None] = field(default_factory=lambda: MappingProxyType({}))
    payback_days: Decimal | None = None
    retires_on: dt.date | None = None
    is_reference: bool = False
    covers_knowledge: bool = True
    misses_bar: bool = False
    ruled_out: str = ""
    notes: tuple[str, ...] = ()

    @property
    def people_time(self) -> str:
        """How long a project of this kind takes people."""
        return WEEKS[self.kind]

    def break_even_against(self, row_id: str) -> Decimal | None:
        """Return the requests per day from which this is no dearer than another row; None for never."""
        kind, _, model = row_id.partition(":")
        return (self.break_even_hosted if kind == "serverless" else self.break_even).get(model)

    def usd_per_month_all_in(self, horizon_months: float) -> Decimal:
        """Return the running cost with the upfront cost spread over some months."""
        return self.usd_per_month.value + self.usd_upfront.value / exact(horizon_months)


def approaches(scenario: Scenario, baseline: Baseline) -> tuple[Approach, ...]:
    """Return every approach that applies; none while tokens or volume are unknown."""
    found = tuple(_row(scenario, plan) for plan in plans(scenario))
    if not found or scenario.shape is None:
        return ()
    students = [row.offer for row in found if row.kind == "distil" and isinstance(row.offer, SelfHostedOffer)]
    evens = break_evens(scenario, scenario.shape, students[0])
    hosted = hosted_break_evens(scenario, scenario.shape, students[0])
    return tuple(
        replace(_student(scenario, row, baseline), break_even=evens, break_even_hosted=hosted)
        if row.kind in _TRAINED
        else row
        for row in found
    )


_TRAINED = frozenset({"fine_tune", "distil"})


def _row(scenario: Scenario, plan: Plan) -> Approach:
    """Return a plan with its figures at the scenario's volume."""
    volume = scenario.requests_per_day or Decimal(1)
    lines = upfront_lines(scenario, plan.kind)
    source, as_of = _origin(scenario, plan)

    def figure(band: Band, unit: str) -> Figure:
        return Figure.of(band, unit=unit, source=source, as_of=as_of)

    upfront = upfront_figures(scenario, lines)
    row = Approach(
        plan.id,
        plan.label,
        plan.kind,
        plan.offer,
        usd_upfront=upfront_figure(upfront, total(lines), source, as_of),
        usd_per_request=figure(per_request(plan.offer, volume), "USD/request"),
        usd_per_month=figure(plan.offer.usd_per_month(volume), "USD/month"),
        usd_per_million_tokens=figure(per_million_tokens(plan.offer, volume), "USD/M tokens"),
        upfront_lines=lines,
        upfront_figures=upfront,
        latency_floor_s=_latency(scenario, plan),
        evidence=_evidence(scenario, plan),
        retires_on=plan.retires_on,
        is_reference=plan.is_reference,
        covers_knowledge=plan.covers_knowledge,
        misses_bar=plan.misses_bar,
        ruled_out=plan.ruled_out,
        notes=tuple(_notes(scenario, plan)),
    )
    offer = plan.offer
    if not isinstance(offer, SelfHostedOffer):
        return row
    replicas = offer.replicas(volume)
    used = utilisation(float(volume), offer.capacity_rps, replicas)
    return replace(row, replicas=replicas, utilisation=used)


def _student(scenario: Scenario, row: Approach, baseline: Baseline) -> Approach:
    """Return the row of a trained student with what its training takes and when it pays back."""
    volume = scenario.requests_per_day or Decimal(1)
    run = scenario.training
    paid_back = None
    if baseline.offer is not None:
        paid_back = payback_days(
            row.usd_upfront.value, baseline.offer.usd_per_day(volume), row.offer.usd_per_day(volume)
        )
    return replace(row, compute_h=run.wall_h * scenario.inputs.runs if run else None, payback_days=paid_back)


def _origin(scenario: Scenario, plan: Plan) -> tuple[str, dt.date]:
    """Return where the prices of a plan come from, and of which day they are."""
    offer = plan.offer
    if isinstance(offer, SelfHostedOffer):
        return gpu_origin(scenario, model_of(scenario, plan.id))
    if isinstance(offer, HostedOffer):
        hosts = [one.price.provider for one in offer.offers]
        usual = offer.usual.price
        span = f"; range: {hosts[0]} to {hosts[-1]}, {len(hosts)} hosts" if len(hosts) > 1 else ""
        return f"{usual.source}{span}", usual.as_of
    price = scenario.book.model(plan.id.partition(":")[2])
    return price.source, price.as_of


def gpu_origin(scenario: Scenario, model: OpenModel) -> tuple[str, dt.date]:
    """Return where price and throughput of a model on own GPUs come from, and of which day the price is."""
    own_price = scenario.inputs.usd_per_gpu_hour is not None
    price = f"your price for {model.gpu.name}" if own_price else model.gpu.source
    return f"{price}; {model.calibration.source}", model.gpu.as_of


def _latency(scenario: Scenario, plan: Plan) -> Figure:
    band = Band.flat(floor_s(scenario, plan))
    if not isinstance(plan.offer, SelfHostedOffer):
        return Figure.of(
            band, unit="s", source=f"{GUIDE}, without a measurement", as_of=DEFAULTS_AS_OF, kind="published"
        )
    model = model_of(scenario, plan.id)
    source = f"data sheet of {model.gpu.name}; {model.calibration.source}"
    return Figure.of(band, unit="s", source=source, as_of=model.gpu.as_of)


def _evidence(scenario: Scenario, plan: Plan) -> str:
    if plan.kind in _TRAINED:
        return student_evidence(scenario, is_distilled=plan.kind == "distil")
    if plan.kind in {"serverless", "open_prompt", "open_rag"}:
        return open_evidence(scenario, plan.kind, plan.id.partition(":")[2])
    found = _DOCUMENT_EVIDENCE.get(plan.kind)
    return found or api_evidence(scenario, scenario.book.model(plan.id.partition(":")[2]))


def _notes(scenario: Scenario, plan: Plan) -> Iterator[str]:
    """Yield what has to be known about a row besides its figures, the gravest first."""
    if plan.ruled_out:
        yield plan.ruled_out
    if plan.kind == "fine_tune":
        yield "needs labelled examples of your own"
    if not plan.covers_knowledge:
        yield "does not know the documents without retrieval" if plan.kind in _TRAINED else "does not see the documents"
    if plan.kind == "serverless" and plan.is_reference:
        yield "not ranked: name it under open_models once it meets your bar"
    if plan.kind in {"prompt", "rag", "long_context"}:
        yield from retirement_notes(scenario, scenario.book.model(plan.id.partition(":")[2]))
