"""The stages of recipes and the code that there is for them."""

from agents.engine.stage import ChildCode
from agents.runs import RECIPES
from agents.stages import STAGES


def test_every_stage_of_every_recipe_has_code_of_its_kind_and_no_code_is_without_a_stage() -> None:
    wanted = {(kind, stage.name): stage.execution for kind, recipe in RECIPES.items() for stage in recipe.stages}
    found = {key: "child" if isinstance(code, ChildCode) else "inline" for key, code in STAGES.items()}
    assert found == wanted
