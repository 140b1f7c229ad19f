"""Which inputs move the comparison most, and at which value of each the ranking's first place changes hands."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from agents.costs.figures import Kind, exact
from agents.costs.inputs import CostInputs
from agents.costs.offers import ApiOffer, SelfHostedOffer
from agents.costs.plans import Plan, plans
from agents.costs.prices.book import PriceBook
from agents.costs.scenario import Scenario, settle
from agents.costs.sensitivity.crossing_search import DIRECTIONS, Direction, first_crossing
from agents.costs.sensitivity.levers import Lever
from agents.costs.sensitivity.levers_in_play import levers_in_play
from agents.costs.upfront import total, upfront_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Swing:
    """What one input does to the costs between its plausible ends, all others as they are.

    `low`, `base` and `high` are values of the input, in `unit`. `usd_low` and `usd_high` are USD per month, upfront
    cost included, of the approach that leads now, or of the one that leads there where it no longer applies.
    `margin_low` and `margin_high` are USD per month by which the runner-up is dearer: negative where it has taken the
    lead, None where there is no other. `leader_low` and `leader_high` are the rows that lead.
    """

    key: str
    label: str
    unit: str
    low: Decimal
    base: Decimal
    high: Decimal
    usd_low: Decimal
    usd_high: Decimal
    margin_low: Decimal | None
    margin_high: Decimal | None
    leader_low: str
    leader_high: str
    source: str
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class CostFlip:
    """Where an input, moved one way with all others as they are, gives the first place to another row.

    `is_plausible`: the value lies within the input's plausible range. `said` is the value for people.
    """

    key: str
    label: str
    unit: str
    at: Decimal
    direction: Direction
    becomes: str
    becomes_label: str
    is_plausible: bool
    said: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """Swings, the widest first, and flips, the likeliest first.

    `leader` leads now, at `usd_base` a month with its upfront cost spread over the horizon; the runner-up is `margin`
    dearer, None where there is no other. `steady` labels the
    inputs of which no value that was tried, plausible or not, changes who leads.
    """

    leader: str
    usd_base: Decimal
    margin: Decimal | None
    swings: tuple[Swing, ...]
    flips: tuple[CostFlip, ...]
    steady: tuple[str, ...]


NOTHING_TO_RANK = Sensitivity(leader="", usd_base=Decimal(0), margin=None, swings=(), flips=(), steady=())


def sensitivity(inputs: CostInputs, book: PriceBook) -> Sensitivity:
    """Return how the ranking hangs on each input; empty while tokens or volume are unknown.

    Raises:
        UserError: A model, GPU or student is unknown, or the student does not fit its GPU.
    """
    return sensitivity_of(settle(inputs, book))


def sensitivity_of(scenario: Scenario) -> Sensitivity:
    """Return how the ranking of a scenario hangs on each input."""
    # What is only shown is never ranked.
    shown_only = scenario.inputs.open_models is None
    scenario = replace(scenario, references=(), hosted=() if shown_only else scenario.hosted)
    contenders = _contenders(scenario)
    if not contenders:
        return NOTHING_TO_RANK
    track = _Track(scenario, contenders)
    now = track.now
    levers = levers_in_play(scenario, contenders)
    swings = [_swing(track, lever) for lever in levers]
    flips = [found for lever in levers for found in _flips(track, lever)]
    flipping = {flip.key for flip in flips}
    reach = {lever.key: lever for lever in levers}
    return Sensitivity(
        leader=now.leader,
        usd_base=now.usd[now.leader],
        margin=now.margin(now.leader, track.twins),
        swings=tuple(sorted(swings, key=_width, reverse=True)),
        flips=tuple(sorted(flips, key=lambda flip: reach[flip.key].distance(flip.at))),
        steady=tuple(lever.label for lever in levers if lever.key not in flipping),
    )


@dataclass(frozen=True, slots=True)
class _Race:
    """USD per month, all in, of the rows that compete for the first place, and who has it."""

    usd: Mapping[str, Decimal]
    leader: str

    def margin(self, row_id: str, twins: Collection[str] = ()) -> Decimal | None:
        """Return how much cheaper a row is than the best of the others but its twins; negative if it does not lead.

        A row that is gone is behind by a dollar; None where there is no other.
        """
        own = self.usd.get(row_id)
        others = [usd for other, usd in self.usd.items() if other != row_id and other not in twins]
        if own is None:
            return Decimal(-1)
        return min(others) - own if others else None


class _Track:
    """Races with one input moved, each run once, and only over the costs that the input moves.

    Args:
        scenario: Where everything stands now.
        contenders: The rows that compete there.
    """

    def __init__(self, scenario: Scenario, contenders: Sequence[Plan]) -> None:
        self._scenario = scenario
        self._contenders = contenders
        self._running = {plan.id: _running(scenario, plan) for plan in contenders}
        self._upfront = {plan.id: _upfront(scenario, plan.kind) for plan in contenders}
        self._run: dict[tuple[str, Decimal], _Race] = {}
        self.now = _race(scenario, self._running, self._upfront)
        offers = {plan.id: plan.offer for plan in contenders}
        # Rows that run on the very same thing differ in what they cost upfront only.
        self.twins = frozenset(row_id for row_id, offer in offers.items() if offer == offers[self.now.leader])
        self.fleets = tuple({offer: None for offer in offers.values() if isinstance(offer, SelfHostedOffer)})
        self.labels = {plan.id: plan.label for plan in plans(scenario)}
        self.volume = scenario.requests_per_day or Decimal(1)

    def race(self, lever: Lever, value: Decimal) -> _Race:
        """Return the race with this one input at another value."""
        key = lever.key, value
        if key not in self._run:
            self._run[key] = self._raced(lever, lever.vary(self._scenario, value))
        return self._run[key]

    def _raced(self, lever: Lever, varied: Scenario) -> _Race:
        contenders, running = self._contenders, self._running
        if lever.model:
            running = {**running, **{plan.id: self._repriced(plan, varied) for plan in self._on(lever.model)}}
        elif "running" in lever.touches:
            contenders = self._contenders_at(varied)
            # Some are there only at other values, as long contexts are where documents are few.
            self.labels |= {plan.id: plan.label for plan in contenders}
            running = {plan.id: _running(varied, plan) for plan in contenders}
        known = {} if "upfront" in lever.touches else self._upfront
        upfront = {plan.id: known[plan.id] if plan.id in known else _upfront(varied, plan.kind) for plan in contenders}
        return _race(varied, running, upfront)

    def _on(self, model: str) -> Iterator[Plan]:
        """Yield the contenders that run on an API model."""
        for plan in self._contenders:
            if isinstance(plan.offer, ApiOffer) and plan.offer.price.id == model:
                yield plan

    def _repriced(self, plan: Plan, varied: Scenario) -> Decimal:
        """Return the running cost of a plan on an API model at the varied price."""
        if not isinstance(plan.offer, ApiOffer):
            raise TypeError("only an API model's rows are priced by its rates")
        price = next(price for price in varied.models if price.id == plan.offer.price.id)
        return _running(varied, replace(plan, offer=replace(plan.offer, price=price)))

    def _contenders_at(self, varied: Scenario) -> Sequence[Plan]:
        # Where no row meets the latency budget any more, those of now race without it.
        return _contenders(varied) or [plan for plan in plans(varied) if plan.id in self._running] or self._contenders

    def lead(self, lever: Lever, value: Decimal) -> Decimal:
        """Return by how much the leader of now leads there; zero where nobody else competes."""
        return self.race(lever, value).margin(self.now.leader) or Decimal(0)


def _contenders(scenario: Scenario) -> Sequence[Plan]:
    """Return the ranked rows that do the whole work well enough, or as nearly as any does."""
    ranked = [plan for plan in plans(scenario) if plan.is_ranked(scenario.book.as_of)]
    best = min(((plan.misses_bar, not plan.covers_knowledge) for plan in ranked), default=None)
    return [plan for plan in ranked if (plan.misses_bar, not plan.covers_knowledge) == best]


def _running(scenario: Scenario, plan: Plan) -> Decimal:
    return plan.offer.base_usd_per_month(scenario.requests_per_day or Decimal(1))


def _upfront(scenario: Scenario, kind: str) -> Decimal:
    return total(upfront_lines(scenario, kind)).base


def _race(scenario: Scenario, running: Mapping[str, Decimal], upfront: Mapping[str, Decimal]) -> _Race:
    months = exact(scenario.inputs.horizon_months)
    usd = {row_id: amount + upfront[row_id] / months for row_id, amount in running.items()}
    return _Race(usd, min(usd, key=lambda row_id: usd[row_id]))


def _swing(track: _Track, lever: Lever) -> Swing:
    low, high = track.race(lever, lever.low), track.race(lever, lever.high)
    return Swing(
        key=lever.key,
        label=lever.label,
        unit=lever.unit,
        low=lever.low,
        base=lever.base,
        high=lever.high,
        usd_low=low.usd.get(track.now.leader, low.usd[low.leader]),
        usd_high=high.usd.get(track.now.leader, high.usd[high.leader]),
        margin_low=low.margin(track.now.leader, track.twins),
        margin_high=high.margin(track.now.leader, track.twins),
        leader_low=low.leader,
        leader_high=high.leader,
        source=lever.source,
        kind=lever.kind,
    )


def _width(swing: Swing) -> tuple[Decimal, Decimal]:
    """Return how far the leader's cost moves, then how far its lead does."""
    lead = (swing.margin_high or Decimal(0)) - (swing.margin_low or Decimal(0))
    return abs(swing.usd_high - swing.usd_low), abs(lead)


def _flips(track: _Track, lever: Lever) -> Iterator[CostFlip]:
    for direction in DIRECTIONS:
        at = first_crossing(lever, direction, lambda value: track.lead(lever, value), track.volume, track.fleets)
        if at is None:
            continue
        becomes = track.race(lever, at).leader
        is_plausible = lever.low <= at <= lever.high
        beyond = "" if is_plausible else ", outside its plausible range"
        leads = track.labels[becomes]
        yield CostFlip(
            key=lever.key,
            label=lever.label,
            unit=lever.unit,
            at=at,
            direction=direction,
            becomes=becomes,
            becomes_label=leads,
            is_plausible=is_plausible,
            said=lever.said(at),
            text=f"{lever.label}: {direction} {lever.said(at)}{beyond}, {leads} leads",
        )
