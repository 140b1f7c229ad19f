"""One try at a training with one micro-batch, from the last checkpoint to what is kept of it."""

import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from datasets import Dataset

from agents.adapters.trainers.assignment import Assignment
from agents.adapters.trainers.callbacks import StageCallback
from agents.adapters.trainers.checkpoints import restore_checkpoint
from agents.adapters.trainers.examples import Examples
from agents.adapters.trainers.order import training_order
from agents.adapters.trainers.recipe import TrainingRecipe
from agents.adapters.trainers.stage import TrainingStage

# A checkpoint of hundreds of GB takes its time to be kept, while the other processes wait.
_PATIENCE_S = 6 * 3600


@dataclass(frozen=True, slots=True)
class Rows:
    """Examples as a trainer takes them: those to learn from in their order, over all epochs."""

    train: Any
    validation: Any | None


@dataclass(frozen=True, slots=True)
class Trained:
    """A training that has come to its end.

    Attributes:
        trainer: With the model.
        figures: What the result of the stage says of it.
    """

    trainer: Any
    figures: dict[str, Any]


def run_to_the_end(
    make: Callable[[dict[str, Any], Rows], Any], assignment: Assignment, examples: Examples, stage: TrainingStage
) -> Trained | None:
    """Train from the stage's checkpoint on; None where it saved and stopped, since the worker is to stop.

    Args:
        make: Makes the trainer of its arguments and rows.
        assignment: How to train.
        examples: As tokens.
        stage: Whom to tell.
    """
    recipe, micro_batch = assignment.recipe, assignment.micro_batch
    folder = stage.scratch / "training"
    lengths = [len(row["input_ids"]) for row in examples.train]
    order = training_order(
        lengths, batch=recipe.batch, epochs=recipe.epochs, max_steps=recipe.max_steps, seed=recipe.seed
    )
    # The log of a stage is read line by line.
    transformers.utils.logging.disable_progress_bar()
    # Before the model is made: new weights are drawn in it.
    transformers.set_seed(recipe.seed)
    accumulated = recipe.batch // (micro_batch * assignment.processes)
    trainer = make(
        _arguments(recipe, folder, micro_batch, accumulated),
        Rows(
            Dataset.from_list(list(examples.train)).select(order),
            Dataset.from_list(list(examples.validation)) if examples.validation else None,
        ),
    )
    is_told = trainer.is_world_process_zero()
    kept = {"micro_batch": micro_batch, "revision": assignment.base.revision}
    callback = StageCallback(stage if is_told else None, kept, stage.checkpoint.get("seconds", 0.0))
    trainer.add_callback(callback)
    # It would print each point of the curve a second time into the stage's log.
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train(resume_from_checkpoint=_restored(folder, stage, trainer))
    if callback.is_stopped:
        return None
    seconds = callback.seconds_of_learning or callback.seconds
    evaluated = trainer.evaluate() if examples.validation else {}
    return Trained(trainer, _figures(trainer.state, seconds, evaluated.get("eval_loss"), micro_batch))


def _arguments(recipe: TrainingRecipe, folder: Path, micro_batch: int, accumulated: int) -> dict[str, Any]:
    on_gpu = torch.cuda.is_available()
    return {
        "output_dir": str(folder),
        # All epochs stand in the order of the examples, one after another: see order.py.
        "num_train_epochs": 1,
        "train_sampling_strategy": "sequential",
        "per_device_train_batch_size": micro_batch,
        "per_device_eval_batch_size": micro_batch,
        "prediction_loss_only": True,
        "gradient_accumulation_steps": accumulated,
        "learning_rate": recipe.rate,
        "lr_scheduler_type": recipe.schedule,
        # Below 1 it is a share.
        "warmup_steps": recipe.warmup,
        "weight_decay": recipe.weight_decay,
        "optim": "adamw_torch",
        "gradient_checkpointing": recipe.gradient_checkpointing,
        "gradient_checkpointing_kwargs": {"use_reentrant": False},
        "bf16": on_gpu and recipe.dtype == "bf16",
        "use_cpu": not on_gpu,
        "seed": recipe.seed,
        "save_strategy": "steps",
        "save_steps": recipe.save_every,
        "save_total_limit": 1,
        "logging_steps": recipe.log_every,
        # A loss that is no number is to be seen, not replaced by the last one that was.
        "logging_nan_inf_filter": False,
        "include_num_input_tokens_seen": "non_padding",
        "ddp_timeout": _PATIENCE_S,
        "dataloader_pin_memory": on_gpu,
        "disable_tqdm": True,
        "report_to": [],
    }


def _restored(folder: Path, stage: TrainingStage, trainer: Any) -> str | None:
    """Return the checkpoint to go on from; on a host with several processes the first one brings it there."""
    with trainer.accelerator.main_process_first():
        if trainer.is_world_process_zero():
            restored = restore_checkpoint(folder, stage)
        else:
            step = stage.checkpoint.get("step", 0)
            restored = folder / f"checkpoint-{step}" if step else None
    return str(restored) if restored is not None else None


def _figures(state: Any, seconds: float, eval_loss: float | None, micro_batch: int) -> dict[str, Any]:
    curve = [[entry["step"], entry["loss"]] for entry in state.log_history if "loss" in entry]
    # Each point is the mean since the one before it.
    since = [0, *(step for step, _ in curve)]
    weighed = sum(loss * (step - before) for (step, loss), before in zip(curve, since, strict=False))
    tokens = int(state.num_input_tokens_seen)
    return {
        "steps": state.global_step,
        "tokens": tokens,
        "tokens_per_s": round(tokens / seconds, 1) if seconds > 0 else None,
        "seconds": round(seconds, 3),
        "train_loss": round(weighed / curve[-1][0], 6) if curve else None,
        "eval_loss": round(float(eval_loss), 6) if eval_loss is not None else None,
        "micro_batch": micro_batch,
        "peak_memory_bytes": _peak_memory_bytes(),
        "loss_curve": curve,
    }


def _peak_memory_bytes() -> int:
    """Return the most memory that was in use: of the GPU, or of this process where there is none."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
