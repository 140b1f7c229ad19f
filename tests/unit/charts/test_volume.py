"""The cost chart: a picture that can be read, and the same in words."""

import io
from typing import Any

import pytest
from PIL import Image

from agents.adapters.charts.volume import describe_volume, draw_volume
from agents.costs.compare import compare
from agents.costs.curves.volume import Curve, cost_curve
from agents.costs.documents import read_inputs
from tests.unit.costs.books import make_book

LABELS = {"requests_per_day": 20_000, "tokens_in": 500, "tokens_out": 10, "student": "8B"}


def make_curve(**more: Any) -> Curve:
    curve = cost_curve(compare(read_inputs({**LABELS, **more}), make_book()))
    assert curve is not None
    return curve


@pytest.mark.parametrize("volume", [0.01, 1, 67_000, 1e10])
def test_the_chart_is_a_picture_of_its_size_at_any_volume(volume: float) -> None:
    picture = Image.open(io.BytesIO(draw_volume(make_curve(requests_per_day=volume)).png()))
    assert (picture.format, picture.size) == ("PNG", (1200, 896))


def test_the_same_curve_gives_the_same_picture() -> None:
    assert draw_volume(make_curve()).png() == draw_volume(make_curve()).png()


def test_the_words_state_the_finding_the_crossing_and_the_dates() -> None:
    alt = describe_volume(make_curve(usd_per_gpu_hour=3.99))
    assert alt.startswith("At 20,000 requests a day, Claude Haiku 5.5 costs least to run: $43.50 a month.")
    assert "Self-hosting is no dearer than Claude Sonnet 5.5 from 67,000 requests a day." in alt
    assert "Self-hosting is dearer than Claude Haiku 5.5 at every volume." in alt
    assert alt.endswith("API prices 2026-11-23, GPU prices 2026-11-23.")


def test_a_model_that_misses_the_bar_is_never_the_finding() -> None:
    curve = make_curve(requests_per_day=3_000_000, small_api_meets_bar="no")
    alt = describe_volume(curve)
    assert alt.startswith("Doing the whole work, Self-hosted Llama 8B costs least at 3,000,000 requests a day")
    assert "Claude Haiku 5.5 (misses your bar)" in alt


def test_replica_steps_are_drawn_upright() -> None:
    student = next(line for line in make_curve(requests_per_day=1_000_000).lines if line.has_band)
    steps = [
        (before, after)
        for before, after in zip(student.points, student.points[1:], strict=False)
        if after.usd_per_month.base > before.usd_per_month.base
    ]
    assert len(steps) > 5
    first_width = steps[0][1].requests_per_day / steps[0][0].requests_per_day
    assert first_width == pytest.approx(1, abs=1e-6)


def test_approaches_that_run_alike_share_a_line() -> None:
    ids = [line.ids for line in make_curve().lines]
    assert ("fine_tune:llama-3.1-8b", "distil:llama-3.1-8b") in ids


def test_there_is_no_curve_while_the_volume_is_unknown() -> None:
    assert cost_curve(compare(read_inputs({"tokens_in": 1, "tokens_out": 1}), make_book())) is None


def test_with_many_models_the_ones_that_matter_keep_their_names() -> None:
    prices = {f"house-{number}": {"i": number, "o": 1} for number in range(1, 11)}
    curve = make_curve(prices_usd_per_mtok=prices, models=["claude-sonnet-5-5", *prices])
    named = {row_id for line in curve.lines if line.is_named for row_id in line.ids}
    assert {"prompt:claude-sonnet-5-5", "distil:llama-3.1-8b", "prompt:house-1"} <= named
    assert len([line for line in curve.lines if line.is_named]) == 9
    assert any("3 more API models" in written.text.replace("\n", " ") for written in draw_volume(curve).written)


def test_what_an_air_gap_rules_out_is_never_the_finding() -> None:
    alt = describe_volume(make_curve(air_gapped=True))
    assert alt.startswith("Doing the whole work, Self-hosted Llama 8B costs least")
    assert "Claude Haiku 5.5 (ruled out)" in alt
    assert "no dearer than" not in alt


def test_where_nothing_does_the_whole_work_that_is_said() -> None:
    alt = describe_volume(make_curve(models=["gpt-4"], small_api_meets_bar="no", knowledge_tokens=60_000))
    assert alt.startswith("Nothing compared does the whole work")
