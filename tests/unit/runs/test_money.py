"""The arithmetic of money: what an estimate says, what a limit leaves, and the words for both."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.runs.money import (
    AGAIN,
    FREE,
    MORE,
    MOST_USD,
    SETTABLE,
    Cap,
    CostBand,
    Left,
    RunSpend,
    Scope,
    budget_question,
    cap_words,
    cents_up,
    cost_band,
    dollars,
    read_usd,
    spend_words,
    usd,
)

amounts = st.decimals(0, 10**6, places=6)
caps = st.builds(Cap, st.sampled_from(list(Scope)), st.none() | amounts, amounts, amounts)


@pytest.mark.parametrize(
    ("estimate", "low", "base", "high"),
    [
        ({"cost_usd": {"low": 1, "base": 2.5, "high": "4"}}, "1", "2.5", "4"),
        ({"cost_usd": 3, "cost_usd_high": 4.2}, "3", "3", "4.2"),
        ({"cost_usd": 0.1}, "0.1", "0.1", "0.1"),
        ({"cost_usd_high": 7}, "0", "0", "7"),
        ({"cost_usd": 0, "seconds": 12}, "0", "0", "0"),
    ],
)
def test_the_costs_of_an_estimate_are_read_as_they_stand(
    estimate: dict[str, Any], low: str, base: str, high: str
) -> None:
    assert cost_band(estimate) == CostBand(Decimal(low), Decimal(base), Decimal(high))


def test_an_estimate_without_costs_is_free() -> None:
    assert cost_band({"seconds": 3}) == FREE


@pytest.mark.parametrize(
    "estimate",
    [
        {"cost_usd": -1},
        {"cost_usd": float("nan")},
        {"cost_usd": float("inf")},
        {"cost_usd": "much"},
        {"cost_usd": True},
        {"cost_usd": [1]},
        {"cost_usd": {"high": 3}},
        {"cost_usd": {"low": 3, "base": 2, "high": 4}},
        {"cost_usd": 5, "cost_usd_high": 4},
        {"cost_usd": "1e400"},
        {"cost_usd": MOST_USD + 1},
    ],
)
def test_costs_that_are_no_costs_are_refused(estimate: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"no amount|no band|not low, base and high|more than any budget"):
        cost_band(estimate)


@given(st.decimals(0, MOST_USD - 1, allow_nan=False))
def test_no_estimate_is_rounded_down(amount: Decimal) -> None:
    high = cost_band({"cost_usd": str(amount)}).high_usd
    # Exactly: the sum of two Decimals is rounded.
    assert 0 <= Fraction(high) - Fraction(amount) < Fraction(1, 1_000_000)


@given(caps, amounts)
def test_what_fits_is_what_is_left(cap: Cap, amount: Decimal) -> None:
    over = cap.over_usd(amount)
    assert over >= 0
    if cap.left_usd is None:
        assert over == 0
    elif cap.counted_usd <= (cap.limit_usd or 0):
        assert (over == 0) == (amount <= cap.left_usd)


@given(st.lists(caps), amounts)
def test_an_amount_passes_no_limit_exactly_where_it_fits_under_each(given_caps: list[Cap], amount: Decimal) -> None:
    left = Left(tuple(given_caps))
    assert (left.passed_by(amount) is None) == all(cap.over_usd(amount) == 0 for cap in given_caps)
    assert (left.tightest is None) == all(cap.limit_usd is None for cap in given_caps)
    lefts = [cap.left_usd for cap in given_caps if cap.left_usd is not None]
    if left.tightest is not None:
        assert left.tightest.left_usd == min(lefts)


@given(amounts, amounts, amounts, amounts.filter(bool))
def test_the_amount_that_is_asked_for_suffices(
    limit: Decimal, spent: Decimal, reserved: Decimal, amount: Decimal
) -> None:
    cap = Cap(Scope.APPROVED, limit, spent, reserved)
    if cap.over_usd(amount) == 0:
        return
    question = budget_question("train", cap, amount, {"effect": "batch"})
    more = Decimal(question.details["more_usd"])
    raised = Cap(Scope.APPROVED, limit + more, spent, reserved)
    assert raised.over_usd(amount) == 0
    assert more < cap.over_usd(amount) + Decimal("0.01")
    assert question.details["effect"] == "batch"


def test_more_for_a_run_is_a_spend_and_names_the_amount() -> None:
    question = budget_question("train", Cap(Scope.APPROVED, Decimal(10), Decimal(6), Decimal(2)), Decimal(5), {})
    (more,) = question.choices
    assert (more.id, more.label, more.is_spend) == (MORE, "Approve $3.00 more", True)
    assert "about to spend up to $5.00, and stopped before it" in question.text
    assert "the limit approved for this run is $10.00, of which $2.00 is left" in question.text


@pytest.mark.parametrize("scope", SETTABLE)
def test_a_workspaces_limit_is_for_an_admin_to_raise(scope: Scope) -> None:
    question = budget_question("train", Cap(scope, Decimal(10), Decimal(6), Decimal(2)), Decimal(5), {})
    (again,) = question.choices
    assert (again.id, again.is_spend) == (AGAIN, False)
    assert f"An admin can raise it to $13.00 with `/cairn budget {scope} $13.00`" in question.text


@pytest.mark.parametrize(
    ("text", "amount"), [("50", "50"), (" $1,250.50 ", "1250.5"), (".5", "0.5"), ("0", "0"), ("$ 3", "3")]
)
def test_amounts_are_read_as_people_write_them(text: str, amount: str) -> None:
    assert read_usd(text) == Decimal(amount)


@pytest.mark.parametrize("text", ["", "$", ".", "-1", "1,2,3", "1e3", "five", "١٢", "1 000", "0x10", "1.2.3"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no amount in dollars"):
        read_usd(text)


@given(st.text(max_size=12))
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    try:
        amount = read_usd(text)
    except ValueError:
        return
    assert 0 <= amount <= MOST_USD


@given(amounts.map(cents_up))
def test_an_amount_in_cents_is_read_back_as_it_is_shown(amount: Decimal) -> None:
    assert read_usd(dollars(amount)) == amount


@pytest.mark.parametrize("amount", [Decimal(-1), Decimal("NaN"), Decimal("Infinity"), MOST_USD + 1])
def test_no_money_is_negative_or_endless(amount: Decimal) -> None:
    with pytest.raises(ValueError, match="no amount of money"):
        usd(amount)


def test_figures_below_a_cent_show_their_digits() -> None:
    assert dollars(Decimal("0.00042")) == "$0.00042"
    assert dollars(Decimal("1234.5")) == "$1,234.50"
    assert dollars(Decimal(0)) == "$0.00"


def test_spend_and_limits_are_said_in_one_line() -> None:
    assert spend_words(RunSpend(Decimal(12), Decimal("3.1"), Decimal(2))) == (
        "$3.10 of $12.00 spent, $2.00 more reserved"
    )
    assert cap_words(Cap(Scope.DAY, Decimal(5), Decimal(1), Decimal(2))) == (
        "$2.00 left of $5.00 · $1.00 spent, $2.00 reserved"
    )
    assert cap_words(Cap(Scope.DAY, None, Decimal(1), Decimal(0))) == "no limit · $1.00 spent"
