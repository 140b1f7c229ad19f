"""The decision record of a conversation or of a file: the decision joined with what it costs; pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from agents.costs.approaches import Approach
from agents.costs.compare import Comparison
from agents.costs.figures import Figure
from agents.costs.prices.book import GpuPrice, ModelPrice, PriceBook
from agents.costs.report import ordered_rows
from agents.costs.sensitivity.report import tornado
from agents.costs.wording import dollars, shown
from agents.decision.answers import Answers
from agents.decision.decide import decide
from agents.decision.interview import describe, slot_name
from agents.decision.output import load_cases
from agents.decision.parsing import answers_to_json
from agents.decision.record import RecordTable, Said, decision_record
from agents.errors import UserError
from agents.services.cost_inputs import missing_slots, priced
from agents.services.decide_documents import completed_facts
from agents.services.decision_view import Known
from agents.services.default_views import default_origin

_RANGE: Final = "low / base / high"


def conversation_record(known: Known, title: str, costs: Comparison | str) -> str:
    """Return the record of a conversation's decision in Markdown.

    Args:
        known: The conversation.
        title: What the decision is about.
        costs: The comparison, or why there is none.
    """
    return decision_record(
        known.answers,
        known.facts,
        known.decision,
        title=title,
        made_on=known.decided_at,
        people={slot: _said(known, slot) for slot in known.current},
        costs=_tables(costs),
    )


def document_records(
    document: Mapping[str, Any], book: PriceBook, *, source: str, made_on: datetime, compute_facts: bool = False
) -> str:
    """Return the records of a document's cases in Markdown, one after the other, for `cairn decide`.

    The decisions are those of `decide_document`; costs are those of the answers.

    Args:
        document: With `answers` or `scenarios`.
        book: The prices to compare with.
        source: Where the answers are from.
        made_on: Now; aware.
        compute_facts: Compute facts that the document does not give.

    Raises:
        UserError: The document, a slot or a value is not understood.
    """
    records = []
    for case, answers, given in load_cases(document):
        facts = completed_facts(answers, given, book)[0] if compute_facts else given
        records.append(
            decision_record(
                answers,
                facts,
                decide(answers, facts),
                title=case,
                made_on=made_on,
                people={slot: Said(who=source) for slot in answers_to_json(answers)},
                costs=_tables(_costs(answers, book)),
            )
        )
    return "\n---\n\n".join(records)


def without_costs(missing: Sequence[str]) -> str:
    """Return why nothing is priced while these slots are not known."""
    return f"Not compared: {' and '.join(slot_name(slot).lower() for slot in missing)} must be known first."


def _said(known: Known, slot: str) -> Said:
    fact = known.current[slot]
    earlier = [row for row in known.rows if row.slot == slot and row.id < fact.id]
    before = tuple(f"{describe(slot, row.value)} ({row.who})" for row in earlier)
    origin = default_origin(fact.source)
    who = fact.who if origin is None else f"{fact.who}, by the workspace's default that {origin[0]} said on {origin[1]}"
    return Said(who=who, at=fact.said_at, before=before)


def _costs(answers: Answers, book: PriceBook) -> Comparison | str:
    if missing := missing_slots(answers):
        return without_costs(missing)
    try:
        return priced(answers, book).comparison
    except UserError as cause:
        return str(cause)


def _tables(costs: Comparison | str) -> Sequence[RecordTable]:
    if isinstance(costs, str):
        return [RecordTable(heading="What it costs", sentences=(costs,))]
    return [_amounts(costs), _origins(costs), _sensitivity(costs), _assumptions(costs), _prices(costs)]


def _amounts(costs: Comparison) -> RecordTable:
    first = costs.cheapest
    leads = () if first is None else (f"Cheapest: {first.label}, {dollars(first.usd_per_month.value)} a month.",)
    paid_back = [
        f"{row.label} pays back {_payback(row)}, {costs.baseline_reason}." for row in costs.rows if _is_trained(row)
    ]
    return RecordTable(
        heading="What it costs",
        sentences=(*leads, *paid_back, *costs.warnings),
        header=(
            "Approach",
            f"USD upfront, {_RANGE}",
            f"USD a request, {_RANGE}",
            f"USD a month, {_RANGE}",
            f"USD per M tokens, {_RANGE}",
            "Time to deploy",
            "Evidence",
        ),
        rows=tuple(
            (
                row.label,
                *(_range(each) for each in _figures(row)),
                row.people_time if row.compute_h is None else f"{row.people_time} ({row.compute_h:.2g} h of training)",
                "; ".join(filter(None, (row.evidence, *row.notes, row.ruled_out))),
            )
            for row in ordered_rows(costs)
        ),
    )


def _origins(costs: Comparison) -> RecordTable:
    return RecordTable(
        heading="Where these figures are from",
        header=("Approach", "Source", "Date", "Kind"),
        rows=tuple(
            (row.label, row.usd_per_month.source, row.usd_per_month.as_of.isoformat(), row.usd_per_month.kind)
            for row in ordered_rows(costs)
        ),
    )


def _sensitivity(costs: Comparison) -> RecordTable:
    found = costs.sensitivity
    flips = [f"{flip.text}." for flip in found.flips] or ["No value that was tried of any input changes who leads."]
    return RecordTable(
        heading="What moves the costs, and what changes who leads",
        sentences=tuple(flips),
        header=("Input", f"Value, {_RANGE}", "USD a month at low", "USD a month at high", "Source", "Kind"),
        rows=tuple(
            (
                swing.label,
                " / ".join(shown(value, swing.unit) for value in (swing.low, swing.base, swing.high)),
                dollars(swing.usd_low),
                dollars(swing.usd_high),
                swing.source,
                swing.kind,
            )
            for swing in tornado(found)
        ),
    )


def _assumptions(costs: Comparison) -> RecordTable:
    return RecordTable(
        heading="Assumptions",
        header=("Assumption", "Kind", "Source", "Date"),
        rows=tuple((each.text, each.kind, each.source, each.as_of.isoformat()) for each in costs.assumptions),
    )


def _prices(costs: Comparison) -> RecordTable:
    scenario = costs.scenario
    models = {price.id: price for price in (*scenario.models, scenario.teacher)}
    gpus = {gpu.name: gpu for gpu in (scenario.serving_gpu, scenario.training_gpu)}
    return RecordTable(
        heading="Prices",
        sentences=(f"As they were known on {costs.as_of.isoformat()}.",),
        header=("What", "USD", "Source", "Date", "Kind"),
        rows=(*(_model_row(price) for price in models.values()), *(_gpu_row(gpu) for gpu in gpus.values())),
    )


def _model_row(price: ModelPrice) -> tuple[str, ...]:
    rates = price.standard
    until = f"; leaves its API on {price.retires_on.isoformat()}" if price.retires_on is not None else ""
    usd = f"{dollars(rates.input)} in, {dollars(rates.output)} out, {dollars(rates.cache_read)} cached"
    return price.id, f"{usd}, per M tokens{until}", price.source, price.as_of.isoformat(), price.kind


def _gpu_row(gpu: GpuPrice) -> tuple[str, ...]:
    usd = gpu.usd_per_hour
    hour = " / ".join(dollars(each) for each in (usd.low, usd.base, usd.high))
    return f"{gpu.name}, an hour, {_RANGE}", hour, gpu.source, gpu.as_of.isoformat(), gpu.kind


def _figures(row: Approach) -> Iterator[Figure]:
    yield from (row.usd_upfront, row.usd_per_request, row.usd_per_month, row.usd_per_million_tokens)


def _range(figure: Figure) -> str:
    return " / ".join(dollars(each) for each in (figure.low, figure.value, figure.high))


def _is_trained(row: Approach) -> bool:
    return row.kind in {"distil", "fine_tune"}


def _payback(row: Approach) -> str:
    return "never" if row.payback_days is None else f"after {row.payback_days:,.3g} days"
