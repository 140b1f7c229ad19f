"""Which input matters most, and at which value the first place changes hands, for workloads that people have."""

from typing import Any

import pytest

from agents.costs.compare import Comparison, compare
from agents.costs.crossings import FactCrossing, crossings
from agents.costs.documents import read_inputs
from agents.costs.report import to_json
from agents.costs.sensitivity.report import sensitivity_markdown
from agents.costs.sensitivity.tornado import CostFlip, Swing, sensitivity
from tests.unit.costs.books import make_book

LABELS = {"requests_per_day": 20_000, "tokens_in": 500, "tokens_out": 10, "student": "8B"}
AGAINST_SONNET = {**LABELS, "models": ["claude-sonnet-5-5"]}
DOCS = {"requests_per_day": 2000, "tokens_in": 400, "tokens_out": 300, "knowledge_tokens": 50_000}
OWN = "fine_tune:llama-3.1-8b"


def compared(**inputs: Any) -> Comparison:
    return compare(read_inputs(inputs), make_book())


def flip(comparison: Comparison, key: str) -> CostFlip:
    [found] = [one for one in comparison.sensitivity.flips if one.key == key]
    return found


def swing(comparison: Comparison, key: str) -> Swing:
    [found] = [one for one in comparison.sensitivity.swings if one.key == key]
    return found


def crossing(comparison: Comparison, fact: str, key: str) -> FactCrossing:
    [found] = [one for one in crossings(comparison) if one.fact == fact and one.key == key]
    return found


def test_the_volume_that_flips_is_the_break_even_with_the_upfront_cost_on_top() -> None:
    comparison = compared(**AGAINST_SONNET)
    even = comparison.row(OWN).break_even["claude-sonnet-5-5"]

    found = flip(comparison, "requests_per_day")
    assert even is not None
    assert even < found.at < even * 2
    assert (found.direction, found.becomes, found.is_plausible) == ("above", OWN, False)
    assert found.text == "Requests: above 67,000 requests/day, outside its plausible range, LoRA llama-3.1-8b leads"


def test_a_flip_within_reach_is_the_one_that_is_named() -> None:
    comparison = compared(**{**AGAINST_SONNET, "requests_per_day": 50_000})

    assert comparison.sensitivity.flips[0].key == "requests_per_day"
    assert comparison.sensitivity.flips[0].is_plausible
    assert comparison.would_flip.endswith(
        "The input that matters most is requests: above 67,000 requests/day, LoRA llama-3.1-8b leads."
    )


def test_where_nothing_flips_within_reach_it_says_so_and_names_the_nearest() -> None:
    said = compared(**LABELS).would_flip

    assert "No single input flips the order within its plausible range; nearest is rates of claude-" in said


def test_more_requests_of_one_token_price_flip_nothing_however_many() -> None:
    comparison = compared(**LABELS)

    assert comparison.ranking[0] == "prompt:claude-haiku-5-5"
    assert "Requests" in comparison.sensitivity.steady
    assert not [one for one in comparison.sensitivity.flips if one.key == "requests_per_day"]


def test_one_replica_more_is_where_a_leading_student_may_lose() -> None:
    # Two replicas cost more than Sonnet here, one costs less: the peak that needs a second one flips the order.
    comparison = compared(**{**AGAINST_SONNET, "requests_per_day": 120_000, "peak_factor": 20})
    found = flip(comparison, "peak_factor")
    offer: Any = comparison.row(OWN).offer

    assert comparison.ranking[0] == OWN
    full = offer.capacity_rps * offer.fleet.headroom * 86_400 / 120_000
    assert float(found.at) == pytest.approx(full, rel=1e-6)
    assert found.becomes == "prompt:claude-sonnet-5-5"


def test_the_range_of_a_gpu_price_is_the_one_it_is_offered_at() -> None:
    found = swing(compared(**LABELS), "usd_per_gpu_hour")

    assert [float(edge) for edge in (found.low, found.base, found.high)] == [2.69, 3.99, 6.88]
    assert (found.kind, found.source) == ("published", "test list")


def test_your_own_gpu_price_is_moved_from_half_to_double() -> None:
    found = swing(compared(**LABELS, usd_per_gpu_hour=2), "usd_per_gpu_hour")

    assert [float(edge) for edge in (found.low, found.base, found.high)] == [1.0, 2.0, 4.0]
    assert found.kind == "assumed"


def test_peoples_time_that_is_not_counted_is_moved_to_a_thousand_a_day() -> None:
    found = swing(compared(**AGAINST_SONNET), "engineering_day_rate")

    assert [float(edge) for edge in (found.low, found.base, found.high)] == [0, 0, 1000]
    assert found.margin_high is not None
    assert found.margin_low is not None
    assert found.margin_high > found.margin_low


def test_inputs_that_cannot_touch_who_leads_are_left_out() -> None:
    keys = {one.key for one in compared(**DOCS).sensitivity.swings}

    assert {"knowledge_tokens", "top_k", "chunk", "setup_usd", "infra_usd_month"} <= keys
    assert not {"usd_per_gpu_hour", "peak_factor", "examples", "runs"} & keys


def test_more_documents_flip_long_context_to_retrieval() -> None:
    found = flip(compared(**DOCS), "knowledge_tokens")

    assert (found.direction, found.becomes) == ("above", "rag:claude-sonnet-5-5")
    assert 51_200 < found.at < 200_000


def test_there_is_no_sensitivity_while_tokens_or_volume_are_unknown() -> None:
    found = sensitivity(read_inputs({"tokens_in": 500}), make_book())

    assert (found.leader, found.swings, found.flips, found.steady) == ("", (), (), ())
    assert sensitivity_markdown(found) == ""


def test_json_holds_swings_flips_and_what_is_steady() -> None:
    found = to_json(compared(**AGAINST_SONNET))["sensitivity"]

    assert found["leader"] == "prompt:claude-sonnet-5-5"
    assert {"key", "label", "unit", "low", "base", "high", "usd_low", "usd_high", "source", "kind"} <= (
        found["swings"][0].keys()
    )
    assert {"key", "at", "direction", "becomes", "is_plausible", "text"} <= found["flips"][0].keys()
    assert found["steady"]


def test_markdown_shows_the_widest_swings_and_every_flip() -> None:
    comparison = compared(**AGAINST_SONNET)
    lines = sensitivity_markdown(comparison.sensitivity).splitlines()

    assert lines[2].startswith("| Requests | 10,000 requests/day | 40,000 requests/day | $435 | $1,740 |")
    assert sum(line.startswith("- ") for line in lines) == len(comparison.sensitivity.flips)


def test_the_volume_from_which_a_payback_keeps_the_limit_is_found() -> None:
    comparison = compared(**LABELS, small_api_meets_bar="no", engineering_usd=3000)
    found = crossing(comparison, "payback_days", "requests_per_day")

    # 90 days of the saving pay $3,000 and the data and training.
    assert (found.direction, found.becomes) == ("above", True)
    assert found.text.startswith("above ")
    assert found.text.endswith(" requests/day")
    paid = compared(
        **{**LABELS, "requests_per_day": float(found.at) * 1.001}, small_api_meets_bar="no", engineering_usd=3000
    )
    assert paid.row("distil:llama-3.1-8b").payback_days == pytest.approx(90, rel=0.05)


def test_the_gpus_and_the_sequence_from_which_a_training_fits_are_found() -> None:
    comparison = compared(**LABELS | {"student": "70B"}, gpu="A100-80", n_gpu=2)

    assert crossing(comparison, "lora_fits", "n_gpu").text == "from 3 x A100-80"
    assert crossing(comparison, "qlora_fits", "seq").direction == "above"
    assert crossing(comparison, "full_fits", "n_gpu").at == 16


def test_a_row_that_is_there_only_at_other_values_is_named_as_rows_are() -> None:
    comparison = compared(**{**DOCS, "requests_per_day": 65_000, "knowledge_tokens": 1_000_000})

    found = flip(comparison, "knowledge_tokens")
    assert (found.direction, found.becomes) == ("below", "long_context:claude-sonnet-5-5")
    assert found.becomes_label == "Long context, claude-sonnet-5-5"
    assert "Long context, claude-sonnet-5-5 leads" in comparison.would_flip
