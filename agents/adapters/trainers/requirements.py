"""What a training needs besides GPUs: the libraries, and room on the disk."""

import importlib.util
import sys
from pathlib import Path

from agents.adapters.trainers.bases import Base
from agents.adapters.trainers.checkpoints import require_free
from agents.adapters.trainers.fitting import shape_of
from agents.adapters.trainers.recipe import TrainingRecipe
from agents.adapters.trainers.stage import TrainingStage
from agents.costs.training_memory import state_bytes
from agents.errors import UserError

_NEEDED = ("torch", "transformers", "peft", "accelerate", "datasets")
_OF_CAUSAL = ("trl",)
_OF_QLORA = ("bitsandbytes",)


def require_packages(recipe: TrainingRecipe) -> None:
    """Require the libraries that a training uses.

    Raises:
        UserError: One is missing.
    """
    needed = list(_NEEDED)
    needed += _OF_CAUSAL if recipe.kind == "causal" else ()
    needed += _OF_QLORA if recipe.method == "qlora" else ()
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        raise UserError(
            f"The Python that trains, {sys.executable}, has no {', '.join(missing)}. Install them there, or set "
            "CAIRN_TRAIN_PYTHON for the worker to one that has them."
        )


def require_room(base: Base, recipe: TrainingRecipe, scratch: Path) -> None:
    """Require room for a checkpoint as a folder and packed, and for the student.

    Raises:
        UserError: There is less.
    """
    student = shape_of(base)
    if recipe.method == "full" or student is None:
        # Weights and two moments in fp32, twice, and the weights once more.
        wanted = (2 * 12 + 4.0) * base.weights.parameters
    else:
        frozen = state_bytes(student, "lora", 0)
        wanted = 2 * (state_bytes(student, "lora", recipe.rank) - frozen)
    require_free(scratch, wanted, f"Training {base.name}")


def checked_revision(stage: TrainingStage, recipe: TrainingRecipe) -> str:
    """Return the commit of the Hub that the run was checked with, so that what it trains is that and nothing newer."""
    found: str = stage.previous.get("check", {}).get("base_revision") or recipe.revision
    return found
