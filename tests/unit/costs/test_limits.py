"""What an air gap and a latency budget forbid, and what is compared in its place."""

from typing import Any

import pytest

from agents.costs.compare import Comparison, compare, facts_from
from agents.costs.documents import read_inputs
from agents.costs.report import to_json, to_markdown_table
from agents.costs.report_markdown import to_markdown
from agents.errors import UserError
from tests.unit.costs.books import make_hosted_book

LABELS = {"requests_per_day": 20_000, "tokens_in": 500, "tokens_out": 10}
DOCS = {"requests_per_day": 2000, "tokens_in": 400, "tokens_out": 300, "knowledge_tokens": 50_000}
REMOTE = {"prompt", "rag", "long_context", "serverless"}


def compared(**document: Any) -> Comparison:
    return compare(read_inputs(document), make_hosted_book())


def test_air_gapped_shows_every_api_and_host_and_ranks_none() -> None:
    comparison = compared(**DOCS, air_gapped=True, open_models=["8B"])
    remote = [row for row in comparison.rows if row.kind in REMOTE]
    assert {row.kind for row in remote} == REMOTE
    assert all("air-gapped" in row.ruled_out for row in remote)
    assert not {row.id for row in remote} & set(comparison.ranking)
    json_rows = {row["id"]: row for row in to_json(comparison)["approaches"]}
    assert json_rows["rag:claude-sonnet-5-5"]["rank"] is None
    assert "air-gapped" in json_rows["rag:claude-sonnet-5-5"]["ruled_out"]
    assert json_rows["open_rag:llama-3.1-8b"]["ruled_out"] is None


def test_air_gapped_compares_untrained_open_models_with_and_without_retrieval() -> None:
    comparison = compared(**DOCS, air_gapped=True)
    kinds = {comparison.row(row_id).kind for row_id in comparison.ranking}
    assert kinds == {"open_prompt", "open_rag", "fine_tune", "distil"}
    plain = comparison.row("open_prompt:llama-3.1-8b")
    found = comparison.row("open_rag:llama-3.1-8b")
    assert not plain.covers_knowledge
    assert found.covers_knowledge
    # The fleet is the same; the database comes on top, and setting it up.
    assert found.usd_per_month.value - plain.usd_per_month.value == 150
    assert found.usd_upfront.value == 3000


def test_air_gapped_training_data_is_written_by_an_open_model_on_own_gpus() -> None:
    comparison = compared(**LABELS, air_gapped=True, examples=20_000, reject_rate=0.0)
    line = comparison.row("distil:llama-3.1-8b").upfront_figures["training_data"]
    seconds = 500 / 6129 + 10 / 9000 + 7.15e-8 * 10 * 505
    assert float(line.value) == pytest.approx(20_000 * seconds / 3600 * 4.59)
    assert (line.low, line.high) < (line.value, line.high)
    assert "llama-3.1-70b on H200-141" in line.source
    assert "scored against llama-3.1-70b" in comparison.row("distil:llama-3.1-8b").evidence


def test_air_gapped_pays_back_against_the_open_model_it_replaces() -> None:
    comparison = compared(**{**LABELS, "requests_per_day": 1_000_000}, air_gapped=True)
    assert comparison.baseline.row_id == "open_prompt:llama-3.1-70b"
    student, other = comparison.row("distil:llama-3.1-8b"), comparison.row("open_prompt:llama-3.1-70b")
    saved_a_day = (other.usd_per_month.value - student.usd_per_month.value) * 12 / 365
    assert facts_from(comparison)["payback_days"] == pytest.approx(float(student.usd_upfront.value / saved_a_day))


def test_a_model_cannot_learn_from_itself() -> None:
    comparison = compared(**LABELS, air_gapped=True, student="70B")
    assert "same model" in comparison.row("distil:llama-3.1-70b").ruled_out
    assert "distil:llama-3.1-70b" not in comparison.ranking


def test_an_open_teacher_can_be_named_where_its_maker_forbids_training_on_answers() -> None:
    comparison = compared(**LABELS, teacher="70B")
    assert comparison.ranking[0].startswith("prompt:")
    assert "llama-3.1-70b" in comparison.row("distil:llama-3.1-8b").evidence
    assert {"teacher", "examples"} & {line.key for line in comparison.assumptions} == {"examples"}


def test_your_own_gpu_price_is_not_that_of_the_teachers_gpu() -> None:
    comparison = compared(**LABELS, air_gapped=True, usd_per_gpu_hour=1)
    teacher = comparison.scenario.open_teacher
    assert teacher is not None
    assert (teacher.gpu.name, float(teacher.usd_per_hour.base)) == ("H200-141", 4.59)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            {"air_gapped": True, "teacher": "claude-opus-5-5"},
            "teacher 'claude-opus-5-5' is an API model.*llama-3.1-70b",
        ),
        ({"air_gapped": True, "embedder": "text-embedding-3-small"}, "embedder.*is an API.*own machine"),
        ({"air_gapped": "perhaps"}, "air_gapped: 'perhaps' cannot be used"),
        ({"air_gapped": 1}, "air_gapped: 1 cannot be used"),
        ({"latency_p95_ms": 0}, "latency_p95_ms: 0 cannot be used"),
        ({"latency_p95_ms": -20}, "latency_p95_ms: -20 cannot be used"),
        ({"latency_p95_ms": 1e12}, "latency_p95_ms: .* cannot be used"),
        ({"latency_p95_ms": "fast"}, "latency_p95_ms: 'fast' cannot be used"),
        ({"latency_p95_ms": True}, "latency_p95_ms: True cannot be used"),
        ({"latency_p95_ms": 100, "batch_ok": True}, "24 h.*100 ms; leave one out"),
    ],
)
def test_bad_limits_are_refused_in_words(more: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        compared(**LABELS, **more)


def test_a_latency_budget_rules_out_what_cannot_meet_it_and_says_by_how_much() -> None:
    comparison = compared(**LABELS, latency_p95_ms=100)
    assert {comparison.row(row_id).kind for row_id in comparison.ranking} == {"fine_tune", "distil"}
    said = comparison.row("prompt:claude-sonnet-5-5").ruled_out
    assert "at least 500 ms" in said
    assert "100 ms are allowed" in said
    assert said in to_markdown_table(comparison)


def test_a_budget_of_half_a_second_leaves_apis_in() -> None:
    assert compared(**LABELS, latency_p95_ms=500).ranking == compared(**LABELS).ranking


def test_a_long_answer_misses_a_budget_that_a_label_meets() -> None:
    longer = compared(**{**LABELS, "tokens_out": 100}, latency_p95_ms=100)
    assert "an answer takes at least 497 ms" in longer.row("distil:llama-3.1-8b").ruled_out
    assert longer.ranking == ()
    assert "Nothing compared can answer within 100 ms: the fastest takes at least 497 ms" in " ".join(longer.warnings)
    assert longer.cheapest is None
    assert "Nothing compared can answer" in to_markdown(longer)


def test_the_least_time_of_an_answer_is_a_figure_with_its_origin() -> None:
    rows = {row["id"]: row["latency_floor_s"] for row in to_json(compared(**LABELS))["approaches"]}
    own, api = rows["distil:llama-3.1-8b"], rows["prompt:claude-sonnet-5-5"]
    assert own["base"] == pytest.approx(0.066, rel=0.01)
    assert own["kind"] == "computed"
    assert (api["base"], api["kind"]) == (0.5, "published")
    assert "without a measurement" in api["source"]


def test_a_replica_that_cannot_hold_the_model_or_one_request_is_warned_about() -> None:
    small = {"Rp": 6000, "Rd": 9000, "c": 7e-8, "n_gpu": 1}
    assert "does not fit into a replica of 1 x L40S-48" in " ".join(
        compared(**LABELS, student="70B", gpu="L40S", calibration=small).warnings
    )
    assert "one request takes 600,010" in " ".join(compared(**{**LABELS, "tokens_in": 600_000}).warnings)
