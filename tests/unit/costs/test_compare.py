"""The comparison as people and the decision core meet it."""

import csv
import io
import json
from typing import Any

import pytest

from agents.costs.compare import Comparison, compare, facts_from
from agents.costs.documents import read_inputs
from agents.costs.prices.book import PriceMissingError
from agents.costs.report import to_csv, to_json, to_markdown_table
from agents.errors import UserError
from agents.services.costs import compare_document
from tests.unit.costs.books import make_book

LABELS = {"requests_per_day": 20_000, "tokens_in": 500, "tokens_out": 10, "student": "8B"}
DOCS = {"requests_per_day": 2000, "tokens_in": 400, "tokens_out": 300, "knowledge_tokens": 50_000}


def compared(**more: Any) -> Comparison:
    return compare(read_inputs(more), make_book())


def kinds(comparison: Comparison) -> list[str]:
    return [row.kind for row in comparison.rows if not row.is_reference]


def test_without_documents_there_is_no_rag_row() -> None:
    assert kinds(compared(**LABELS)) == ["prompt", "prompt", "fine_tune", "distil"]


def test_long_context_is_compared_up_to_two_hundred_thousand_tokens() -> None:
    assert "long_context" in kinds(compared(**{**DOCS, "knowledge_tokens": 200_000}))
    assert "long_context" not in kinds(compared(**{**DOCS, "knowledge_tokens": 200_001}))


def test_while_tokens_or_volume_are_unknown_it_says_which() -> None:
    comparison = compared(tokens_in=500)
    assert comparison.rows == ()
    assert comparison.missing == ("requests_per_day", "tokens_out")
    assert facts_from(comparison) == {}
    assert to_json(comparison)["approaches"] == []


def test_retired_models_are_shown_with_their_date_and_not_ranked() -> None:
    comparison = compared(**LABELS)
    gpt4 = comparison.row("prompt:gpt-4")
    assert gpt4.notes == ("left its API on 2026-10-23",)
    assert "prompt:gpt-4" not in comparison.ranking
    assert comparison.row("prompt:gpt-4o").notes == ("leaves its API on 2027-01-14",)


def test_a_named_model_is_compared_with_the_small_one_and_without_references() -> None:
    models = [row.id for row in compared(**LABELS, model="gpt-4o").rows if row.kind == "prompt"]
    assert models == ["prompt:gpt-4o", "prompt:claude-haiku-5-5"]


@pytest.mark.parametrize(
    ("answer", "baseline", "said"),
    [
        ("yes", "claude-haiku-5-5", "cheapest API model that meets"),
        ("no", "claude-sonnet-5-5", "does not meet"),
        ("not_tested", "claude-sonnet-5-5", "has not been tested"),
    ],
)
def test_payback_is_against_the_cheapest_model_known_to_be_good_enough(answer: str, baseline: str, said: str) -> None:
    comparison = compared(**{**LABELS, "requests_per_day": 1_000_000}, small_api_meets_bar=answer)
    assert comparison.baseline.id == baseline
    assert said in comparison.baseline_reason
    assert (facts_from(comparison)["payback_days"] is None) == (answer == "yes")


def test_a_small_model_that_misses_the_bar_is_not_the_cheapest() -> None:
    comparison = compared(**{**LABELS, "requests_per_day": 3_000_000}, small_api_meets_bar="no")
    assert comparison.ranking[0].startswith("fine_tune")
    assert comparison.ranking[-1] == "prompt:claude-haiku-5-5"
    assert comparison.cheapest is not None
    assert "above" in comparison.would_flip


def test_rows_without_the_documents_are_ranked_behind_those_with_them() -> None:
    assert [row_id.partition(":")[0] for row_id in compared(**DOCS).ranking][:2] == ["long_context", "rag"]


def test_facts_are_those_the_decision_asks_for() -> None:
    facts = facts_from(compared(**DOCS, gpu="A100-80", n_gpu=1, student="70B"))
    assert facts == {
        "payback_days": None,
        "longctx_cheaper": True,
        "lora_fits": False,
        "qlora_fits": True,
        "full_fits": False,
    }


@pytest.mark.parametrize("knowledge", [None, 300_000])
def test_a_fact_that_is_not_known_is_absent(knowledge: int | None) -> None:
    facts = facts_from(compared(**LABELS, knowledge_tokens=knowledge))
    assert facts.keys() == {"payback_days"}


def test_more_documents_favour_retrieval_and_its_setup_counts() -> None:
    many = {**DOCS, "knowledge_tokens": 200_000}
    assert facts_from(compared(**many))["longctx_cheaper"] is False
    assert facts_from(compared(**many, setup_usd=10_000))["longctx_cheaper"] is True


def test_gpus_of_a_kind_without_a_count_say_nothing_about_what_fits() -> None:
    assert "lora_fits" not in facts_from(compared(**LABELS, gpu="A100-80"))


def test_people_are_counted_apart_from_compute() -> None:
    comparison = compared(**LABELS, engineering_day_rate=1000)
    lines = comparison.row("distil:llama-3.1-8b").upfront_lines
    assert [int(edge) for edge in (lines["engineering"].low, lines["engineering"].base)] == [10_000, 15_000]
    assert "$15,000 ($10,000 to $20,000) people" in to_markdown_table(comparison)


def test_the_sentence_on_what_would_flip_names_a_volume_that_does() -> None:
    sonnet = {**LABELS, "models": ["claude-sonnet-5-5"]}
    assert "From about 67,000 requests a day" in compared(**sonnet, usd_per_gpu_hour=3.99).would_flip
    assert compared(**sonnet).ranking[0] == "prompt:claude-sonnet-5-5"
    assert compared(**{**sonnet, "requests_per_day": 68_000}).ranking[0] == "fine_tune:llama-3.1-8b"


def test_where_no_volume_flips_it_names_the_gpu_price_that_would() -> None:
    said = compared(**LABELS).would_flip
    assert said.startswith("No volume makes LoRA llama-3.1-8b cheaper than Prompting claude-haiku-5-5")
    assert "has not been tested" in said


def test_the_guide_stands_beside_every_kind_of_figure() -> None:
    lines = {line.topic: line for line in compared(**DOCS, engineering_day_rate=0).guide}
    topics = " ".join(lines)
    for topic in ("Prompting", "RAG", "LoRA", "Distil", "Latency", "memory, qlora", "GPT-4", "Time to deploy"):
        assert topic in topics
    assert all(line.guide and line.computed and line.reason for line in lines.values())


def test_the_guides_two_figures_for_70b_lora_are_both_explained() -> None:
    line = next(line for line in compared(student="70B").guide if "lora, llama-3.1-70b" in line.topic)
    assert (line.guide, line.computed) == ("1.5 x the weights: 212 GB", "152 GB on one GPU")
    assert "140 GB" in line.reason


def test_a_students_latency_is_that_of_the_guide_only_for_labels() -> None:
    latency = to_json(compared(**LABELS))["details"]["latency"]
    assert latency["first_token_floor_s"] == pytest.approx(0.022, rel=0.03)
    assert latency["answer_floor_s"] == pytest.approx(0.066, rel=0.01)


def test_given_values_are_no_longer_listed_as_assumed() -> None:
    assumed = {line.key for line in compared(**LABELS).assumptions}
    assert {"peak_factor", "headroom", "usd_per_gpu_hour"} <= assumed
    told = {line.key for line in compared(**LABELS, peak_factor=3, usd_per_gpu_hour=4).assumptions}
    assert not {"peak_factor", "usd_per_gpu_hour"} & told


def test_your_own_gpu_price_has_no_range() -> None:
    row = compared(**LABELS, usd_per_gpu_hour=3.99).row("distil:llama-3.1-8b")
    assert row.usd_per_month.low == row.usd_per_month.high
    assert "your price" in row.usd_per_month.source


def test_a_gpu_without_a_fit_is_priced_by_scaling_and_says_so() -> None:
    row = compared(**LABELS, gpu="L40S").row("distil:llama-3.1-8b")
    assert "scaled to L40S-48" in row.usd_per_month.source


def test_training_that_does_not_fit_is_warned_about() -> None:
    warnings = compared(**LABELS | {"student": "70B"}, gpu="A100-80", n_gpu=1).warnings
    assert warnings == ("lora training of llama-3.1-70b does not fit on 1 x A100-80.",)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("models", ["clod"], "No price for model 'clod'"),
        ("gpu", "TPU", "No price for GPU 'TPU'"),
        ("teacher", "nobody", "No price for model 'nobody'"),
        ("student", "9B", "No student model '9B'"),
        ("gpus", {"B900": {"usd": 3}}, "Add mem, flops, bw"),
    ],
)
def test_an_unknown_name_says_what_is_known_and_what_to_add(key: str, value: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        compared(**{**LABELS, key: value})


def test_an_unknown_model_can_be_priced_by_hand() -> None:
    own = {"house-model": {"i": 1, "o": 2}}
    comparison = compared(**{**LABELS, "models": ["house-model"]}, prices_usd_per_mtok=own)
    assert comparison.row("prompt:house-model").usd_per_month.source == "your own price"
    with pytest.raises(PriceMissingError):
        compared(**{**LABELS, "models": ["house-model"]})


def test_precision_without_a_fit_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(UserError, match=r"llama-3.1-70b in bf16. Use fp8"):
        compared(**{**LABELS, "student": "70B"}, precision="bf16")


def test_json_holds_what_a_script_needs() -> None:
    found = json.loads(json.dumps(to_json(compared(**LABELS)), allow_nan=False))
    row = next(row for row in found["approaches"] if row["kind"] == "distil")
    for name in ("usd_upfront", "usd_per_request", "usd_per_month", "usd_per_million_tokens"):
        assert row[name]["low"] <= row[name]["base"] <= row[name]["high"]
        assert row[name]["source"]
        assert row[name]["as_of"] == "2026-11-23"
    assert row["break_even"]["claude-haiku-5-5"] is None
    assert row["break_even"]["claude-sonnet-5-5"] == pytest.approx(67_000, rel=0.005)
    assert (row["replicas"], row["payback_days"]) == (1, None)
    assert row["utilisation"] == pytest.approx(0.00423, rel=0.005)


def test_lists_in_a_file_come_back_as_a_sweep() -> None:
    _, found = compare_document({**LABELS, "min_replicas": [1, 2]}, make_book())
    months = [one["details"]["serving"]["usd_month"] for one in found["sweep"]]
    assert [one["set"] for one in found["sweep"]] == [{"min_replicas": 1}, {"min_replicas": 2}]
    assert months[1] == 2 * months[0] == 2 * found["details"]["serving"]["usd_month"]
    assert "sweep" not in compare_document(LABELS, make_book())[1]


def test_csv_has_a_line_per_approach_and_blanks_for_never() -> None:
    comparison = compared(**LABELS)
    lines = list(csv.DictReader(io.StringIO(to_csv(comparison))))
    assert [line["approach"] for line in lines] == [row.id for row in comparison.rows]
    distil = lines[-1]
    assert distil["break_even_requests_per_day_vs_claude-haiku-5-5"] == ""
    assert float(distil["usd_per_month_base"]) == pytest.approx(2912.7)


def test_the_table_shows_ranges_where_there_are_any() -> None:
    table = to_markdown_table(compared(**LABELS)).splitlines()
    assert len(table) == 2 + 7
    assert "$2,910 ($1,960 to $5,020)" in next(line for line in table if "Distilled" in line)
    assert all(line.count("|") == table[0].count("|") for line in table)


def test_your_own_payback_limit_is_handed_on() -> None:
    assert facts_from(compared(**LABELS, payback_limit_days=30))["payback_limit_days"] == 30
