"""The guide's three promises held against this workload: a hundredth of the cost, 10 to 100 times less, 10 to 50 ms."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from agents.costs.approaches import Approach
from agents.costs.break_evens import break_even, first_step
from agents.costs.compare import Comparison
from agents.costs.latency import answer_floor_s
from agents.costs.offers import ApiOffer, SelfHostedOffer
from agents.costs.prices.book import ModelPrice
from agents.costs.scenario import Scenario
from agents.costs.wording import rounded_volume
from agents.costs.workload_offers import prompting

Verdict = Literal["confirmed", "refuted", "partly"]

GUIDES_LARGE_MODEL = "gpt-4"
HUNDREDTH = Decimal(100)
# From a tenth of the cost on the promise is kept in part.
TENTH = Decimal(10)
LEAST_REDUCTION = Decimal(10)
LONGEST_MS = 50.0


@dataclass(frozen=True, slots=True)
class Claim:
    """A promise of the guide and what this workload makes of it; `holds` says at what volume or size it does."""

    claim: str
    verdict: Verdict
    computed: str
    reason: str
    holds: str


def claims(comparison: Comparison) -> tuple[Claim, ...]:
    """Return the verdicts on the guide's promises; none while tokens or volume are unknown."""
    student = next((row for row in comparison.rows if row.kind == "distil"), None)
    if student is None or not isinstance(student.offer, SelfHostedOffer):
        return ()
    return tuple(_claims(comparison.scenario, student, student.offer))


def _claims(scenario: Scenario, student: Approach, offer: SelfHostedOffer) -> Iterator[Claim]:
    large = scenario.book.models.get(GUIDES_LARGE_MODEL)
    if large is not None:
        yield _hundredth(_race(scenario, student, offer, large))
    yield _reduction([_race(scenario, student, offer, price) for price in scenario.models])
    yield _milliseconds(scenario, offer)


@dataclass(frozen=True, slots=True)
class _Race:
    """The student against one API model: how many times the API costs here, and at best."""

    model: str
    times: Decimal
    best: Decimal
    api: ApiOffer
    offer: SelfHostedOffer

    def holds(self, times: Decimal) -> str:
        """Return from which volume the API costs so many times as much."""
        volume = break_even(self.api, self.offer, times)
        if volume is None:
            return f"{self.model}: at no volume, {_times(self.best)} with full replicas"
        return f"{self.model}: from about {rounded_volume(volume)} requests a day"


def _race(scenario: Scenario, student: Approach, offer: SelfHostedOffer, price: ModelPrice) -> _Race:
    shape, volume = scenario.shape, scenario.requests_per_day
    if shape is None or volume is None:
        raise ValueError("a row has tokens and a volume")
    api = prompting(scenario, shape, price)
    full = first_step(offer)
    return _Race(
        price.id,
        api.base_usd_per_month(volume) / student.usd_per_month.value,
        api.usd_per_day(full) / offer.usd_per_day(full),
        api,
        offer,
    )


def _times(ratio: Decimal) -> str:
    return f"{float(ratio):.3g}x"


def _hundredth(race: _Race) -> Claim:
    verdict: Verdict = "confirmed" if race.times >= HUNDREDTH else "partly" if race.times >= TENTH else "refuted"
    return Claim(
        "A fine-tuned small model costs a hundredth of GPT-4",
        verdict,
        f"GPT-4 costs {_times(race.times)} as much at this volume",
        "GPT-4 is priced as last listed, and it has left its API; the student's price per request falls with the "
        "volume until its replicas are full",
        race.holds(HUNDREDTH),
    )


def _reduction(races: list[_Race]) -> Claim:
    held = [race for race in races if race.times >= LEAST_REDUCTION]
    verdict: Verdict = "confirmed" if len(held) == len(races) else "partly" if held else "refuted"
    return Claim(
        "Distilling costs 10 to 100 times less to run",
        verdict,
        "; ".join(f"{_times(race.times)} against {race.model}" for race in races),
        "it hangs on the model replaced and on the volume: below 1x the student is the dearer one",
        "; ".join(race.holds(LEAST_REDUCTION) for race in races),
    )


def _milliseconds(scenario: Scenario, offer: SelfHostedOffer) -> Claim:
    def floor_ms(tokens_out: float) -> float:
        seconds = answer_floor_s(
            offer.calibration,
            tokens_in=float(offer.tokens_in),
            tokens_out=tokens_out,
            weight_bytes=scenario.own_model.weight_bytes,
            bandwidth=scenario.serving_gpu.bandwidth,
        )
        return seconds * 1000

    whole, first = floor_ms(float(offer.tokens_out)), floor_ms(1)
    verdict: Verdict = "confirmed" if whole <= LONGEST_MS else "partly" if first <= LONGEST_MS else "refuted"
    per_token = first - floor_ms(0)
    most = int((LONGEST_MS - floor_ms(0)) / per_token)
    where = f"{scenario.student.name} on {scenario.calibration.gpus} x {scenario.serving_gpu.name}"
    return Claim(
        "A small model answers in 10 to 50 ms, an API in 500 ms and more",
        verdict,
        f"at least {whole:,.0f} ms for a whole answer of {offer.tokens_out:,f} tokens, {first:,.0f} ms for its first",
        f"the least time of {where}, alone and without a network; every token reads all weights once. An API's time "
        "is the guide's and was not measured",
        f"up to {most} tokens of answer" if most >= 1 else "not at this prompt's length",
    )
