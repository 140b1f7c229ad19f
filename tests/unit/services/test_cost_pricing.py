"""Comparisons made once, and two of them side by side."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from agents.decision.parsing import parse_answers
from agents.errors import UserError
from agents.services.cost_inputs import compared, inputs_document
from agents.services.cost_pricing import Pricing
from agents.services.cost_side_by_side import SideBySideRow, side_by_side, side_by_side_json
from agents.services.cost_values import cost_inputs
from tests.unit.costs.books import make_book

BOOK = make_book()
TOKENS = {"static_prefix": 800, "tokens_in": 1_500, "tokens_out": 300}
ANSWERS = {"requests_per_day": 20_000, "tokens": TOKENS}


def document(**more: Any) -> dict[str, Any]:
    return {**inputs_document(parse_answers(ANSWERS)), **more}


def test_the_same_inputs_are_compared_once() -> None:
    pricing = Pricing()
    first = pricing.priced(parse_answers(ANSWERS), BOOK)
    again = pricing.priced(parse_answers({**ANSWERS, "evals": "golden"}), make_book())
    assert again.comparison is first.comparison
    assert pricing.priced(parse_answers(ANSWERS), BOOK, {"headroom": 0.5}).comparison is not first.comparison


def test_other_prices_make_another_comparison() -> None:
    pricing = Pricing()
    first = pricing.compared(document(), BOOK)
    dearer = replace(BOOK, models={**BOOK.models, "gpt-4o": replace(BOOK.model("gpt-4o"), source="news")})
    assert pricing.compared(document(), dearer) is not first
    assert pricing.compared(document(), dearer).rows


def test_a_refusal_is_remembered_as_well_and_raised_each_time() -> None:
    pricing = Pricing()
    for _ in range(2):
        with pytest.raises(UserError, match="gpt-17"):
            pricing.compared(document(models=["gpt-17"]), BOOK)


def test_only_the_newest_comparisons_are_kept() -> None:
    pricing = Pricing(most=2)
    first = pricing.compared(document(), BOOK)
    for headroom in (0.5, 0.6):
        pricing.compared(document(headroom=headroom), BOOK)
    assert pricing.compared(document(), BOOK) is not first


def test_a_setting_stands_above_an_answer_and_none_below_it() -> None:
    answers = parse_answers({**ANSWERS, "peak_factor": 4})
    assert inputs_document(answers, {"peak_factor": 5})["peak_factor"] == 5
    assert "horizon_months" not in inputs_document(answers, {"horizon_months": None})


def test_documents_count_unless_other_problems_were_named() -> None:
    known = {**ANSWERS, "knowledge_tokens": 60_000}
    assert inputs_document(parse_answers(known))["knowledge_tokens"] == 60_000
    assert "knowledge_tokens" in inputs_document(parse_answers({**known, "problem": ["knowledge", "cost"]}))
    left_out = parse_answers({**known, "problem": ["cost"]})
    assert "knowledge_tokens" not in inputs_document(left_out)
    assert any("not priced" in remark for remark in Pricing().priced(left_out, BOOK).remarks)


def test_a_latency_budget_counts_unless_answers_can_wait() -> None:
    hurried = {**ANSWERS, "latency_p95_ms": 300}
    assert inputs_document(parse_answers(hurried))["latency_p95_ms"] == 300
    waiting = parse_answers({**hurried, "batch_ok": "yes"})
    assert "latency_p95_ms" not in inputs_document(waiting)
    assert any("latency budget of 300 ms" in remark for remark in Pricing().priced(waiting, BOOK).remarks)


def test_nothing_leaves_an_air_gapped_network() -> None:
    made = Pricing().priced(parse_answers({**ANSWERS, "residency": "airgapped"}), BOOK)
    assert all(not row_id.startswith("prompt:") for row_id in made.comparison.ranking)


def test_a_counted_sample_is_said_until_the_tokens_change() -> None:
    counted = {"tokens_counted": {"method": "1 token = 4 characters", "tokens": TOKENS}}
    pricing = Pricing()
    assert any("4 characters" in each for each in pricing.priced(parse_answers(ANSWERS), BOOK, counted).remarks)
    typed = parse_answers({**ANSWERS, "tokens": {**TOKENS, "tokens_out": 301}})
    assert not any("4 characters" in each for each in pricing.priced(typed, BOOK, counted).remarks)


def test_a_comparison_beside_itself_differs_in_nothing() -> None:
    both = side_by_side("one", compared(document(), BOOK), "two", compared(document(), BOOK))
    assert both.inputs == ()
    assert {row.usd_per_month_more for row in both.rows} == {Decimal(0)}


def test_differences_are_those_of_the_figures_and_the_inputs_that_moved_are_named() -> None:
    left, right = compared(document(), BOOK), compared(document(requests_per_day=40_000, headroom=0.5), BOOK)
    both = side_by_side("now", left, "twice", right)
    assert [(each.key, each.left, each.right) for each in both.inputs] == [
        ("requests_per_day", "20,000 a day", "40,000 a day"),
        ("headroom", "70%", "50%"),
    ]
    for row in both.rows:
        assert row.left is not None
        assert row.right is not None
        assert row.usd_per_month_more == row.right.usd_per_month.value - row.left.usd_per_month.value


def test_students_are_matched_by_what_is_done_with_them_and_models_by_name() -> None:
    left = compared(document(models=["claude-sonnet-5-5"], student="llama-3.1-8b"), BOOK)
    right = compared(document(models=["gpt-4o"], student="llama-3.1-70b"), BOOK)
    rows = {row.id: row for row in side_by_side("a", left, "b", right).rows}
    distilled = rows["distil"]
    assert distilled.left is not None
    assert distilled.right is not None
    assert "8b" in distilled.label
    assert "70b" in distilled.label
    assert _sides(rows["prompt:claude-sonnet-5-5"]) == (True, False)
    assert _sides(rows["prompt:gpt-4o"]) == (False, True)
    assert rows["prompt:gpt-4o"].usd_per_month_more is None


def _sides(row: SideBySideRow) -> tuple[bool, bool]:
    return row.left is not None, row.right is not None


def test_side_by_side_as_json_holds_ranges_and_differences() -> None:
    both = side_by_side("now", compared(document(), BOOK), "full", compared(document(headroom=0.9), BOOK))
    told = side_by_side_json(both)
    assert told["inputs"] == [{"key": "headroom", "label": "How full a replica may get", "left": "70%", "right": "90%"}]
    assert all(row["left"]["usd_per_month"]["low"] <= row["left"]["usd_per_month"]["high"] for row in told["rows"])


def test_every_input_that_can_be_changed_shows_its_value_and_where_it_comes_from() -> None:
    shown = {each.key: each for each in cost_inputs(compared(document(), BOOK), {}, {})}
    assert shown["requests_per_day"].shown == "20,000 a day"
    assert shown["models"].shown == "claude-sonnet-5-5, claude-haiku-5-5"
    assert shown["headroom"].shown == "70%"
    assert shown["gpu"].shown == "not set"
    assert all(each.source and each.label and each.example for each in shown.values())
