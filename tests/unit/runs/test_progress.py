"""Rate and time left from observations."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.runs.progress import (
    WINDOW_S,
    Point,
    Progress,
    measure,
    progress_document,
    rate,
    read_progress,
    recent,
)

figures = st.floats(min_value=0, max_value=1e9, allow_nan=False)


@st.composite
def observations(draw: st.DrawFn) -> tuple[Point, ...]:
    steps = draw(st.lists(st.tuples(st.floats(0.001, 100), figures), min_size=1, max_size=30))
    points, now_s = [], 0.0
    for step_s, done in steps:
        now_s += step_s
        points.append(Point(now_s, done))
    return tuple(points)


def test_a_steady_pace_is_its_rate_and_the_rest_its_time_left() -> None:
    points = tuple(Point(second, 5.0 * second) for second in range(11))
    assert measure(points, 100, "files", "a.md") == Progress(50, 100, "files", 5.0, 10.0, "a.md")


def test_one_observation_has_no_rate() -> None:
    assert measure((Point(3, 7),), 10, "files") == Progress(7, 10, "files")


def test_a_change_of_pace_shows_once_the_window_has_passed() -> None:
    slow = [Point(second, second) for second in range(100)]
    fast = [Point(100 + second, 100.0 + 10 * second) for second in range(int(WINDOW_S) + 1)]
    assert rate(recent(slow + fast)) == pytest.approx(10)


def test_two_rare_observations_still_make_a_rate() -> None:
    assert measure((Point(0, 0), Point(600, 60)), 120, "files").rate == pytest.approx(0.1)


def test_work_that_stands_still_has_no_time_left_to_name() -> None:
    assert measure((Point(0, 5), Point(10, 5)), 10, "files").eta_s is None


@pytest.mark.parametrize(
    ("done", "total", "share"), [(0, 4, 0.0), (1, 4, 0.25), (5, 4, 1.0), (0, 0, 1.0), (3, None, None)]
)
def test_the_share_stays_between_nothing_and_all(done: float, total: float | None, share: float | None) -> None:
    assert Progress(done, total, "files").share == share


@given(observations(), st.one_of(st.none(), figures))
def test_rate_and_time_left_are_never_negative_and_always_finite(
    points: tuple[Point, ...], total: float | None
) -> None:
    progress = measure(points, total, "files")
    for figure in (progress.rate, progress.eta_s):
        assert figure is None or (figure >= 0 and math.isfinite(figure))
    if progress.eta_s is not None and progress.rate is not None and total is not None:
        assert progress.eta_s * progress.rate == pytest.approx(max(0.0, total - progress.done))


@given(observations())
def test_the_points_kept_end_with_the_newest_and_span_little_more_than_the_window(points: tuple[Point, ...]) -> None:
    kept = recent(points)
    assert kept[-1] == points[-1]
    assert len(kept) == min(2, len(points)) or kept[-1].at_s - kept[0].at_s <= WINDOW_S + 1e-9


@given(observations(), st.one_of(st.none(), figures), st.text())
def test_a_progress_written_is_read_back(points: tuple[Point, ...], total: float | None, note: str) -> None:
    progress = measure(points, total, "files", note)
    assert read_progress(progress_document(progress)) == progress


def test_an_empty_document_is_no_progress() -> None:
    assert read_progress({}) is None
