"""The settings of a prediction: what is usual, and what is refused in words."""

from typing import Any

import pytest

from agents.adapters.predictors.settings import read_prediction
from agents.adapters.trainers.recipe import TrainingRecipe
from agents.errors import UserError

WRITES = TrainingRecipe(base="a/b")
CLASSIFIES = TrainingRecipe(base="a/b", kind="encoder", labels=("x", "y"))
TOLD = {"base": "Choose.", "student": "Choose."}


def test_the_base_answers_first_whatever_the_order() -> None:
    settings = read_prediction({"candidates": ["student", "base"], "instructions": TOLD}, WRITES)
    assert settings.candidates == ("base", "student")
    assert (settings.max_new_tokens, settings.batch) == (64, 16)


def test_an_encoder_needs_no_instructions() -> None:
    assert read_prediction({"candidates": ["student"]}, CLASSIFIES).candidates == ("student",)


@pytest.mark.parametrize(
    ("document", "recipe", "said"),
    [
        (None, WRITES, "must be an object, not None"),
        ({"temperature": 1}, WRITES, "no setting 'temperature'"),
        ({"candidates": ["teacher"]}, WRITES, r"Candidates \['teacher'\] cannot be asked"),
        ({"candidates": []}, WRITES, "cannot be asked"),
        ({"candidates": ["base"]}, CLASSIFIES, "no head that answers"),
        ({"instructions": TOLD, "batch": 0}, WRITES, "batch 0 is not possible"),
        ({"instructions": TOLD, "max_new_tokens": True}, WRITES, "max_new_tokens True is not possible"),
        ({"instructions": {"base": "Choose."}}, WRITES, "student has no instructions"),
    ],
)
def test_settings_that_cannot_be_answered_by_are_refused(document: Any, recipe: TrainingRecipe, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_prediction(document, recipe)
