"""Students that tell labels apart: the likeliest label of each text."""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification

from agents.adapters.predictors.batches import Prompt, Row
from agents.adapters.trainers.bases import Base
from agents.adapters.trainers.examples import longest_text
from agents.adapters.trainers.recipe import TrainingRecipe
from agents.distillation.examples import Input
from agents.errors import UserError


def load_classifier(student: Base) -> Any:
    """Return a trained classifier, on the GPU of this process or else its processor.

    Raises:
        UserError: It is none.
    """
    try:
        model = AutoModelForSequenceClassification.from_pretrained(
            student.folder, use_safetensors=True, dtype=torch.float32
        )
    except (ValueError, OSError, KeyError) as cause:
        said = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
        raise UserError(f"{student.name} cannot be loaded as a classifier: {said}. Train it again.") from cause
    return model.to("cuda" if torch.cuda.is_available() else "cpu").eval()


def text_prompts(inputs: Sequence[Input], tokenizer: Any, recipe: TrainingRecipe) -> list[Prompt]:
    """Return inputs as tokens, cut as they are for training."""
    longest = longest_text(tokenizer, recipe)
    encoded = tokenizer([each.text for each in inputs], truncation=True, max_length=longest)["input_ids"]
    return [Prompt(each.id, tokens) for each, tokens in zip(inputs, encoded, strict=True)]


class Classifier:
    """A classifier with its tokenizer and its labels, in the order of their numbers."""

    def __init__(self, model: Any, tokenizer: Any, labels: Sequence[str]) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._labels = labels

    def answer(self, prompts: Sequence[Prompt]) -> list[Row]:
        """Return the rows for some prompts."""
        padded = self._tokenizer.pad({"input_ids": [list(each.tokens) for each in prompts]}, return_tensors="pt")
        with torch.inference_mode():
            numbers = self._model(**padded.to(self._model.device)).logits.argmax(dim=-1).tolist()
        return [
            {"id": each.id, "output": self._labels[number], "tokens_in": len(each.tokens), "tokens_out": 0}
            for each, number in zip(prompts, numbers, strict=True)
        ]
