"""Whether a training fits the GPUs of this process, looked at before anything is loaded."""

from collections.abc import Mapping, Sequence
from typing import Any

from agents.adapters.trainers.bases import Base
from agents.adapters.trainers.recipe import TrainingRecipe
from agents.adapters.trainers.stage import TrainingStage
from agents.costs.students import Student
from agents.costs.training_fit import fitting_micro_batch, misfit
from agents.costs.training_memory import TrainingSettings
from agents.errors import UserError
from agents.runs.needs import size_text


def fitting_sizes(
    base: Base, recipe: TrainingRecipe, sizes: Sequence[int], gpu_bytes: Sequence[int], stage: TrainingStage
) -> tuple[int, ...]:
    """Return those of the micro-batches that the memory model lets fit; all where there is no GPU to fill.

    Raises:
        UserError: None of them does; the text says what would.
    """
    student = shape_of(base)
    if not gpu_bytes:
        return tuple(sizes)
    if student is None:
        stage.log(f"the config.json of {base.name} does not say its shape: whether it fits is not looked at")
        return tuple(sizes)
    gpus, least = len(gpu_bytes), min(gpu_bytes)
    settings = TrainingSettings(recipe.rank, sizes[-1], recipe.sequence)
    size = fitting_micro_batch(student, recipe.method, settings, sizes, gpu_bytes=least, gpus=gpus)
    if size is None:
        words = misfit(student, recipe.method, settings, gpu_bytes=least, gpus=gpus, size=size_text(least))
        raise UserError(words)
    if size != sizes[0]:
        stage.log(f"{sizes[0]} examples at a time would not fit; it begins with {size}")
    return tuple(sizes[sizes.index(size) :])


def shape_of(base: Base) -> Student | None:
    """Return the shape of a decoder, as config.json and the weights say it; None where they do not."""
    nested = base.config.get("text_config")
    config: Mapping[str, Any] = nested if isinstance(nested, dict) else base.config
    try:
        layers, hidden, heads = (
            int(config[key]) for key in ("num_hidden_layers", "hidden_size", "num_attention_heads")
        )
        vocabulary, feed_forward = int(config["vocab_size"]), int(config["intermediate_size"])
    except (KeyError, TypeError, ValueError):
        return None
    # An embedding that is the output head as well is one matrix here and counts as two there: a little too much.
    is_tied = not any(name.endswith("lm_head.weight") for name in base.weights.names)
    return Student(
        name=base.name.rstrip("/").rpartition("/")[2],
        parameters=base.weights.parameters + (vocabulary * hidden if is_tied else 0),
        layers=layers,
        hidden=hidden,
        feed_forward=feed_forward,
        heads=heads,
        kv_heads=int(config.get("num_key_value_heads") or heads),
        head_width=int(config.get("head_dim") or hidden // heads),
        vocabulary=vocabulary,
    )
