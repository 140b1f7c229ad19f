"""At which value of which input a cost fact that the decision rests on changes, such as "above 67,000 requests/day"."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from agents.costs.baseline import payback_baseline
from agents.costs.compare import Comparison, facts_from
from agents.costs.figures import exact
from agents.costs.knowledge import knowledge_prices
from agents.costs.plans import plans
from agents.costs.scenario import Scenario
from agents.costs.sensitivity.crossing_search import DIRECTIONS, Direction, first_crossing
from agents.costs.sensitivity.levers import MODEL_PRICE, Lever, input_lever
from agents.costs.sensitivity.levers_in_play import levers_in_play
from agents.costs.training import Method
from agents.costs.training_memory import GPU_COUNTS, per_gpu_bytes
from agents.costs.upfront import total, upfront_lines
from agents.costs.workload_offers import self_hosted

# Positive where the fact holds, negative where it does not; None where it cannot be told.
Truth = Callable[[Scenario], Decimal | None]

_PAYBACK_KEYS = frozenset(
    {
        "requests_per_day", "tokens_in", "tokens_out", "usd_per_gpu_hour", "peak_factor", "calibration", "examples",
        "engineering_usd", "engineering_day_rate", "engineering_days", "upfront_compute_usd",
    }
)  # fmt: skip
_DOCUMENT_KEYS = frozenset(
    {"requests_per_day", "knowledge_tokens", "top_k", "chunk", "ttl_s", "infra_usd_month", "setup_usd"}
)
_METHOD_FACTS: dict[str, Method] = {"lora_fits": "lora", "qlora_fits": "qlora", "full_fits": "full"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FactCrossing:
    """A value of one input past which a fact is the opposite, all other inputs as they are.

    `becomes` is the fact there; a payback is true within the limit. `text` reads "above 67,000 requests/day".
    """

    fact: str
    key: str
    label: str
    unit: str
    at: Decimal
    direction: Direction
    becomes: bool
    is_plausible: bool
    text: str


def crossings(comparison: Comparison) -> tuple[FactCrossing, ...]:
    """Return where each fact of a comparison changes, by fact and the likeliest first."""
    scenario, known = comparison.scenario, facts_from(comparison)
    found: list[FactCrossing] = []
    if "payback_days" in known:
        found += _of(scenario, "payback_days", _payback_levers(scenario), _paid_back)
    if "longctx_cheaper" in known:
        found += _of(scenario, "longctx_cheaper", _document_levers(scenario), _long_context_saves)
    for fact, method in _METHOD_FACTS.items():
        if fact in known:
            found += _of(scenario, fact, _memory_levers(scenario), _room_of(method))
    return tuple(found)


def crossings_json(comparison: Comparison) -> list[dict[str, Any]]:
    """Return the crossings as plain JSON values."""
    return [
        {
            "fact": one.fact,
            "key": one.key,
            "at": float(one.at),
            "direction": one.direction,
            "becomes": one.becomes,
            "is_plausible": one.is_plausible,
            "text": one.text,
        }
        for one in crossings(comparison)
    ]


def _of(scenario: Scenario, fact: str, levers: Sequence[Lever], truth: Truth) -> list[FactCrossing]:
    now = truth(scenario)
    if now is None:
        return []
    holds = now >= 0
    found = [one for lever in levers for one in _along(scenario, fact, lever, truth, holds=holds)]
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def _along(
    scenario: Scenario, fact: str, lever: Lever, truth: Truth, *, holds: bool
) -> Iterator[tuple[float, FactCrossing]]:
    """Yield the crossings of one lever, each with how far out it lies."""

    def balance(value: Decimal) -> Decimal:
        amount = truth(lever.vary(scenario, value))
        # Where the fact cannot be told, nothing contradicts it.
        return Decimal(0) if amount is None else amount if holds else -amount

    fleets = [] if scenario.shape is None else [self_hosted(scenario, scenario.shape)]
    for direction in DIRECTIONS:
        at = first_crossing(lever, direction, balance, scenario.requests_per_day or Decimal(1), fleets)
        if at is not None:
            yield (
                lever.distance(at),
                FactCrossing(
                    fact=fact,
                    key=lever.key,
                    label=lever.label,
                    unit=lever.unit,
                    at=at,
                    direction=direction,
                    becomes=not holds,
                    is_plausible=lever.low <= at <= lever.high,
                    text=_text(lever, at, direction),
                ),
            )


def _text(lever: Lever, at: Decimal, direction: Direction) -> str:
    value = lever.said(at)
    if lever.key == "n_gpu":
        return f"from {value}" if direction == "above" else f"with {value} or fewer"
    return f"{direction} {value}" if lever.key == "requests_per_day" else f"{lever.label} {direction} {value}"


def _paid_back(scenario: Scenario) -> Decimal | None:
    """Return by how many USD the saving within the limit exceeds what is paid upfront for distillation."""
    rival, shape, volume = payback_baseline(scenario).offer, scenario.shape, scenario.requests_per_day
    if rival is None or shape is None or volume is None:
        return None
    saved = rival.usd_per_day(volume) - self_hosted(scenario, shape).usd_per_day(volume)
    return exact(scenario.inputs.payback_limit_days) * saved - total(upfront_lines(scenario, "distil")).base


def _long_context_saves(scenario: Scenario) -> Decimal | None:
    """Return by how many USD a month long context is cheaper than retrieval."""
    prices = knowledge_prices(scenario)
    if prices is None or prices.long_context is None:
        return None
    return prices.rag_with_setup - prices.long_context


def _room_of(method: Method) -> Truth:
    """Return what tells the bytes that a training run leaves free on each GPU at hand."""

    def room(scenario: Scenario) -> Decimal | None:
        gpus = scenario.inputs.n_gpu
        if gpus is None:
            return None
        needed = per_gpu_bytes(scenario.student, method, scenario.training_settings, gpus)
        return Decimal(scenario.inputs.limit * scenario.training_gpu.memory_bytes - needed)

    return room


def _payback_levers(scenario: Scenario) -> list[Lever]:
    baseline = payback_baseline(scenario)
    rivals = [plan for plan in plans(scenario) if plan.kind == "distil" or plan.id == f"prompt:{baseline.id}"]
    wanted = _PAYBACK_KEYS | {f"{MODEL_PRICE}{baseline.id}"}
    return [lever for lever in levers_in_play(scenario, rivals) if lever.key in wanted]


def _document_levers(scenario: Scenario) -> list[Lever]:
    rivals = [plan for plan in plans(scenario) if plan.kind in {"rag", "long_context"}]
    wanted = _DOCUMENT_KEYS | {f"{MODEL_PRICE}{scenario.in_use.id}"}
    return [lever for lever in levers_in_play(scenario, rivals) if lever.key in wanted]


def _memory_levers(scenario: Scenario) -> list[Lever]:
    if scenario.inputs.n_gpu is None:
        return []
    gpus = f"x {scenario.training_gpu.name}"
    return [
        input_lever(scenario, "n_gpu", "GPUs", gpus, limits=(1, GPU_COUNTS[-1]), is_whole=True),
        input_lever(scenario, "seq", "Training sequences", "tokens", limits=(1, 1_000_000), is_whole=True),
    ]
