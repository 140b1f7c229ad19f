"""Recipes."""

import pytest

from agents.errors import UserError
from agents.runs import RECIPES, Recipe, StageSpec


def test_an_index_run_lists_ingests_builds_and_switches() -> None:
    assert [stage.name for stage in RECIPES["index"].stages] == ["list", "ingest", "build", "switch"]


def test_every_recipe_stands_under_its_kind() -> None:
    assert all(recipe.kind == kind for kind, recipe in RECIPES.items())


@pytest.mark.parametrize("stages", [(), (StageSpec("list", "cpu"), StageSpec("list", "gpu"))])
def test_a_recipe_without_stages_or_with_one_name_twice_is_refused(stages: tuple[StageSpec, ...]) -> None:
    with pytest.raises(ValueError, match="recipe 'odd'"):
        Recipe("odd", stages)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"priority": 7}, "no priority 7"),
        ({"priority": "high"}, "no priority 'high'"),
        ({"needs": ["gpu"]}, "by stage"),
        ({"needs": {"lst": {"gpus": 1}}}, "by stage"),
        ({"needs": {"list": {"gpus": -1}}}, "stage list"),
        ({"needs": {"list": {"gpu_memory_bytes": 80}}}, "stage list"),
        ({"needs": {"list": {"vram": 80}}}, "stage list"),
        ({"needs": {"list": {"gpus": "two"}}}, "stage list"),
        ({"needs": {"list": None}}, "stage list"),
    ],
)
def test_parameters_that_no_run_could_be_started_with_are_refused_before_anybody_approves(
    params: dict[str, object], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        RECIPES["index"].require_usable(params)


def test_priorities_and_needs_that_hosts_may_have_are_taken() -> None:
    RECIPES["index"].require_usable({"priority": -1, "needs": {"ingest": {"gpus": 1, "gpu_memory_bytes": 80}}})
    RECIPES["index"].require_usable({"name": "handbook"})
