"""The settings of a training as plain JSON: defaults, and what is refused."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from agents.adapters.trainers.child import run
from agents.adapters.trainers.recipe import read_recipe
from agents.engine.child_stage import ChildStage
from agents.errors import UserError
from agents.stages.distil.children import TRAIN


def test_a_base_is_all_that_has_to_be_said() -> None:
    recipe = read_recipe({"base": "org/model"})
    assert (recipe.method, recipe.rank, recipe.scale, recipe.rate, recipe.dropout) == ("lora", 16, 32, 2e-4, 0.0)
    assert (recipe.batch, recipe.schedule, recipe.warmup, recipe.dtype) == (16, "cosine", 0.03, "bf16")
    assert recipe.has_adapter


def test_full_fine_tuning_learns_at_a_tenth_of_the_rate() -> None:
    recipe = read_recipe({"base": "org/model", "method": "full"})
    assert recipe.rate == 2e-5
    assert not recipe.has_adapter


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"base": ""}, "A training needs base"),
        ({"base": "m", "method": "dora"}, "method 'dora' is not possible: give lora, qlora, full."),
        ({"base": "m", "rank": True}, "rank True is not possible: give a whole number from 1 to 1,024."),
        ({"base": "m", "epochs": float("nan")}, "epochs nan is not possible"),
        ({"base": "m", "schedule": "stairs"}, "schedule 'stairs' is not possible: give cosine, linear"),
        ({"base": "m", "kind": "encoder", "labels": ["a"]}, "An encoder needs labels to tell apart, two at least"),
        ({"base": "m", "kind": "encoder", "labels": ["a", "a"]}, "is not possible: give texts that differ."),
        ({"base": "m", "kind": "encoder", "method": "qlora", "labels": ["a", "b"]}, "Choose lora or full."),
        ({"base": "m", "ranks": 8}, "A training has no setting 'ranks'. Known: base, kind"),
        ([], "must be an object, not []."),
    ],
)
def test_what_cannot_be_trained_by_is_refused(given: object, says: str) -> None:
    with pytest.raises(UserError) as refused:
        read_recipe(given)
    assert says in str(refused.value)


def test_the_engine_can_run_what_it_names() -> None:
    # The engine never imports it, so that nothing but this line would notice that their types differ.
    entry: Callable[[ChildStage], Mapping[str, Any]] = run
    assert TRAIN.module == entry.__module__
