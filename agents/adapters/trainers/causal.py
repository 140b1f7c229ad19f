"""Students that write: supervised fine-tuning of a causal model by adapters, adapters on 4 bits, or all weights."""

from typing import Any

import torch
from peft import LoraConfig
from transformers import AutoModelForCausalLM, BitsAndBytesConfig
from trl import SFTConfig, SFTTrainer

from agents.adapters.trainers.assignment import Assignment
from agents.adapters.trainers.bases import Base
from agents.adapters.trainers.loop import Rows
from agents.adapters.trainers.recipe import TrainingRecipe
from agents.errors import UserError


def make_trainer(assignment: Assignment, tokenizer: Any, arguments: dict[str, Any], rows: Rows) -> Any:
    """Return a trainer of a causal model on examples with input_ids and labels.

    Raises:
        UserError: The base is no causal model, or has no layers of the names given.
    """
    base, recipe = assignment.base, assignment.recipe
    config = SFTConfig(**arguments, max_length=recipe.sequence, dataset_kwargs={"skip_prepare_dataset": True})
    try:
        trainer = SFTTrainer(
            model=_load(base, recipe),
            args=config,
            train_dataset=rows.train,
            eval_dataset=rows.validation,
            processing_class=tokenizer,
            peft_config=_adapters(recipe),
        )
    except ValueError as cause:
        if "arget modules" not in str(cause):
            raise
        raise UserError(f"{base.name} has no layers to put adapters on: {cause}. Correct target_modules.") from cause
    if recipe.method == "qlora":
        # The trainer makes adapters of a quantised model bf16, in which steps of this size are mostly rounded away;
        # as for lora, they and the moments of their optimiser are kept in fp32.
        for parameter in trainer.model.parameters():
            if parameter.requires_grad:
                parameter.data = parameter.data.float()
    return trainer


def save(trainer: Any, assignment: Assignment, tokenizer: Any) -> None:
    """Write the adapter, or the whole model with its tokenizer, into a folder; all processes take part."""
    base, recipe, folder = assignment.base, assignment.recipe, assignment.student
    model = trainer.accelerator.unwrap_model(trainer.model_wrapped)
    state = trainer.accelerator.get_state_dict(trainer.model_wrapped)
    if not trainer.is_world_process_zero():
        return
    if recipe.has_adapter:
        adapter = model.peft_config["default"]
        adapter.base_model_name_or_path, adapter.revision = base.name, base.revision or None
        # A set, in which names stand in another order each time.
        adapter.target_modules = sorted(adapter.target_modules)
        # Else the hub would be asked whether the base has other embeddings by now.
        model.save_pretrained(folder, state_dict=state, save_embedding_layers=False)
        (folder / "README.md").unlink(missing_ok=True)
        return
    kept = _dtype(recipe)
    model.save_pretrained(folder, state_dict={name: value.to(kept) for name, value in state.items()})
    tokenizer.save_pretrained(folder)


def _load(base: Base, recipe: TrainingRecipe) -> Any:
    options: dict[str, Any] = {"dtype": torch.float32 if recipe.method == "full" else _dtype(recipe)}
    if recipe.method == "qlora":
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=_dtype(recipe),
            # FSDP shards only what is stored as floats.
            bnb_4bit_quant_storage=_dtype(recipe),
        )
    try:
        return AutoModelForCausalLM.from_pretrained(base.folder, use_safetensors=True, **options)
    except (ValueError, OSError, KeyError) as cause:
        said = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
        raise UserError(f"{base.name} cannot be loaded as a model that writes: {said}. Choose another base.") from cause


def _adapters(recipe: TrainingRecipe) -> LoraConfig | None:
    if recipe.method == "full":
        return None
    targets = recipe.target_modules
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=recipe.rank,
        lora_alpha=recipe.scale,
        lora_dropout=recipe.dropout,
        target_modules=targets if isinstance(targets, str) else list(targets),
    )


def _dtype(recipe: TrainingRecipe) -> torch.dtype:
    return torch.bfloat16 if recipe.dtype == "bf16" else torch.float32
