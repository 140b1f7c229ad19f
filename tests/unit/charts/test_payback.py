"""Payback over time: what was paid since day 0, and when training has paid for itself."""

import pytest

from agents.adapters.charts.payback import describe_payback, draw_payback
from agents.costs.curves.payback import PaybackCurve, payback_curve
from tests.unit.charts.comparisons import make_comparison

# The worked example W12: 1M requests a day against the large model, people's time at $15,000.
W12 = {"requests_per_day": 1_000_000, "small_api_meets_bar": "no", "engineering_usd": 15_000, "usd_per_gpu_hour": 3.99}


def make_curve(**more: object) -> PaybackCurve:
    curve = payback_curve(make_comparison(**more))
    assert curve is not None
    return curve


def test_the_lines_of_student_and_baseline_cross_on_the_payback_day() -> None:
    curve = make_curve(**W12)
    told, against = curve.told, curve.against
    assert told is not None
    assert against is not None
    assert told.payback_days == pytest.approx(11.3, rel=0.005)
    day = told.payback_days or 0.0
    assert float(told.usd_at(day).base) == pytest.approx(float(against.usd_at(day).base))


def test_without_peoples_time_the_line_starts_at_the_computing_alone() -> None:
    told = make_curve(**W12).told
    assert told is not None
    assert float(told.compute_usd.base) == pytest.approx(43.5, rel=0.005)
    assert told.payback_days_without_people == pytest.approx(0.0326, rel=0.005)


def test_the_words_state_payback_with_and_without_peoples_time_and_the_limit() -> None:
    alt = describe_payback(make_curve(**W12))
    assert alt.startswith("Distilled Llama 8B pays back against Claude Sonnet 5.5 after 11 days; the limit is 90 days.")
    assert "costs $15,000 upfront" in alt
    assert "within a day where people's time is not counted" in alt
    assert "Claude Haiku 5.5 (misses your bar)" in alt


def test_never_is_said_with_what_it_costs() -> None:
    alt = describe_payback(make_curve(usd_per_gpu_hour=3.99))
    assert alt.startswith(
        "Distilled Llama 8B never pays back against Claude Sonnet 5.5: running it costs $2,040 a month"
    )
    assert "People's time is not counted: no day rate is given." in alt
    amounts = [written.text for written in draw_payback(make_curve()).written]
    assert any("never pays back" in amount for amount in amounts)


def test_a_payback_later_than_the_limit_is_said_to_be() -> None:
    alt = describe_payback(make_curve(**W12, payback_limit_days=5))
    assert "only after 11 days; the limit is 5 days" in alt


def test_the_picture_reaches_beyond_limit_and_payback_but_not_for_ever() -> None:
    assert make_curve(**W12).last_day == 120
    late = make_curve(requests_per_day=80_000, small_api_meets_bar="no", engineering_usd=15_000, usd_per_gpu_hour=3.99)
    assert late.told is not None
    assert (late.told.payback_days or 0) < late.last_day
    absurd = make_curve(requests_per_day=68_000, small_api_meets_bar="no", engineering_usd=1e8, usd_per_gpu_hour=3.99)
    assert absurd.last_day == 120


def test_behind_an_air_gap_payback_counts_against_the_untrained_model() -> None:
    curve = make_curve(requests_per_day=100_000, air_gapped=True, engineering_day_rate=700)
    assert curve.baseline == "open_prompt:llama-3.1-70b"
    alt = describe_payback(curve)
    assert "against Untrained Llama 70B" in alt
    assert "Claude Sonnet 5.5 (ruled out)" in alt
