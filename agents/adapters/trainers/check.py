"""The stage that looks at the base before anything is paid: `run`, in a process of the Python that trains.

What is not on the host yet is fetched, since the training needs it in any case; the weights are not loaded.
"""

from collections.abc import Mapping
from typing import Any

from agents.adapters.trainers.bases import Base, bring_base
from agents.adapters.trainers.examples import load_tokenizer, require_chats
from agents.adapters.trainers.recipe import TrainingRecipe, read_recipe
from agents.adapters.trainers.requirements import require_packages, require_room
from agents.adapters.trainers.stage import TrainingStage
from agents.errors import UserError


def run(stage: TrainingStage) -> Mapping[str, Any]:
    """Return which base the run is about, or say why it cannot be trained as approved.

    Raises:
        UserError: Libraries, base, tokenizer, chat template or disk space are not there, or not of use.
    """
    recipe = read_recipe(stage.params.get("training"))
    require_packages(recipe)
    base = bring_base(recipe.base, recipe.revision, stage)
    _require_kind(base, recipe)
    tokenizer = load_tokenizer(base)
    if recipe.kind == "causal":
        require_chats(tokenizer, recipe.base, stage.params["prediction"]["instructions"]["student"])
    require_room(base, recipe, stage.scratch)
    stage.log(f"{base.name}: {base.weights.parameters:,} parameters, with its tokenizer")
    return {
        "base": base.name,
        "base_revision": base.revision,
        "base_fingerprint": base.weights.fingerprint,
        "parameters": base.weights.parameters,
    }


def _require_kind(base: Base, recipe: TrainingRecipe) -> None:
    """Require a model that the libraries know, of the kind that the student is to be."""
    # Only the Python that trains has it, and its import takes seconds.
    from transformers.models.auto import modeling_auto  # noqa: PLC0415  # see above

    kinds = {
        "causal": (modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES, "one that writes"),
        "encoder": (modeling_auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES, "a classifier"),
    }
    known, what = kinds[recipe.kind]
    model_type = base.config.get("model_type")
    if model_type not in known:
        raise UserError(
            f"{base.name} is a model of type {model_type!r}, which cannot be trained to be {what}. Choose another "
            "base, or a newer transformers in the Python that trains where the type is new."
        )
