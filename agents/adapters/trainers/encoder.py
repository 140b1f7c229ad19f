"""Students that tell labels apart: an encoder with a head, by adapters that are merged in the end, or all weights."""

from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForSequenceClassification, DataCollatorWithPadding, Trainer, TrainingArguments

from agents.adapters.trainers.assignment import Assignment
from agents.adapters.trainers.bases import Base
from agents.adapters.trainers.loop import Rows
from agents.adapters.trainers.recipe import TrainingRecipe
from agents.errors import UserError

# The parts of a head, by the names that encoders give them: new, or made for another task, so trained as a whole.
_HEADS = ("classifier", "pooler", "pre_classifier", "score")


def make_trainer(assignment: Assignment, tokenizer: Any, arguments: dict[str, Any], rows: Rows) -> Any:
    """Return a trainer of a classifier on examples with input_ids and labels.

    Raises:
        UserError: The base is no encoder, or has no layers of the names given.
    """
    base, recipe = assignment.base, assignment.recipe
    model = _load(base, recipe)
    # An encoder is small beside its batches of short texts: computing twice would only take longer.
    arguments = {**arguments, "gradient_checkpointing": False}
    if recipe.method == "lora":
        model = _with_adapters(base, model, recipe)
    return Trainer(
        model=model,
        args=TrainingArguments(**arguments),
        train_dataset=rows.train,
        eval_dataset=rows.validation,
        processing_class=tokenizer,
        data_collator=DataCollatorWithPadding(tokenizer),
    )


def save(trainer: Any, assignment: Assignment, tokenizer: Any) -> None:
    """Write the classifier with its labels and its tokenizer into a folder, adapters merged into the weights."""
    model = trainer.accelerator.unwrap_model(trainer.model)
    if assignment.recipe.method == "lora":
        model = model.merge_and_unload()
    model.save_pretrained(assignment.student)
    tokenizer.save_pretrained(assignment.student)


def _load(base: Base, recipe: TrainingRecipe) -> Any:
    try:
        return AutoModelForSequenceClassification.from_pretrained(
            base.folder,
            use_safetensors=True,
            dtype=torch.float32,
            num_labels=len(recipe.labels),
            id2label=dict(enumerate(recipe.labels)),
            label2id={label: number for number, label in enumerate(recipe.labels)},
            # A head for other labels is replaced.
            ignore_mismatched_sizes=True,
        )
    except (ValueError, OSError, KeyError) as cause:
        said = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
        raise UserError(f"{base.name} cannot be loaded as a classifier: {said}. Choose another base.") from cause


def _with_adapters(base: Base, model: Any, recipe: TrainingRecipe) -> Any:
    heads = sorted({name.rpartition(".")[2] for name, _ in model.named_modules()} & set(_HEADS))
    targets = recipe.target_modules
    adapters = LoraConfig(
        task_type="SEQ_CLS",
        r=recipe.rank,
        lora_alpha=recipe.scale,
        lora_dropout=recipe.dropout,
        target_modules=targets if isinstance(targets, str) else list(targets),
        modules_to_save=heads,
    )
    try:
        return get_peft_model(model, adapters)
    except ValueError as cause:
        raise UserError(f"{base.name} has no layers to put adapters on: {cause}. Correct target_modules.") from cause
