"""Recipes."""

import pytest

from agents.runs import RECIPES, Recipe, StageSpec


def test_an_index_run_lists_ingests_builds_and_switches() -> None:
    assert [stage.name for stage in RECIPES["index"].stages] == ["list", "ingest", "build", "switch"]


def test_every_recipe_stands_under_its_kind() -> None:
    assert all(recipe.kind == kind for kind, recipe in RECIPES.items())


@pytest.mark.parametrize("stages", [(), (StageSpec("list", "cpu"), StageSpec("list", "gpu"))])
def test_a_recipe_without_stages_or_with_one_name_twice_is_refused(stages: tuple[StageSpec, ...]) -> None:
    with pytest.raises(ValueError, match="recipe 'odd'"):
        Recipe("odd", stages)
