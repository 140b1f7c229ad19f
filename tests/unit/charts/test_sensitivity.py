"""What the ranking hangs on: bars of the lead, and the values at which another leads."""

import pytest

from agents.adapters.charts import sheet
from agents.adapters.charts.sensitivity import describe_sensitivity, draw_sensitivity
from tests.unit.charts.comparisons import make_comparison

DOCUMENTS = {"requests_per_day": 20_000, "tokens_in": 400, "tokens_out": 300, "knowledge_tokens": 50_000}


def test_the_finding_is_the_nearest_plausible_value_at_which_another_leads() -> None:
    comparison = make_comparison(**DOCUMENTS, models=["claude-sonnet-5-5"])
    flip = next(flip for flip in comparison.sensitivity.flips if flip.is_plausible)
    alt = describe_sensitivity(comparison)
    first = alt.split(". ")[0]
    assert flip.direction in first
    assert "would put RAG + Claude Sonnet 5.5 before Long context, Claude Sonnet 5.5" in first


def test_where_nothing_flips_the_input_that_moves_the_lead_most_is_named() -> None:
    alt = describe_sensitivity(make_comparison())
    assert alt.startswith(
        "Claude Haiku 5.5 leads at every plausible value of each input; its lead hangs most on requests."
    )


def test_each_flip_within_its_range_is_in_the_picture_and_in_the_words() -> None:
    comparison = make_comparison(**DOCUMENTS, models=["claude-sonnet-5-5"])
    drawn, words = draw_sensitivity(comparison), describe_sensitivity(comparison)
    assert drawn is not None
    plausible = {flip.key for flip in comparison.sensitivity.flips if flip.is_plausible}
    assert len([written for written in drawn.written if written.text.startswith("→")]) == len(plausible)
    assert words.count(" leads.") >= len(plausible)


def test_the_bars_end_where_the_lead_of_the_comparison_does() -> None:
    comparison = make_comparison()
    margin = comparison.sensitivity.margin
    assert margin is not None
    costs = sorted(
        row.usd_per_month_all_in(comparison.scenario.inputs.horizon_months)
        for row in comparison.rows
        if row.id in comparison.ranking
    )
    assert margin == pytest.approx(costs[1] - costs[0])


def test_nothing_is_drawn_where_nothing_else_competes() -> None:
    comparison = make_comparison(requests_per_day=None)
    assert sheet("sensitivity", comparison) is None
    assert describe_sensitivity(comparison) == ""
