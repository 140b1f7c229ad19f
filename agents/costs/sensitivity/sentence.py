"""What would change the order of the approaches, in a few sentences."""

from collections.abc import Sequence
from decimal import Decimal

from agents.costs.approaches import Approach
from agents.costs.offers import SelfHostedOffer
from agents.costs.scenario import Scenario
from agents.costs.sensitivity.tornado import CostFlip, Sensitivity
from agents.costs.wording import dollars, rounded_volume, shown_range

_STUDENTS = frozenset({"fine_tune", "distil"})


def flip_sentences(scenario: Scenario, rows: Sequence[Approach], ranking: Sequence[str], found: Sensitivity) -> str:
    """Return what would make another approach the cheapest; empty while there is no ranking."""
    if not ranking:
        return ""
    by_id = {row.id: row for row in rows}
    order = [by_id[row_id] for row_id in ranking]
    return " ".join(sentence for sentence in (_running_costs(scenario, order), nearest_flip(found)) if sentence)


def nearest_flip(found: Sensitivity) -> str:
    """Return which single input matters most to who leads, and the value at which the lead changes hands."""
    if not found.swings:
        return ""
    if not found.flips:
        return f"Moved one at a time, none of the {len(found.swings)} inputs tried flips the order."
    nearest = found.flips[0]
    at = f"{nearest.direction} {nearest.said}"
    if nearest.is_plausible:
        return f"The input that matters most is {_named(nearest)}: {at}, {_leads(nearest)}."
    swing = next(swing for swing in found.swings if swing.key == nearest.key)
    return (
        f"No single input flips the order within its plausible range; nearest is {_named(nearest)}, which plausibly "
        f"is {shown_range(swing.low, swing.high, swing.unit)}: {at}, {_leads(nearest)}."
    )


def _named(flip: CostFlip) -> str:
    return flip.label[0].lower() + flip.label[1:] if flip.label[1:2].islower() else flip.label


def _leads(flip: CostFlip) -> str:
    return f"{flip.becomes_label} leads"


def _running_costs(scenario: Scenario, order: Sequence[Approach]) -> str:
    """Return what a student's replicas, or the documents, make of the order; empty for rows of another kind."""
    first = order[0]
    if first.kind in _STUDENTS:
        api = next((row for row in order if not isinstance(row.offer, SelfHostedOffer)), None)
        return _student_leads(scenario, first, api) if api else ""
    if first.kind == "prompt":
        return _prompting_leads(scenario, first, order)
    return _documents_lead(scenario, first, order) if first.kind in {"rag", "long_context"} else ""


def _student_leads(scenario: Scenario, student: Approach, api: Approach) -> str:
    volume = scenario.requests_per_day or Decimal(1)
    hours_price = _even_usd_per_gpu_hour(student, api, volume)
    from_volume = student.break_even_against(api.id)
    below = f"below about {rounded_volume(from_volume)} requests a day, or " if from_volume is not None else ""
    return (
        f"{student.label} is the cheapest here; {below}above {dollars(hours_price)} per GPU hour, {api.label} "
        "would be again."
    )


def _prompting_leads(scenario: Scenario, api: Approach, order: Sequence[Approach]) -> str:
    students = [row for row in order if row.kind in _STUDENTS]
    if not students:
        return ""
    student, volume = students[0], scenario.requests_per_day or Decimal(1)
    offer = student.offer
    from_volume = student.break_even_against(api.id)
    untested = _test_first(scenario, api, student)
    if from_volume is not None and from_volume <= volume:
        return (
            f"{api.label} leads only by the student's upfront cost: running it is cheaper from "
            f"{rounded_volume(from_volume)} requests a day, so a longer horizon than "
            f"{scenario.inputs.horizon_months:g} months would flip the order.{untested}"
        )
    if from_volume is not None:
        return (
            f"From about {rounded_volume(from_volume)} requests a day {student.label} would cost less to run.{untested}"
        )
    if not isinstance(offer, SelfHostedOffer):
        return ""
    full = Decimal(str(offer.fleet.daily_capacity(offer.fleet.min_replicas, offer.capacity_rps)))
    even_price = _even_usd_per_gpu_hour(student, api, full)
    return (
        f"No volume makes {student.label} cheaper than {api.label}: even a full replica needs GPUs "
        f"below {dollars(even_price)} an hour, and they cost {dollars(scenario.serving_usd_per_hour.base)}.{untested}"
    )


def _test_first(scenario: Scenario, api: Approach, student: Approach) -> str:
    """Return what happens where the leading small model turns out not to be good enough."""
    model = api.id.partition(":")[2]
    if api.kind == "serverless" or model == scenario.in_use.id or scenario.inputs.small_api_meets_bar == "yes":
        return ""
    from_volume = student.break_even.get(scenario.in_use.id)
    when = "never" if from_volume is None else f"from {rounded_volume(from_volume)} requests a day"
    return f" {model} has not been tested; if it misses your bar, against {scenario.in_use.id} the student wins {when}."


def _documents_lead(scenario: Scenario, first: Approach, order: Sequence[Approach]) -> str:
    others = [row for row in order[1:] if row.kind in {"rag", "long_context"}]
    if not others:
        return f"{first.label} is the only way compared that holds this many documents."
    months = scenario.inputs.horizon_months
    gap = others[0].usd_per_month_all_in(months) - first.usd_per_month_all_in(months)
    if first.kind == "long_context":
        return (
            f"{others[0].label} is {dollars(gap)} a month dearer, setup included; more documents, or a retrieval "
            "setup that already stands, would flip the order."
        )
    return (
        f"{others[0].label} is {dollars(gap)} a month dearer; fewer documents, or steadier traffic that keeps the "
        "prompt cache warm, would flip the order."
    )


def _even_usd_per_gpu_hour(student: Approach, api: Approach, requests_per_day: Decimal) -> Decimal:
    """Return the GPU price at which both cost the same to run at this volume."""
    offer = student.offer
    if not isinstance(offer, SelfHostedOffer):
        raise TypeError("a student runs on own GPUs")
    gpu_hours = 24 * offer.replicas(requests_per_day) * offer.calibration.gpus
    return api.offer.usd_per_day(requests_per_day) / gpu_hours
