"""How break-even volumes and the payback come about, also where there are none."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from agents.costs.api import is_cacheable
from agents.costs.approaches import Approach
from agents.costs.baseline import Baseline
from agents.costs.break_evens import first_step
from agents.costs.derived.api import Call, plain_request_usd, request_derivation
from agents.costs.derived.serving import headroom_term, peak_term
from agents.costs.derived.sheet import Sheet
from agents.costs.figures import DAYS_PER_MONTH, Band, Figure
from agents.costs.offers import ApiOffer, HostedOffer, SelfHostedOffer
from agents.costs.open_models import OpenModel
from agents.costs.scenario import Scenario
from agents.costs.terms import Derivation, Term, days_term, derived, gpu_hour_term, gpus_term, leaf, told, volume_term

_TOKENS = {"i": "tokens_in", "o": "tokens_out", "s": "prefix_tokens"}


@dataclass(frozen=True, slots=True)
class _Other:
    """A row that the student is set against: its name among the break-evens, its label, its call, its derivations."""

    name: str
    label: str
    api: ApiOffer
    sheet: Sheet


def break_even_derivations(
    scenario: Scenario, row: Approach, model: OpenModel, *, others: Mapping[str, tuple[Approach, Sheet]], sheet: Sheet
) -> None:
    """Add from which volume the row is no dearer than each model of others, and why never where there is none.

    Args:
        scenario: The workload.
        row: A trained student.
        model: What it runs on.
        others: Every row with its derivations, by its id.
        sheet: Where the derivations are kept.
    """
    offer = row.offer
    if not isinstance(offer, SelfHostedOffer):
        raise TypeError("a student runs on own GPUs")
    fixed = _first_replicas(scenario, offer, model, sheet)
    evens = {f"prompt:{name}": even for name, even in row.break_even.items()}
    evens.update({f"serverless:{name}": even for name, even in row.break_even_hosted.items()})
    for row_id, even in evens.items():
        found = _found(others[row_id])
        if even is None:
            _never(scenario, found, offer, fixed=fixed, sheet=sheet)
        else:
            _even(scenario, found, even, offer, fixed=fixed, sheet=sheet)


def _found(other: tuple[Approach, Sheet]) -> _Other:
    row, theirs = other
    api = row.offer.usual if isinstance(row.offer, HostedOffer) else row.offer
    if not isinstance(api, ApiOffer):
        raise TypeError("a break-even is against a model paid per token")
    name = row.id.partition(":")[2]
    return _Other(f"hosted.{name}" if row.kind == "serverless" else name, row.label, api, theirs)


def _first_replicas(scenario: Scenario, offer: SelfHostedOffer, model: OpenModel, sheet: Sheet) -> Derivation:
    return sheet.add(
        "usd_per_day_first_replicas",
        "cost of a day of the replicas that always run",
        "S = r * g * p * 24",
        terms=[
            _least_replicas(scenario),
            gpus_term(model),
            gpu_hour_term(scenario, model.gpu, offer.usd_per_gpu_hour),
        ],
        result=sheet.figure(offer.replica_usd_per_day.times(Decimal(offer.fleet.min_replicas)), "USD/day"),
    )


def _least_replicas(scenario: Scenario) -> Term:
    key, value = "min_replicas", scenario.inputs.min_replicas
    return leaf("r", "replicas that always run", value, "replicas", origin=told(scenario, key), key=key)


def _even(
    scenario: Scenario, found: _Other, even: Decimal, offer: SelfHostedOffer, *, fixed: Derivation, sheet: Sheet
) -> None:
    request = _request_at(scenario, found, even, sheet)
    usd = request.result.value
    low, high = fixed.result.low / usd, fixed.result.high / usd
    dear = " At the dear end of the GPU's price it never is." if high > first_step(offer) else ""
    sheet.add(
        f"break_even.{found.name}",
        f"volume from which it is no dearer to run than {found.label}",
        "B = S / a",
        terms=[
            derived("S", "cost of a day of the replicas that always run", fixed),
            derived("a", f"price of one request to {found.api.price.id}", request),
        ],
        result=sheet.figure(Band(min(low, even), even, max(high, even)), "requests/day"),
        note=f"Just after a step to one more replica the other may be cheaper again for a while.{dear}",
    )


def _never(scenario: Scenario, found: _Other, offer: SelfHostedOffer, *, fixed: Derivation, sheet: Sheet) -> None:
    """Add what is saved at the volume that fills the first replicas: less than nothing, as at any volume."""
    full = first_step(offer)
    request = _request_at(scenario, found, full, sheet)
    earned, cost = request.result.value * full, fixed.result
    saved = Band(earned - cost.high, earned - cost.value, earned - cost.low)
    sheet.add(
        f"break_even.{found.name}",
        f"never cheaper to run than {found.label}: saved a day with the first replicas full",
        "W = a * B - S",
        terms=[
            derived("a", f"price of one request to {found.api.price.id}", request),
            derived("B", "requests a day that fill the first replicas", _full(scenario, full, sheet)),
            derived("S", "cost of a day of the replicas that always run", fixed),
        ],
        result=sheet.figure(saved, "USD/day"),
        note="A request is cheapest when the replicas are full; where nothing is saved then, nothing is at any volume.",
    )


def _request_at(scenario: Scenario, found: _Other, volume: Decimal, sheet: Sheet) -> Derivation:
    """Return how the other's price of a request comes about at some volume; without a cache it is that of its row."""
    if not is_cacheable(found.api.shape):
        return found.sheet.of("request")
    at = replace(volume_term(scenario), text="requests per day there", value=volume, low=volume, high=volume, key=None)
    tokens = {letter: found.sheet.of(figure) for letter, figure in _TOKENS.items()}
    call = Call(scenario, found.api, (found.api,), at, tokens)
    usd = Figure.of(
        Band.flat(plain_request_usd(call)),
        unit="USD/request",
        source=found.api.price.source,
        as_of=found.api.price.as_of,
    )
    return request_derivation(call, sheet, result=usd, figure=f"break_even_request.{found.name}")


def _full(scenario: Scenario, full: Decimal, sheet: Sheet) -> Derivation:
    return sheet.add(
        "first_replicas_requests_per_day",
        "requests a day that fill the replicas which always run",
        "B = r * C * H / k * 86400 * (1 - 0.000000001)",
        terms=[
            _least_replicas(scenario),
            derived("C", "requests per second of a full replica", sheet.of("capacity_rps")),
            headroom_term(scenario),
            peak_term(scenario),
        ],
        result=sheet.figure(full, "requests/day"),
        note="A hair below the volume that takes one replica more.",
    )


def payback_derivation(row: Approach, baseline: Baseline, *, theirs: Sheet, sheet: Sheet) -> None:
    """Add after how many days the saving has paid the upfront cost; where it never does, what is lost a day."""
    own = _per_day("usd_per_day", "S", sheet.of("usd_per_month"), sheet)
    other = _per_day("baseline_usd_per_day", "A", theirs.of("usd_per_month"), sheet)
    terms = [
        derived("A", f"cost of a day of {baseline.id}", other),
        derived("S", "own cost of a day", own),
    ]
    if row.payback_days is None:
        saved = Band(
            other.result.low - own.result.high,
            other.result.value - own.result.value,
            other.result.high - own.result.low,
        )
        sheet.add(
            "payback_days",
            f"never pays back {baseline.reason}: saved a day",
            "W = A - S",
            terms=terms,
            result=sheet.figure(saved, "USD/day"),
            note="Nothing is saved at this volume, so nothing is paid back.",
        )
        return
    upfront = sheet.of("usd_upfront")
    sheet.add(
        "payback_days",
        "days until the saving has paid the upfront cost",
        "D = U / (A - S)",
        terms=[derived("U", "what is paid once", upfront), *terms],
        result=_payback_figure(upfront.result, other.result, own.result, row.payback_days, sheet),
        note=f"Counted {baseline.reason}.{_dear(other.result, own.result)}",
    )


def _payback_figure(upfront: Figure, other: Figure, own: Figure, days: Decimal, sheet: Sheet) -> Figure:
    best, worst = other.high - own.low, other.low - own.high
    high = upfront.high / worst if worst > 0 else days
    return sheet.figure(Band(min(days, upfront.low / best), days, max(days, high)), "days")


def _dear(other: Figure, own: Figure) -> str:
    return " At the dear end of the GPU's price it never pays back." if other.low <= own.high else ""


def _per_day(figure: str, symbol: str, month: Derivation, sheet: Sheet) -> Derivation:
    """Return a month's running cost by the day."""
    result, per_day = month.result, 1 / DAYS_PER_MONTH
    band = Band(result.low, result.value, result.high).times(per_day)
    return sheet.add(
        figure,
        "running cost of a day",
        f"{symbol} = M / d",
        terms=[derived("M", "running cost of a month", month), days_term()],
        result=Figure.of(band, unit="USD/day", source=result.source, as_of=result.as_of),
    )
