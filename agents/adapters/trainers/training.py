"""A training in one process, from files to files: what child.py and ranks.py both do."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from agents.adapters.trainers.assignment import Assignment
from agents.adapters.trainers.examples import (
    Examples,
    Row,
    chat_examples,
    label_examples,
    load_tokenizer,
    require_examples,
)
from agents.adapters.trainers.stage import TrainingStage


def train(assignment: Assignment, stage: TrainingStage) -> dict[str, Any] | None:
    """Train from the stage's checkpoint on, write the student into its folder, and return the training's figures.

    None stands for a training that saved and stopped, since the worker is to stop.

    Raises:
        UserError: There is nothing to learn from, it cannot be read, or the base is not what it is taken for.
    """
    tokenizer = load_tokenizer(assignment.base)
    examples = Examples(
        _read(assignment, tokenizer, assignment.train, "train.jsonl", stage),
        _read(assignment, tokenizer, assignment.validation, "validation.jsonl", stage),
    )
    require_examples(examples.train, "train.jsonl")
    # Imported once there is something to learn: it takes some ten seconds, and an encoder needs no trl.
    from agents.adapters.trainers.loop import run_to_the_end  # noqa: PLC0415  # see above

    kind = _kind(assignment)
    trained = run_to_the_end(partial(kind.make_trainer, assignment, tokenizer), assignment, examples, stage)
    if trained is None:
        return None
    kind.save(trained.trainer, assignment, tokenizer)
    return trained.figures


def _kind(assignment: Assignment) -> Any:
    """Return the module that makes the trainer and saves the student."""
    if assignment.recipe.kind == "encoder":
        from agents.adapters.trainers import encoder  # noqa: PLC0415  # see above

        return encoder
    from agents.adapters.trainers import causal  # noqa: PLC0415  # see above

    return causal


def _read(assignment: Assignment, tokenizer: Any, path: Path, name: str, stage: TrainingStage) -> Sequence[Row]:
    if assignment.recipe.kind == "encoder":
        return label_examples(path, name, tokenizer, assignment.recipe)
    return chat_examples(path, name, tokenizer, assignment.recipe, stage.log)
