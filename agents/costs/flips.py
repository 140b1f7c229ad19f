"""One sentence on what would change the order of the approaches."""

from collections.abc import Sequence
from decimal import Decimal

from agents.costs.approaches import Approach
from agents.costs.offers import ApiOffer, SelfHostedOffer
from agents.costs.scenario import Scenario
from agents.costs.wording import dollars, rounded_volume


def flip_sentence(scenario: Scenario, rows: Sequence[Approach], ranking: Sequence[str]) -> str:
    """Return what would make another approach the cheapest; empty while there is no ranking."""
    if not ranking:
        return ""
    by_id = {row.id: row for row in rows}
    order = [by_id[row_id] for row_id in ranking]
    first = order[0]
    if isinstance(first.offer, SelfHostedOffer):
        return _student_leads(scenario, first, _first_api(order))
    if not first.covers_knowledge or first.kind == "prompt":
        return _prompting_leads(scenario, first, order)
    return _documents_lead(scenario, first, order)


def _first_api(order: Sequence[Approach]) -> Approach:
    return next(row for row in order if isinstance(row.offer, ApiOffer))


def _student_leads(scenario: Scenario, student: Approach, api: Approach) -> str:
    volume = scenario.requests_per_day or Decimal(1)
    model = api.id.partition(":")[2]
    hours_price = _even_usd_per_gpu_hour(student, api, volume)
    from_volume = student.break_even.get(model)
    below = f"below about {rounded_volume(from_volume)} requests a day, or " if from_volume is not None else ""
    return (
        f"{student.label} is the cheapest here; {below}above {dollars(hours_price)} per GPU hour, {api.label} "
        "would be again."
    )


def _prompting_leads(scenario: Scenario, api: Approach, order: Sequence[Approach]) -> str:
    students = [row for row in order if isinstance(row.offer, SelfHostedOffer)]
    if not students:
        return ""
    student, volume = students[0], scenario.requests_per_day or Decimal(1)
    offer = student.offer
    from_volume = student.break_even.get(api.id.partition(":")[2])
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
    if model == scenario.in_use.id or scenario.inputs.small_api_meets_bar == "yes":
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
    if not isinstance(offer, SelfHostedOffer) or not isinstance(api.offer, ApiOffer):
        raise TypeError("a student is compared with an API model")
    gpu_hours = 24 * offer.replicas(requests_per_day) * offer.calibration.gpus
    return api.offer.usd_per_day(requests_per_day) / gpu_hours
