"""What must hold for any workload and any price."""

import math
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.costs.api import best_request_usd, cached_request_usd, request_usd
from agents.costs.compare import Comparison, compare
from agents.costs.curves.volume import cost_curve
from agents.costs.data_generation import data_generation_usd
from agents.costs.documents import read_inputs
from agents.costs.figures import Band
from agents.costs.offers import SelfHostedOffer
from agents.costs.report import to_json
from agents.costs.scenario import settle
from agents.costs.students import LLAMA_8B, LLAMA_70B
from agents.costs.training_memory import TrainingSettings, per_gpu_bytes
from agents.costs.workload_offers import prompting, self_hosted
from tests.unit.costs.books import MODELS, make_book, make_model

BOOK = make_book()
volumes = st.floats(1e-2, 1e9)
answers = st.sampled_from(["yes", "no", "not_tested"])


@st.composite
def workloads(draw: st.DrawFn) -> dict[str, Any]:
    tokens_in = draw(st.integers(1, 150_000))
    document: dict[str, Any] = {
        "requests_per_day": draw(volumes),
        "tokens_in": tokens_in,
        "tokens_out": draw(st.integers(0, 20_000)),
        "static_prefix": draw(st.integers(0, tokens_in)),
        "student": draw(st.sampled_from(["8B", "70B"])),
        "peak_factor": draw(st.floats(1, 20)),
        "headroom": draw(st.floats(0.05, 1)),
        "min_replicas": draw(st.integers(1, 5)),
        "small_api_meets_bar": draw(answers),
        "reject_rate": draw(st.floats(0, 0.95)),
        "batch_ok": draw(st.booleans()),
        "engineering_day_rate": draw(st.integers(0, 2000)),
        "claude_token_factor": draw(st.floats(0.5, 3)),
    }
    if draw(st.booleans()):
        document["knowledge_tokens"] = draw(st.integers(1, 10**9))
    return document


def compared(document: dict[str, Any]) -> Comparison:
    return compare(read_inputs(document), BOOK)


def numbers(value: Any) -> list[float]:
    """Return every number in plain JSON."""
    if isinstance(value, dict):
        return [number for item in value.values() for number in numbers(item)]
    if isinstance(value, list):
        return [number for item in value for number in numbers(item)]
    return [float(value)] if isinstance(value, int | float) and not isinstance(value, bool) else []


@settings(deadline=None, max_examples=40)
@given(workloads())
def test_every_figure_is_a_finite_number_not_below_zero_and_within_its_range(document: dict[str, Any]) -> None:
    comparison = compared(document)
    found = to_json(comparison)
    # By how much a lead is lost, in the sensitivity, is the one thing that may be negative.
    del found["sensitivity"]
    assert all(math.isfinite(number) and number >= 0 for number in numbers(found))
    for row in comparison.rows:
        for figure in (row.usd_upfront, row.usd_per_request, row.usd_per_month, row.usd_per_million_tokens):
            assert figure.low <= figure.value <= figure.high, row.id


@settings(deadline=None, max_examples=40)
@given(workloads())
def test_a_break_even_is_where_the_student_stops_being_dearer(document: dict[str, Any]) -> None:
    scenario = settle(read_inputs(document), BOOK)
    shape = scenario.shape
    assert shape is not None
    student = self_hosted(scenario, shape)
    row = next(row for row in compared(document).rows if isinstance(row.offer, SelfHostedOffer))
    for model in scenario.models:
        api, even = prompting(scenario, shape, model), row.break_even[model.id]
        if even is None:
            for replicas in (1, 2, 10):
                full = student.fleet.daily_capacity(replicas, student.capacity_rps) * (1 - 1e-9)
                assert api.usd_per_day(Decimal(str(full))) < student.usd_per_day(Decimal(str(full)))
        else:
            assert student.usd_per_day(even) <= api.usd_per_day(even)
            below = even * Decimal("0.99")
            # A prompt cache that warms up may make the API's day cheaper as volume grows, so only without one.
            if shape.static_prefix == 0:
                assert student.usd_per_day(below) > api.usd_per_day(below)


@settings(deadline=None, max_examples=40)
@given(workloads(), st.floats(1, 1000))
def test_more_requests_never_cost_less_per_month_without_a_cache(document: dict[str, Any], factor: float) -> None:
    busy = {**document, "requests_per_day": min(1e10, document["requests_per_day"] * factor)}
    # A cache that is warmer at higher volume may lower the month's price for a while.
    quiet_rows = compared({**document, "static_prefix": 0}).rows
    busy_rows = compared({**busy, "static_prefix": 0}).rows
    for quiet, more in zip(quiet_rows, busy_rows, strict=True):
        if quiet.kind != "long_context":
            assert quiet.usd_per_month.value <= more.usd_per_month.value


@settings(deadline=None, max_examples=40)
@given(workloads(), st.floats(1, 10))
def test_a_dearer_gpu_never_makes_the_student_cheaper(document: dict[str, Any], factor: float) -> None:
    rise = Decimal(str(factor))
    gpus = {name: replace(gpu, usd_per_hour=gpu.usd_per_hour.times(rise)) for name, gpu in BOOK.gpus.items()}
    dearer = compare(read_inputs(document), replace(BOOK, gpus=MappingProxyType(gpus)))
    for before, after in zip(compared(document).rows, dearer.rows, strict=True):
        assert before.usd_per_month.value <= after.usd_per_month.value
        assert before.usd_upfront.value <= after.usd_upfront.value


@settings(deadline=None)
@given(st.sampled_from(sorted(MODELS)), st.integers(0, 300_000), st.integers(0, 20_000), st.floats(0, 1), st.booleans())
def test_batch_and_the_better_of_cached_and_plain_are_never_dearer(
    name: str, prefix: int, tokens_out: int, hits: float, is_tiered: bool
) -> None:
    price = make_model(name, tier=100_000 if is_tiered else None)
    plain = request_usd(price, Decimal(prefix), Decimal(tokens_out))
    assert request_usd(price, Decimal(prefix), Decimal(tokens_out), batch=True) <= plain
    scenario = settle(
        read_inputs({"tokens_in": max(1, prefix), "tokens_out": tokens_out, "static_prefix": prefix}), BOOK
    )
    shape = scenario.shape
    assert shape is not None
    if prefix:
        assert best_request_usd(price, shape, hits) <= plain
        assert cached_request_usd(price, shape, 1.0) <= cached_request_usd(price, shape, hits)


@settings(deadline=None)
@given(workloads())
def test_training_data_in_batches_is_never_dearer(document: dict[str, Any]) -> None:
    scenario = settle(read_inputs(document), BOOK)
    plan = scenario.data_generation(scenario.teacher)
    assert plan is not None
    batched = data_generation_usd(scenario.teacher, plan, batch=True)
    assert 0 <= batched <= data_generation_usd(scenario.teacher, plan, batch=False)


@given(st.sampled_from([LLAMA_8B, LLAMA_70B]), st.integers(1, 512), st.integers(1, 64), st.integers(1, 131_072))
def test_methods_need_memory_in_the_known_order(student: Any, rank: int, batch: int, sequence: int) -> None:
    settings_ = TrainingSettings(rank=rank, micro_batch=batch, sequence=sequence)
    qlora, lora, full = (per_gpu_bytes(student, method, settings_) for method in ("qlora", "lora", "full"))
    assert 0 < qlora < lora
    if student.lora_parameters(rank) * 16 < student.parameters * 14:
        assert lora < full


@settings(deadline=None, max_examples=40)
@given(workloads())
def test_the_curve_passes_through_the_comparison(document: dict[str, Any]) -> None:
    comparison = compared(document)
    curve = cost_curve(comparison)
    assert curve is not None
    drawn = {row_id: line.here_usd_per_month for line in curve.lines for row_id in line.ids}
    for row in comparison.rows:
        if not row.is_reference:
            assert drawn[row.id] == float(row.usd_per_month.value)
    for line in curve.lines:
        volumes_ = [point.requests_per_day for point in line.points]
        assert volumes_ == sorted(volumes_)
        assert volumes_[0] <= curve.here_requests_per_day <= volumes_[-1]


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 100))
def test_bands_add_and_scale(low: float, width: float, factor: float) -> None:
    band = Band(Decimal(str(low)), Decimal(str(low)), Decimal(str(low)) + Decimal(str(width)))
    doubled = band + band
    assert doubled == band.times(Decimal(2))
    scaled = band.times(Decimal(str(factor)))
    assert scaled.low <= scaled.base <= scaled.high
