"""Models that write: their prompts, and greedy answers in batches that do not depend on what stands beside them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, GenerationConfig

from agents.adapters.predictors.batches import Prompt, Row
from agents.adapters.trainers.bases import Base
from agents.adapters.trainers.recipe import TrainingRecipe
from agents.distillation.examples import Input
from agents.errors import UserError


def load_writer(base: Base, recipe: TrainingRecipe) -> Any:
    """Return a model in the precision that the recipe trains in, on the GPUs of this process or else its processor.

    Raises:
        UserError: It is none that writes.
    """
    dtype = torch.bfloat16 if recipe.dtype == "bf16" else torch.float32
    options: dict[str, Any] = {"dtype": dtype}
    gpus = torch.cuda.device_count()
    if gpus:
        # Shared out by layers where there are several; on one alone that would hide what does not fit.
        options["device_map"] = {"": 0} if gpus == 1 else "auto"
    if recipe.method == "qlora":
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
        )
    try:
        return AutoModelForCausalLM.from_pretrained(base.folder, use_safetensors=True, **options).eval()
    except (ValueError, OSError, KeyError) as cause:
        said = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
        raise UserError(f"{base.name} cannot be loaded as a model that writes: {said}. Choose another base.") from cause


def with_adapter(model: Any, folder: Path) -> Any:
    """Return the model with the adapter in a folder."""
    from peft import PeftModel  # noqa: PLC0415  # only a student with an adapter needs it

    return PeftModel.from_pretrained(model, folder).eval()


def chat_prompts(
    inputs: Sequence[Input], instructions: str, tokenizer: Any, base: Base, max_new_tokens: int
) -> list[Prompt]:
    """Return inputs as the tokens of a chat with instructions, the way examples are written for training.

    Raises:
        UserError: The base has no chat template, or one that refuses an input.
    """
    if tokenizer.chat_template is None:
        raise UserError(
            f"The tokenizer of {base.name} has no chat template, by which a prompt is written. Choose a base that was "
            "trained to chat, such as one named Instruct, or put a chat_template.jinja into its folder."
        )
    places = (base.config.get("text_config") or base.config).get("max_position_embeddings")
    prompts = []
    for each in inputs:
        messages = [{"role": "system", "content": instructions}, {"role": "user", "content": each.text}]
        try:
            text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        except Exception as cause:  # templates raise what they like, in Jinja's own kinds of error
            raise UserError(f"The chat template of {base.name} refuses an input: {cause}. Choose another base.") from (
                cause
            )
        tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
        prompts.append(Prompt(each.id, tokens, isinstance(places, int) and len(tokens) + max_new_tokens > places))
    return prompts


class Writer:
    """A model with its tokenizer, which answers as a server does that is asked for temperature 0.

    Args:
        model: On its device.
        tokenizer: Its own.
        max_new_tokens: Where an answer is cut.
    """

    def __init__(self, model: Any, tokenizer: Any, max_new_tokens: int) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._ends = sorted(_ends(model, tokenizer))
        self._pad = next((each for each in (tokenizer.pad_token_id, *self._ends) if each is not None), 0)
        # Whatever else the model's own file sets, such as a temperature or a penalty on repetition, does not hold.
        model.generation_config = GenerationConfig(
            do_sample=False, max_new_tokens=max_new_tokens, eos_token_id=self._ends or None, pad_token_id=self._pad
        )

    def answer(self, prompts: Sequence[Prompt]) -> list[Row]:
        """Return the rows for some prompts."""
        longest = max(len(each.tokens) for each in prompts)
        # On the left, since what is written follows on the right.
        padding = [longest - len(each.tokens) for each in prompts]
        tokens = [[self._pad] * pad + list(each.tokens) for pad, each in zip(padding, prompts, strict=True)]
        mask = [[0] * pad + [1] * (longest - pad) for pad in padding]
        with torch.inference_mode():
            device = self._model.device
            written = self._model.generate(
                input_ids=torch.tensor(tokens, device=device), attention_mask=torch.tensor(mask, device=device)
            )
        return [self._row(each, answer) for each, answer in zip(prompts, written[:, longest:].tolist(), strict=True)]

    def _row(self, prompt: Prompt, written: list[int]) -> Row:
        end = next((place for place, token in enumerate(written) if token in self._ends), None)
        kept = written if end is None else written[:end]
        row: Row = {
            "id": prompt.id,
            "output": self._tokenizer.decode(kept, skip_special_tokens=True, clean_up_tokenization_spaces=False),
            "tokens_in": len(prompt.tokens),
            "tokens_out": len(kept) + (end is not None),
        }
        return row if end is not None else row | {"cut": True}


def _ends(model: Any, tokenizer: Any) -> set[int]:
    """Return the tokens that end an answer: what the model's own file says, and what students are trained to write."""
    given = model.generation_config.eos_token_id
    found = given if isinstance(given, list) else [given]
    return {each for each in (*found, tokenizer.eos_token_id) if each is not None}
