"""The guide's tables and promises, held against a workload."""

from decimal import Decimal
from typing import Any

import pytest

from agents.costs.compare import Comparison, compare
from agents.costs.documents import read_inputs
from agents.costs.guide_tables.claims import Claim, claims
from agents.costs.guide_tables.tables import GuideTable, guide_tables
from agents.costs.report import to_json
from agents.costs.report_markdown import guide_markdown, to_markdown
from tests.unit.costs.books import make_hosted_book

LABELS = {"requests_per_day": 20_000, "tokens_in": 500, "tokens_out": 10, "student": "8B", "usd_per_gpu_hour": 3.99}
DOCS = {"requests_per_day": 2000, "tokens_in": 400, "tokens_out": 300, "knowledge_tokens": 50_000}


def compared(**document: Any) -> Comparison:
    return compare(read_inputs(document), make_hosted_book())


def table(comparison: Comparison, wanted: str) -> GuideTable:
    return next(found for found in guide_tables(comparison) if found.id == wanted)


def claim(words: str, **more: Any) -> Claim:
    return next(one for one in claims(compared(**{**LABELS, **more})) if words in one.claim)


@pytest.mark.parametrize("document", [{}, {"tokens_in": 500}, LABELS, DOCS, {**DOCS, "air_gapped": True}])
def test_all_tables_are_there_for_any_workload_each_line_as_long_as_its_head(document: dict[str, Any]) -> None:
    tables = guide_tables(compared(**document))
    ids = [found.id for found in tables]
    assert ids == ["approaches", "methods", "use_cases", "figures", "claims", "systems", "gpus"]
    for found in tables:
        assert found.rows or found.note
        for row in found.rows:
            assert len(row) == len(found.columns)
            assert all(row)


def test_methods_carry_memory_quality_speed_and_use() -> None:
    full, lora, qlora = table(compared(**LABELS), "methods").rows
    assert "133 GB" in full[2]
    assert ("95 to 99%" in lora[4], "90 to 97%" in qlora[4], "100%" in full[4]) == (True, True, True)
    assert (full[6], lora[6], qlora[6]) == ("1.5 x", "1 x", "1.25 x")
    assert (full[3], lora[3], qlora[3]) == ("2", "1", "1")


def test_approaches_stand_beside_the_guides_upfront_price_and_time() -> None:
    rows = {row[0].partition(":")[0]: row for row in table(compared(**DOCS), "approaches").rows}
    assert rows["RAG"][1:3] == ("$1,000 to $5,000", "$3,000")
    assert rows["Prompting"][3] == "$3 to $15"
    assert rows["Distillation"][5] == "2 to 4 weeks"
    assert all(row[-1] for row in rows.values())


def test_every_situation_of_the_guide_is_set_against_this_workload() -> None:
    rows = table(compared(**DOCS), "use_cases").rows
    assert len(rows) == 5 + 4 + 3 + 3
    said = {row[0]: row[2] for row in rows}
    assert said["Knowledge under 10,000 tokens"] == "no: 50,000 tokens"
    assert said["Knowledge that hardly changes"] == "cached in the prompt is cheaper"
    assert "costs" in said["Few enough requests"]


@pytest.mark.parametrize(
    ("topic", "computed", "reason"),
    [
        # Each of the places in which the guide's numbers need care.
        ("LoRA on llama-3.1-70b", "152 GB", "140 GB is the weights alone"),
        ("LoRA on llama-3.1-70b", "152 GB", "97% full"),
        ("LoRA on llama-3.1-70b", "152 GB", "164 GB"),
        ("LoRA on llama-3.1-70b", "152 GB", "4 x A100-80 or 2 x H200-141"),
        ("QLoRA on llama-3.1-70b", "50.2 GB", "41 GB"),
        ("Training memory, full, llama-3.1-8b", "133 GB", "16 bytes a parameter"),
        ("What one query costs", "per request", "per million tokens under that name"),
        ("Prompting, USD per million tokens", "$2.16", "input and output list prices of one older model"),
        ("LoRA student, USD per million tokens", "$9.39 here", "same serving"),
        ("Distilled student, USD per million tokens", "$9.39 here", "at 40%"),
        ("Cost reduction by distillation", "0.30x against claude-sonnet-5-5", "below 1x the student is the dearer"),
        ("Latency of a small student", "22 ms for one token, 66 ms for 10", "label-sized"),
        ("Distillation, upfront USD of data and training", "for 20,000 examples", "100,000 examples"),
        ("Time to deploy a student", "h of training", "people weeks"),
    ],
)
def test_a_figure_of_the_guide_stands_beside_ours_with_the_reason(topic: str, computed: str, reason: str) -> None:
    row = next(row for row in table(compared(**LABELS), "figures").rows if row[0] == topic)
    assert computed in row[2]
    assert reason in row[3]


def test_the_guides_range_for_training_data_fits_a_hundred_thousand_examples() -> None:
    document = {**LABELS, "example_tokens_in": 1000, "example_tokens_out": 500, "claude_token_factor": 1}
    comparison = compared(**document, examples=10_000, reject_rate=0.0)
    row = next(row for row in table(comparison, "figures").rows if row[0].startswith("Distillation, upfront"))
    assert "10,000 examples like yours cost $70.00 and 100,000 $700" in row[3]


def test_how_busy_the_gpus_are_sets_the_price_of_a_token() -> None:
    comparison = compared(**{**LABELS, "tokens_in": 1024, "tokens_out": 128})
    row = next(row for row in table(comparison, "figures").rows if row[0].startswith("LoRA student"))
    assert "$0.0505 at 100%, $0.126 at 40%, $0.505 at 10%, $2.52 at 2%" in row[3]


def test_every_system_of_the_guide_and_of_today_is_named_with_price_and_retirement() -> None:
    rows = {row[0]: row for row in table(compared(**LABELS), "systems").rows}
    named = {"claude-opus-5-5", "claude-sonnet-5-5", "gpt-4o", "gpt-4", "llama-3.1-8b", "llama-3.1-70b", "vLLM"}
    assert named <= rows.keys()
    assert "claude-haiku-5-5" in rows
    assert "left its API on 2026-10-23" in rows["gpt-4"][1]
    assert "leaves its API on 2027-01-14" in rows["gpt-4o"][1]
    assert rows["llama-3.1-8b"][3] == "$2,910"
    assert rows["llama-3.1-70b"][2] == "2 x H200-141 a replica, $4.59 per GPU hour"


def test_gpus_carry_price_memory_and_what_they_train_and_serve() -> None:
    rows = {row[0]: row for row in table(compared(), "gpus").rows}
    assert rows.keys() == {"A100-80", "H100-80", "H200-141", "L40S-48"}
    assert rows["H100-80"][1] == "$3.99 ($2.69 to $6.88)"
    assert rows["A100-80"][4] == "full 16, LoRA 4, QLoRA 1"
    assert "452,033 tokens" in rows["A100-80"][5]
    assert rows["H200-141"][6] == "1 in fp8, 165,851 tokens of context"


@pytest.mark.parametrize(
    ("volume", "verdict", "computed"),
    [(20_000, "refuted", "0.299x"), (1_000_000, "partly", "14.9x"), (3_000_000, "partly", "0.747x")],
)
def test_ten_to_a_hundred_times_less_hangs_on_volume_and_model(volume: int, verdict: str, computed: str) -> None:
    found = claim("10 to 100 times", requests_per_day=volume)
    assert found.verdict == verdict
    assert computed in found.computed
    assert "claude-sonnet-5-5: from about 670,000 requests a day" in found.holds
    assert "claude-haiku-5-5: at no volume" in found.holds


def test_ten_times_less_against_all_that_is_compared_confirms_it() -> None:
    found = claim("10 to 100 times", requests_per_day=1_000_000, models=["claude-sonnet-5-5"])
    assert found.verdict == "confirmed"


@pytest.mark.parametrize(("volume", "verdict"), [(20_000, "refuted"), (100_000, "partly"), (1_000_000, "confirmed")])
def test_a_hundredth_of_gpt_4_holds_from_a_volume_on(volume: int, verdict: str) -> None:
    found = claim("hundredth", requests_per_day=volume)
    assert found.verdict == verdict
    assert "from about 614,000 requests a day" in found.holds


def test_the_volume_at_which_a_promise_holds_is_where_it_begins_to() -> None:
    just_below, just_above = (claim("hundredth", requests_per_day=volume).verdict for volume in (613_000, 615_000))
    assert (just_below, just_above) == ("partly", "confirmed")


@pytest.mark.parametrize(("tokens", "verdict"), [(1, "confirmed"), (6, "confirmed"), (10, "partly")])
def test_ten_to_fifty_milliseconds_holds_for_labels(tokens: int, verdict: str) -> None:
    found = claim("10 to 50 ms", tokens_out=tokens)
    assert found.verdict == verdict
    assert found.holds == "up to 6 tokens of answer"
    assert "not measured" in found.reason


def test_a_long_prompt_alone_refutes_fifty_milliseconds() -> None:
    found = claim("10 to 50 ms", tokens_in=10_000)
    assert (found.verdict, found.holds) == ("refuted", "not at this prompt's length")


def test_without_gpt_4_in_the_book_nothing_is_said_of_it() -> None:
    book = make_hosted_book()
    models = {name: price for name, price in book.models.items() if name != "gpt-4"}
    comparison = compare(read_inputs(LABELS), type(book)(as_of=book.as_of, models=models, gpus=book.gpus))
    assert not any("GPT-4" in one.claim for one in claims(comparison))


def test_json_and_markdown_hold_the_tables_and_the_promises() -> None:
    comparison = compared(**LABELS)
    found = to_json(comparison)
    assert [one["id"] for one in found["guide_tables"]] == [one.id for one in guide_tables(comparison)]
    assert {one["verdict"] for one in found["claims"]} == {"refuted", "partly"}
    text = "\n\n".join([to_markdown(comparison), *map(guide_markdown, guide_tables(comparison))])
    assert text.startswith("| Approach |")
    for words in ("### Ways of training", "### Its promises", "What it rests on", comparison.would_flip):
        assert words in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in tables)


def test_every_assumption_is_dated_and_says_where_it_is_from() -> None:
    for line in to_json(compared(**DOCS, air_gapped=True))["assumptions"]:
        assert line["source"]
        assert line["as_of"] <= "2026-11-24"
        assert line["kind"] in {"measured", "published", "assumed", "computed"}


def test_every_upfront_line_is_a_figure_with_its_origin() -> None:
    rows = {row["id"]: row for row in to_json(compared(**DOCS, engineering_day_rate=900))["approaches"]}
    lines = rows["distil:llama-3.1-8b"]["upfront_lines"]
    assert lines.keys() == {"training_data", "training", "engineering"}
    for line in (*lines.values(), *rows["rag:claude-sonnet-5-5"]["upfront_lines"].values()):
        assert line["low"] <= line["base"] <= line["high"]
        assert line["unit"] == "USD"
        assert line["source"]
        assert line["as_of"]
    assert lines["engineering"]["source"] == "the guide's weeks; your day rate"
    assert rows["rag:claude-sonnet-5-5"]["upfront_lines"]["setup"]["source"] == "the guide"
    total = sum(Decimal(str(line["base"])) for line in lines.values())
    assert rows["distil:llama-3.1-8b"]["usd_upfront"]["base"] == pytest.approx(float(total))
