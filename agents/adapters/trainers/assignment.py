"""What a process that trains is to do."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from agents.adapters.trainers.bases import Base
from agents.adapters.trainers.recipe import TrainingRecipe, read_recipe
from agents.adapters.trainers.weights import read_config, read_weights


@dataclass(frozen=True, slots=True)
class Assignment:
    """One try at a training.

    Attributes:
        base: The model to start from.
        recipe: How to train it.
        train: The rows to learn from.
        validation: The rows that the loss is looked at on in the end; the file may be empty.
        student: The folder that the student goes into.
        micro_batch: How many examples a process takes at once.
        processes: How many train together.
    """

    base: Base
    recipe: TrainingRecipe
    train: Path
    validation: Path
    student: Path
    micro_batch: int
    processes: int


def write_assignment(assignment: Assignment, path: Path) -> None:
    """Write it down for another process."""
    document = {
        "base": {
            "name": assignment.base.name,
            "folder": str(assignment.base.folder),
            "revision": assignment.base.revision,
        },
        "recipe": asdict(assignment.recipe),
        "train": str(assignment.train),
        "validation": str(assignment.validation),
        "student": str(assignment.student),
        "micro_batch": assignment.micro_batch,
        "processes": assignment.processes,
    }
    path.write_text(json.dumps(document), "utf-8")


def read_assignment(path: Path) -> Assignment:
    """Return what `write_assignment` wrote."""
    document = json.loads(path.read_text("utf-8"))
    named = document["base"]
    folder = Path(named["folder"])
    return Assignment(
        base=Base(named["name"], folder, named["revision"], read_config(folder), read_weights(folder)),
        recipe=read_recipe(document["recipe"]),
        train=Path(document["train"]),
        validation=Path(document["validation"]),
        student=Path(document["student"]),
        micro_batch=document["micro_batch"],
        processes=document["processes"],
    )
