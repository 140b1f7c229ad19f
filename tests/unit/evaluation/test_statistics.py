"""Intervals, paired tests and non-inferiority: known figures, and what holds of all answers."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.evaluation.metrics import Scores, scores
from agents.evaluation.statistics import difference, interval, mcnemar, non_inferiority
from agents.evaluation.tasks import Classification

LABELS = ("a", "b", "c")
TASK = Classification(LABELS)
# For each example: its golden label, and the labels that two candidates gave.
TRIPLES = st.lists(st.tuples(*[st.sampled_from(LABELS)] * 3), min_size=1, max_size=25)
FEW = 400  # resamples: a property needs no precise bounds


def scored(golden: Any, answers: Any) -> Scores:
    return scores(
        TASK,
        {f"{place:05}": each for place, each in enumerate(golden)},
        {f"{place:05}": each for place, each in enumerate(answers)},
    )


def candidate(right: int, wrong: int) -> Scores:
    return scored("a" * (right + wrong), "a" * right + "b" * wrong)


def test_the_interval_of_an_accuracy_is_the_one_that_theory_gives() -> None:
    found = interval(candidate(700, 300).metrics["accuracy"])

    error = 1.96 * np.sqrt(0.7 * 0.3 / 1000)
    assert (found.point, found.method) == (0.7, "BCa bootstrap")
    assert (found.low, found.high) == pytest.approx((0.7 - error, 0.7 + error), abs=0.003)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(200):
        right = int(rng.binomial(80, 0.85))
        found = interval(candidate(right, 80 - right).metrics["accuracy"], level=0.9, resamples=FEW)
        held += found.low <= 0.85 <= found.high

    assert 0.84 <= held / 200 <= 0.97  # within three standard errors of 0.9, and steps of 1/80


@pytest.mark.parametrize(("right", "low", "high"), [(20, 0.8316, 1.0), (0, 0.0, 0.1684)])
def test_a_score_without_any_variation_is_not_certain(right: int, low: float, high: float) -> None:
    for name in ("accuracy", "macro_f1"):
        found = interval(candidate(right, 20 - right).metrics[name])

        assert found.method == "exact binomial"
        assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)  # Clopper and Pearson's for 20


def test_one_example_tells_next_to_nothing() -> None:
    found = interval(candidate(1, 0).metrics["macro_f1"])

    assert (found.low, found.high) == pytest.approx((0.025, 1.0))


def test_mcnemar_counts_only_where_one_of_two_is_right() -> None:
    first = scored("a" * 20, "a" * 10 + "a" * 8 + "b" + "b")
    second = scored("a" * 20, "a" * 10 + "b" * 8 + "a" + "b")

    found = mcnemar(first, second)

    assert (found.only_first, found.only_second) == (8, 1)
    assert found.p_value == pytest.approx(2 * (1 + 9) / 2**9)


def test_a_paired_difference_is_surer_than_two_intervals() -> None:
    # The second is wrong wherever the first is, and on 12 more of 600.
    first, second = candidate(480, 120), candidate(468, 132)

    found = difference(first.metrics["accuracy"], second.metrics["accuracy"])

    assert found.point == pytest.approx(0.02)
    assert 0 < found.low < 0.02 < found.high
    alone = [interval(each.metrics["accuracy"]) for each in (first, second)]
    assert found.high - found.low < 0.5 * (alone[0].high - alone[0].low)
    assert alone[0].low < alone[1].high


def test_two_that_never_differ_may_still_differ_on_texts_not_seen() -> None:
    found = difference(candidate(45, 5).metrics["accuracy"], candidate(45, 5).metrics["accuracy"])

    assert found.method == "exact binomial"
    assert found.high == -found.low == pytest.approx(1 - 0.025 ** (1 / 50))


@pytest.mark.parametrize(
    ("student", "teacher", "outcome"),
    [((960, 40), (965, 35), "non-inferior"), ((800, 200), (965, 35), "inferior"), ((9, 1), (9, 1), "undecided")],
)
def test_a_student_passes_where_it_is_surely_not_worse_than_the_margin(
    student: tuple[int, int], teacher: tuple[int, int], outcome: str
) -> None:
    found = non_inferiority(candidate(*student), candidate(*teacher), "accuracy", margin=0.02)

    assert found.outcome == outcome
    assert found.passes == (outcome == "non-inferior")


def test_a_larger_margin_is_never_harder_to_pass() -> None:
    passes = [
        non_inferiority(candidate(90, 10), candidate(94, 6), "macro_f1", margin=margin).passes
        for margin in (0.0, 0.02, 0.05, 0.2, 1.0)
    ]

    assert passes == sorted(passes)
    assert passes[-1]
    assert not passes[0]


def test_candidates_on_different_examples_are_not_compared() -> None:
    with pytest.raises(ValueError, match="same golden examples"):
        mcnemar(candidate(3, 0), candidate(4, 0))
    with pytest.raises(ValueError, match="same golden examples"):
        non_inferiority(candidate(3, 0), candidate(4, 0), "accuracy", margin=0.1)
    with pytest.raises(ValueError, match="no pairs"):
        difference(candidate(3, 0).metrics["accuracy"], candidate(4, 0).metrics["accuracy"])


@settings(max_examples=40, deadline=None)
@given(triples=TRIPLES, level=st.sampled_from([0.5, 0.9, 0.99]), seed=st.integers(0, 2**32 - 1))
def test_an_interval_holds_its_score_and_repeats(triples: list[tuple[str, str, str]], level: float, seed: int) -> None:
    golden, first, _ = zip(*triples, strict=True)
    for metric in scored(golden, first).metrics.values():
        found = interval(metric, level=level, seed=seed, resamples=FEW)

        assert 0 <= found.low <= found.point <= found.high <= 1
        assert found == interval(metric, level=level, seed=seed, resamples=FEW)


@settings(max_examples=40, deadline=None)
@given(triples=TRIPLES)
def test_comparing_the_other_way_round_turns_the_sign(triples: list[tuple[str, str, str]]) -> None:
    golden, first, second = zip(*triples, strict=True)
    one, other = scored(golden, first), scored(golden, second)

    there, back = mcnemar(one, other), mcnemar(other, one)
    assert (there.only_first, there.only_second) == (back.only_second, back.only_first)
    assert there.p_value == pytest.approx(back.p_value)
    assert 0 < there.p_value <= 1

    for name in one.metrics:
        found = difference(one.metrics[name], other.metrics[name], resamples=FEW)
        turned = difference(other.metrics[name], one.metrics[name], resamples=FEW)
        assert found.point == -turned.point
        assert -1 <= found.low <= found.point <= found.high <= 1
        # The same draws; only where a quantile falls between two of them may rounding go the other way.
        assert (found.low, found.high) == pytest.approx((-turned.high, -turned.low), abs=0.05)
