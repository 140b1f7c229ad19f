"""The recorded answers of six models to GSM8K: shares as the data's source flags them, and the models in pairs."""

import gzip
import json
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from agents.evaluation.metrics import Scores, scores
from agents.evaluation.statistics import difference, interval, mcnemar, non_inferiority
from agents.evaluation.tasks import Generation
from tests.shared_data import shared

FINE_TUNED = ("6b_finetuning", "175b_finetuning", "6b_verification", "175b_verification")
PROMPTED = ("mixtral-8x7b-instruct-v0.1", "gpt-4-1106-preview")
# By the data's README: shares with the last number right, for the fine-tuned ones the same as their source's own flags.
STATED = (0.220, 0.320, 0.389, 0.565, 0.633, 0.892)


def rows(name: str) -> list[dict[str, Any]]:
    with gzip.open(shared(f"data/gsm8k/{name}.jsonl.gz"), "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def recorded(model: str) -> list[dict[str, Any]]:
    name = "recorded_openai_solutions_half" if model in FINE_TUNED else "recorded_gpt4_mixtral_half"
    return [row[model] for row in rows(name)]


@cache
def scored(model: str) -> Scores:
    golden = {f"{place:03}": row["answer"] for place, row in enumerate(rows("test_half"))}
    answers = {f"{place:03}": row["solution"] for place, row in enumerate(recorded(model))}
    return scores(Generation("numeric"), golden, answers)


@pytest.mark.parametrize(
    ("model", "right"),
    [*zip(FINE_TUNED, (0.220, 0.320, 0.389, 0.565), strict=True), (PROMPTED[0], 0.633), (PROMPTED[1], 0.892)],
)
def test_the_last_number_gives_the_share_that_the_data_states(model: str, right: float) -> None:
    assert scored(model).values["match"] == pytest.approx(right, abs=0.0006)


@pytest.mark.parametrize("model", FINE_TUNED)
def test_each_answer_of_the_fine_tuned_models_is_judged_as_its_source_judged_it(model: str) -> None:
    assert scored(model).is_right.tolist() == [row["is_correct"] for row in recorded(model)]


@pytest.mark.parametrize("model", FINE_TUNED)
def test_a_pattern_finds_the_same_answers_but_for_how_a_number_is_written(model: str) -> None:
    golden = {str(place): row["ground_truth"] for place, row in enumerate(rows("recorded_openai_solutions_half"))}
    answers = {str(place): row["solution"] for place, row in enumerate(recorded(model))}

    found = scores(Generation("regex", r"(?m)^A: *(.+)$"), golden, answers)

    assert found.is_right.sum() <= scored(model).is_right.sum()
    assert found.values["match"] == pytest.approx(scored(model).values["match"], abs=0.005)


@pytest.mark.parametrize("model", FINE_TUNED + PROMPTED)
def test_the_interval_of_each_model_is_near_the_one_of_theory(model: str) -> None:
    found = interval(scored(model).metrics["match"])

    error = 1.96 * np.sqrt(found.point * (1 - found.point) / 660)
    assert (found.low, found.high) == pytest.approx((found.point - error, found.point + error), abs=0.006)


def test_each_better_model_is_better_for_sure() -> None:
    for worse, better in pairwise([*FINE_TUNED, *PROMPTED]):
        apart = difference(scored(better).metrics["match"], scored(worse).metrics["match"])
        assert apart.low > 0, (worse, better, apart)
        found = mcnemar(scored(better), scored(worse))
        # Worked out again from the distribution itself.
        fewer, differ = min(found.only_first, found.only_second), found.only_first + found.only_second
        assert found.p_value == pytest.approx(min(1.0, 2 * binom.cdf(fewer, differ, 0.5)), rel=1e-6)
        assert found.only_first - found.only_second == round(660 * apart.point)
        assert found.p_value < 0.05


def test_the_small_verified_model_is_as_good_as_the_large_plain_one_and_not_the_other_way_round() -> None:
    small, large = scored("6b_verification"), scored("175b_finetuning")

    assert non_inferiority(small, large, "match", margin=0.02).outcome == "non-inferior"
    assert non_inferiority(large, small, "match", margin=0.02).outcome != "non-inferior"
