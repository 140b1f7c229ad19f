"""The stage that trains, by two processes without GPUs, as by one for each of two GPUs."""

import os
import sys
from collections.abc import Mapping
from typing import Any

from agents.adapters.trainers.assignment import Assignment
from agents.adapters.trainers.bases import find_base
from agents.adapters.trainers.launch import train_in_ranks
from agents.adapters.trainers.recipe import read_recipe
from agents.adapters.trainers.weights import sha256_of
from agents.engine.child_stage import ChildStage

# What accelerate's launcher starts for GPUs; for processors it would need MPI.
COMMAND = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m")


def run(stage: ChildStage) -> Mapping[str, Any]:
    """Train in two processes, and keep the student."""
    os.environ["ACCELERATE_USE_CPU"] = "true"
    recipe = read_recipe(stage.params["training"])
    assignment = Assignment(
        base=find_base(recipe.base, "", stage),
        recipe=recipe,
        train=stage.fetch("train.jsonl"),
        validation=stage.fetch("validation.jsonl"),
        student=stage.scratch / "student",
        micro_batch=recipe.micro_batch,
        processes=2,
    )
    figures = train_in_ranks(COMMAND, assignment, stage)
    if figures is None:
        stage.hand_over()
    files = {f"adapter/{path.name}": path for path in sorted(assignment.student.iterdir())}
    stage.save(stage.checkpoint, files)
    return {"files": {name: sha256_of(path) for name, path in files.items()}, **figures}
