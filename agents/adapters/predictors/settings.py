"""What the stage is to answer with, as plain JSON says it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from agents.adapters.trainers.recipe import TrainingRecipe
from agents.errors import UserError, quoted

CANDIDATES: Final = ("base", "student")
"""In the order in which they answer: the student may be made of the base that is in memory by then."""


@dataclass(frozen=True, slots=True)
class PredictionSettings:
    """Who answers, and how.

    Attributes:
        candidates: Of `base` and `student`, those that do.
        instructions: What the system message of each says; none is read for an encoder.
        max_new_tokens: Where an answer is cut.
        batch: Inputs at once; halved where memory ends.
        save_every: Answers between checkpoints.
    """

    candidates: tuple[str, ...] = CANDIDATES
    instructions: Mapping[str, str] = field(default_factory=dict)
    max_new_tokens: int = 64
    batch: int = 16
    save_every: int = 256


def read_prediction(document: object, recipe: TrainingRecipe) -> PredictionSettings:
    """Return the settings that plain JSON says, for a student of that recipe.

    Raises:
        UserError: They cannot be answered by.
    """
    if not isinstance(document, Mapping):
        raise UserError(f"The settings of a prediction must be an object, not {quoted(document)}.")
    known = [each.name for each in fields(PredictionSettings)]
    unknown = sorted(set(document) - set(known))
    if unknown:
        raise UserError(f"A prediction has no setting {quoted(unknown[0])}. Known: {', '.join(known)}.")
    given: dict[str, Any] = dict(document)
    candidates = given.get("candidates", CANDIDATES)
    if not isinstance(candidates, list | tuple) or not candidates or not set(candidates) <= set(CANDIDATES):
        raise UserError(f"Candidates {quoted(candidates)} cannot be asked. Give one or both of: base, student.")
    if recipe.kind == "encoder" and "base" in candidates:
        raise UserError("The base of an encoder has no head that answers. Leave base out of the candidates.")
    given["candidates"] = tuple(name for name in CANDIDATES if name in candidates)
    for name in ("max_new_tokens", "batch", "save_every"):
        value = given.get(name, 1)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise UserError(f"A prediction with {name} {quoted(value)} is not possible: give a whole number from 1.")
    settings = PredictionSettings(**given)
    for name in settings.candidates if recipe.kind == "causal" else ():
        if not isinstance(settings.instructions.get(name), str):
            raise UserError(f"The candidate {name} has no instructions. Give a text under instructions.{name}.")
    return settings
