"""How the figures of a comparison hang together, and which way each moves."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.costs.approaches import Approach
from agents.costs.compare import Comparison
from agents.costs.figures import DAYS_PER_MONTH
from tests.unit.costs.books import MODELS
from tests.unit.costs.edited import compared, edited
from tests.unit.costs.strategies import usual_documents

# Inputs that only ever make things dearer, and how far they are moved up.
DEARER = {
    "peak_factor": Decimal(6),
    "min_replicas": Decimal(3),
    "examples": Decimal(90_000),
    "reject_rate": Decimal("0.6"),
    "runs": Decimal(9),
    "epochs": Decimal(8),
    "engineering_day_rate": Decimal(1_500),
    "tokens_out": Decimal(4_000),
}
CHEAPER = {"headroom": Decimal("0.95"), "calibration": Decimal(3), "horizon_months": Decimal(36), "mfu": Decimal("0.7")}
EDGES = ("low", "value", "high")

quick = settings(deadline=None, max_examples=40)


def all_in(comparison: Comparison) -> dict[str, Decimal]:
    months = comparison.scenario.inputs.horizon_months
    return {row.id: row.usd_per_month_all_in(months) for row in comparison.rows}


def moved(comparison: Comparison, document: dict[str, Any], key: str, value: Decimal) -> Comparison:
    return compared(edited(comparison.scenario, document, key, value))


def student(comparison: Comparison) -> Approach:
    return next(row for row in comparison.rows if row.kind == "distil")


@quick
@given(usual_documents(), st.sampled_from(sorted(DEARER)))
def test_more_of_what_costs_makes_no_row_cheaper(document: dict[str, Any], key: str) -> None:
    before = compared(document)
    after = all_in(moved(before, document, key, DEARER[key]))

    assert all(after[row] >= usd * (1 - Decimal("1e-12")) for row, usd in all_in(before).items())


@quick
@given(usual_documents(), st.sampled_from(sorted(CHEAPER)))
def test_more_of_what_saves_makes_no_row_dearer(document: dict[str, Any], key: str) -> None:
    before = compared(document)
    after = all_in(moved(before, document, key, CHEAPER[key]))

    assert all(after[row] <= usd * (1 + Decimal("1e-12")) for row, usd in all_in(before).items())


@quick
@given(
    usual_documents(), st.sampled_from(["claude-sonnet-5-5", "claude-haiku-5-5", "claude-opus-5-5"]), st.floats(1, 9)
)
def test_a_dearer_api_model_makes_only_its_rows_and_its_lessons_dearer(
    document: dict[str, Any], model: str, rise: float
) -> None:
    before = compared(document)
    value = Decimal(str(MODELS[model][0])) * Decimal(str(rise))
    after = all_in(moved(before, document, f"prices_usd_per_mtok.{model}", value))

    for row, usd in all_in(before).items():
        assert after[row] >= usd * (1 - Decimal("1e-9"))
        if model not in row and not row.startswith("distil"):
            assert after[row] == usd


@quick
@given(usual_documents(), st.floats(1, 20))
def test_a_dearer_gpu_makes_only_rows_on_own_gpus_dearer(document: dict[str, Any], rise: float) -> None:
    before = compared(document)
    hour = before.scenario.serving_usd_per_hour.base * Decimal(str(rise))
    after = all_in(moved(before, document, "usd_per_gpu_hour", hour))

    for row, usd in all_in(before).items():
        if row.partition(":")[0] in {"fine_tune", "distil"}:
            assert after[row] >= usd * (1 - Decimal("1e-9"))
        else:
            assert after[row] == usd


@quick
@given(usual_documents())
def test_answers_that_can_wait_are_never_dearer(document: dict[str, Any]) -> None:
    before, after = all_in(compared(document)), all_in(compared({**document, "batch_ok": True}))

    assert all(after[row] <= usd for row, usd in before.items())


@quick
@given(usual_documents())
def test_units_agree_with_each_other(document: dict[str, Any]) -> None:
    comparison = compared(document)
    requests = Decimal(str(document["requests_per_day"])) * DAYS_PER_MONTH

    for row in comparison.rows:
        tokens = row.offer.tokens_per_request
        for edge in EDGES:
            month = float(getattr(row.usd_per_month, edge))
            assert float(getattr(row.usd_per_request, edge) * requests) == pytest.approx(month, rel=1e-9)
            millions = float(getattr(row.usd_per_million_tokens, edge) * requests * tokens / 10**6)
            assert millions == pytest.approx(month, rel=1e-9)
        lines = [float(band.base) for band in row.upfront_lines.values()]
        assert sum(lines) == pytest.approx(float(row.usd_upfront.value))


@quick
@given(usual_documents())
def test_a_payback_is_the_day_on_which_the_saving_has_covered_what_was_paid(document: dict[str, Any]) -> None:
    comparison = compared(document)
    row, rival = student(comparison), comparison.baseline.offer
    assert rival is not None
    volume = Decimal(str(document["requests_per_day"]))
    saved = rival.usd_per_day(volume) - row.offer.usd_per_day(volume)

    if row.payback_days is None:
        assert saved <= 0
    else:
        assert float(saved * row.payback_days) == pytest.approx(float(row.usd_upfront.value), rel=1e-9)


@quick
@given(usual_documents())
def test_the_ranking_runs_from_cheapest_to_dearest_among_rows_that_do_the_same_work(document: dict[str, Any]) -> None:
    comparison = compared(document)
    usd = all_in(comparison)

    ranked = [comparison.row(row_id) for row_id in comparison.ranking]
    order = [(row.misses_bar, not row.covers_knowledge, usd[row.id]) for row in ranked]
    assert order == sorted(order)
    assert comparison.sensitivity.leader == comparison.ranking[0]
    assert float(comparison.sensitivity.usd_base) == pytest.approx(float(usd[comparison.ranking[0]]), rel=1e-12)
