"""Open models that others host: shown with the hosts' range, ranked when they are named."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.costs.compare import Comparison, compare
from agents.costs.documents import read_inputs
from agents.costs.report import to_json
from agents.errors import UserError
from tests.unit.costs.books import make_book, make_hosted_book

LABELS = {"requests_per_day": 20_000, "tokens_in": 500, "tokens_out": 10}


def compared(**more: Any) -> Comparison:
    return compare(read_inputs({**LABELS, **more}), make_hosted_book())


def test_the_llamas_of_the_guide_are_shown_and_not_ranked_until_they_are_named() -> None:
    comparison = compared()
    shown = [row for row in comparison.rows if row.kind == "serverless"]
    assert [row.id for row in shown] == ["serverless:llama-3.1-8b", "serverless:llama-3.1-70b"]
    assert all(row.is_reference and "name it under open_models" in " ".join(row.notes) for row in shown)
    assert not {row.id for row in shown} & set(comparison.ranking)


def test_the_ranking_is_the_same_whether_hosts_are_known_or_not() -> None:
    assert compared().ranking == compare(read_inputs(LABELS), make_book()).ranking


def test_a_named_one_is_ranked_with_the_range_of_its_hosts() -> None:
    row = compared(open_models=["8B"]).row("serverless:llama-3.1-8b")
    cheap, usual, dear = (
        (500 * Decimal(rate_in) + 10 * Decimal(rate_out)) / 1_000_000
        for rate_in, rate_out in (("0.02", "0.05"), ("0.1", "0.1"), ("0.2", "0.4"))
    )
    figure = row.usd_per_request
    assert [round(edge, 12) for edge in (figure.low, figure.value, figure.high)] == [cheap, usual, dear]
    assert figure.source == "usual's list; range: cheap to dear, 3 hosts"
    assert figure.as_of == dt.date(2026, 11, 23)
    assert compared(open_models=["8B"]).ranking[:2] == ("serverless:llama-3.1-8b", "prompt:claude-haiku-5-5")


def test_what_is_named_as_good_enough_is_what_a_payback_is_counted_against() -> None:
    comparison = compared(open_models=["llama-3.1-8b"], requests_per_day=3_000_000)
    assert comparison.baseline.row_id == "serverless:llama-3.1-8b"
    assert "you named as good enough" in comparison.baseline_reason
    assert to_json(comparison)["payback_baseline"]["row"] == "serverless:llama-3.1-8b"


def test_a_dearer_hosted_model_does_not_replace_the_cheaper_api_model() -> None:
    comparison = compared(open_models=["70B"], small_api_meets_bar="yes")
    assert comparison.baseline.row_id == "prompt:claude-haiku-5-5"


def test_the_student_breaks_even_with_a_hosted_model_too() -> None:
    row = compared(requests_per_day=1_000_000).row("distil:llama-3.1-8b")
    even = row.break_even_hosted["llama-3.1-70b"]
    assert even is not None
    # One H100 at $3.99 a day against 409 millionths of a dollar a request.
    assert float(even) == pytest.approx(3.99 * 24 / 0.000409, rel=0.001)


def test_hosts_see_the_tokens_as_they_are_given_and_claude_its_own() -> None:
    comparison = compared(student="8B")
    assert comparison.row("serverless:llama-3.1-8b").offer.tokens_per_request == 510
    assert comparison.row("prompt:claude-sonnet-5-5").offer.tokens_per_request == 663


def test_one_name_may_be_given_without_a_list() -> None:
    assert [row.id for row in compared(open_models="70B").rows if row.kind == "serverless"] == [
        "serverless:llama-3.1-70b"
    ]


def test_a_model_without_a_host_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(UserError, match=r"'llama-3.1-8' .*|No host's price is known.*Did you mean 'llama-3.1-8b'"):
        compared(open_models=["llama-3.1-8"])
    with pytest.raises(UserError, match=r"'mixtral'.*Known: llama-3.1-8b, llama-3.1-70b"):
        compared(open_models=["mixtral"])


@pytest.mark.parametrize("value", [5, [5], {"a": 1}, [f"model-{number}" for number in range(9)]])
def test_anything_but_a_few_names_is_refused_in_words(value: Any) -> None:
    with pytest.raises(UserError, match=r"open_models.* cannot be used"):
        compared(open_models=value)


@given(st.floats(1, 1e7), st.integers(1, 100_000), st.integers(0, 10_000))
def test_the_usual_host_lies_between_the_cheapest_and_the_dearest(volume: float, prompt: int, answer: int) -> None:
    comparison = compared(open_models=["8B", "70B"], requests_per_day=volume, tokens_in=prompt, tokens_out=answer)
    for row in comparison.rows:
        if row.kind == "serverless":
            assert row.usd_per_month.low <= row.usd_per_month.value <= row.usd_per_month.high
