"""What recipes say may be changed has a form to change it."""

from agents.runs.recipes import RECIPES
from bot.features import proposals


def test_every_kind_with_something_to_change_has_a_form_for_it() -> None:
    assert {kind for kind, recipe in RECIPES.items() if recipe.editable} == set(proposals._FORMS)
