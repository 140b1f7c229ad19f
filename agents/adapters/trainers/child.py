"""The stage that trains a student: `run`, in a process that knows neither Postgres nor keys.

Its parameters are those of recipe.py under `training`; its files `train.jsonl` and `validation.jsonl`, with chats
({"messages": [...]}) or, for an encoder, with {"input": ..., "label": ...}. The result says which files of the run
the student is, and how the training went.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from agents.adapters.trainers.assignment import Assignment
from agents.adapters.trainers.bases import bring_base
from agents.adapters.trainers.fitting import fitting_sizes
from agents.adapters.trainers.recipe import read_recipe
from agents.adapters.trainers.requirements import checked_revision, require_packages, require_room
from agents.adapters.trainers.shrinking import smaller
from agents.adapters.trainers.stage import TrainingStage
from agents.adapters.trainers.weights import sha256_of
from agents.costs.training_fit import micro_batches


def run(stage: TrainingStage) -> Mapping[str, Any]:
    """Train the student that the run's parameters ask for, and return its files and figures.

    Raises:
        UserError: Something about parameters, base, data or host has to be put right first.
    """
    recipe = read_recipe(stage.params.get("training"))
    require_packages(recipe)
    base = bring_base(recipe.base, stage.checkpoint.get("revision") or checked_revision(stage, recipe), stage)
    gpu_bytes = _gpu_bytes()
    # A classifier is too small to be worth sharing.
    used = gpu_bytes[:1] if recipe.kind == "encoder" else gpu_bytes
    processes = max(1, len(used))
    sizes = micro_batches(recipe.batch, processes, stage.checkpoint.get("micro_batch", recipe.micro_batch))
    if recipe.kind == "causal":
        sizes = fitting_sizes(base, recipe, sizes, used, stage)
    require_room(base, recipe, stage.scratch)
    assignment = Assignment(
        base=base,
        recipe=recipe,
        train=stage.fetch("train.jsonl"),
        validation=stage.fetch("validation.jsonl"),
        student=stage.scratch / "student",
        micro_batch=sizes[0],
        processes=processes,
    )
    try:
        figures = _train(assignment, stage)
    except Exception as cause:  # noqa: BLE001  # raised again where it is not about memory
        _go_on_with(stage, sizes[0], smaller(sizes, cause))
    if figures is None:
        stage.hand_over()
    form = "adapter" if recipe.has_adapter else "model"
    files = {f"{form}/{path.name}": path for path in sorted(assignment.student.iterdir())}
    stage.save({**stage.checkpoint, "is_trained": True}, files)
    return {
        "form": form,
        "files": {name: sha256_of(path) for name, path in files.items()},
        "base": base.name,
        "base_revision": base.revision,
        "base_fingerprint": base.weights.fingerprint,
        **figures,
    }


def _train(assignment: Assignment, stage: TrainingStage) -> dict[str, Any] | None:
    # Imported once what they need is known to be there.
    if assignment.processes > 1:
        from agents.adapters.trainers.launch import accelerate_command, train_in_ranks  # noqa: PLC0415  # see above

        command = accelerate_command(assignment.processes, assignment.recipe.dtype, stage.scratch)
        return train_in_ranks(command, assignment, stage)
    from agents.adapters.trainers.training import train  # noqa: PLC0415  # see above

    return train(assignment, stage)


def _go_on_with(stage: TrainingStage, large: int, small: int) -> NoReturn:
    """Have the training go on with a smaller micro-batch in a process of its own.

    In this one, what was recomputed for the step that failed is never let go of, and what is in pieces.
    """
    stage.save({**stage.checkpoint, "micro_batch": small})
    reason = f"{large} examples at a time are more than memory holds; it goes on with {small}"
    stage.log(reason)
    stage.hand_over(reason)


def _gpu_bytes() -> Sequence[int]:
    """Return the memory of each GPU that this process may use."""
    import torch  # noqa: PLC0415  # only where it is known to be there

    return [torch.cuda.get_device_properties(index).total_memory for index in range(torch.cuda.device_count())]
