"""How a student is trained, as plain JSON says it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, Literal, get_args

from agents.costs.training import Method
from agents.errors import UserError, quoted

Kind = Literal["causal", "encoder"]
# LoRA learns best at about ten times the rate of full fine-tuning.
LEARNING_RATES = MappingProxyType({"lora": 2e-4, "qlora": 2e-4, "full": 2e-5})
SCHEDULES = ("cosine", "linear", "constant", "constant_with_warmup")
DTYPES = ("bf16", "fp32")


@dataclass(frozen=True, slots=True)
class TrainingRecipe:
    """The settings of a training.

    Attributes:
        base: The model to start from: a folder, or an id of the Hugging Face Hub.
        kind: `causal` for a model that writes, `encoder` for one that only tells labels apart.
        method: Adapters on a base (`lora`), on a base of 4 bits (`qlora`), or all weights (`full`).
        revision: Of the id: a branch, a tag or a commit; the newest where empty.
        rank: Of the adapters.
        alpha: What their product is scaled by, over the rank; twice the rank where None.
        dropout: Of the adapters.
        target_modules: The layers that get adapters: "all-linear", or names.
        learning_rate: At its height.
        epochs: Passes over the examples.
        max_steps: Ends earlier where above 0.
        batch: Examples of a step, over all GPUs.
        micro_batch: Of these, how many a GPU takes at once.
        sequence: Tokens of an example at most.
        schedule: How the learning rate falls.
        warmup: Share of the steps in which it rises.
        weight_decay: Of AdamW.
        gradient_checkpointing: Compute activations twice rather than keep them.
        dtype: Of frozen weights, and of arithmetic on a GPU.
        seed: Of the order of examples, of new weights and of dropout.
        save_every: Steps between checkpoints.
        log_every: Steps between points of the loss curve.
        labels: What an encoder tells apart.
    """

    base: str
    kind: Kind = "causal"
    method: Method = "lora"
    revision: str = ""
    rank: int = 16
    alpha: int | None = None
    dropout: float = 0.0
    target_modules: str | tuple[str, ...] = "all-linear"
    learning_rate: float | None = None
    epochs: float = 3.0
    max_steps: int = -1
    batch: int = 16
    micro_batch: int = 8
    sequence: int = 1024
    schedule: str = "cosine"
    warmup: float = 0.03
    weight_decay: float = 0.01
    gradient_checkpointing: bool = True
    dtype: str = "bf16"
    seed: int = 0
    save_every: int = 20
    log_every: int = 5
    labels: tuple[str, ...] = ()

    @property
    def rate(self) -> float:
        """The learning rate at its height."""
        return self.learning_rate if self.learning_rate is not None else LEARNING_RATES[self.method]

    @property
    def scale(self) -> int:
        """LoRA's alpha."""
        return self.alpha if self.alpha is not None else 2 * self.rank

    @property
    def has_adapter(self) -> bool:
        """Whether what comes out is an adapter, and not a whole model: a classifier is merged before it is served."""
        return self.kind == "causal" and self.method != "full"


def read_recipe(document: object) -> TrainingRecipe:
    """Return the recipe that plain JSON says.

    Raises:
        UserError: It says something that cannot be trained by.
    """
    if not isinstance(document, Mapping):
        raise UserError(f"The settings of a training must be an object, not {quoted(document)}.")
    known = [field.name for field in fields(TrainingRecipe)]
    unknown = sorted(set(document) - set(known))
    if unknown:
        raise UserError(f"A training has no setting {quoted(unknown[0])}. Known: {', '.join(known)}.")
    given: dict[str, Any] = dict(document)
    given |= {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
    if not isinstance(given.get("base"), str) or not given["base"].strip():
        raise UserError("A training needs base: a folder, or an id of the Hugging Face Hub such as Qwen/Qwen3-8B.")
    recipe = TrainingRecipe(**given)
    for name, is_fine, wanted in _rules(recipe):
        if not is_fine:
            raise UserError(f"A training with {name} {quoted(given.get(name))} is not possible: give {wanted}.")
    if recipe.kind == "encoder" and recipe.method == "qlora":
        raise UserError("An encoder is not trained by qlora, since it is small enough without. Choose lora or full.")
    if recipe.kind == "encoder" and len(recipe.labels) < 2:
        raise UserError(f"An encoder needs labels to tell apart, two at least, not {len(recipe.labels)}.")
    return recipe


def _rules(recipe: TrainingRecipe) -> tuple[tuple[str, bool, str], ...]:
    """Return for each setting whether it can be used, and what can."""
    targets = recipe.target_modules
    return (
        ("kind", recipe.kind in get_args(Kind), " or ".join(get_args(Kind))),
        ("method", recipe.method in get_args(Method), ", ".join(get_args(Method))),
        ("revision", isinstance(recipe.revision, str), "a branch, a tag or a commit"),
        ("rank", _is_whole(recipe.rank, 1, 1_024), "a whole number from 1 to 1,024"),
        ("alpha", recipe.alpha is None or _is_whole(recipe.alpha, 1, 4_096), "a whole number from 1 to 4,096"),
        ("dropout", _is_between(recipe.dropout, 0, 0.9), "a share from 0 to 0.9"),
        ("target_modules", bool(targets) and (isinstance(targets, str) or _are_texts(targets)), "all-linear, or names"),
        ("learning_rate", recipe.learning_rate is None or _is_between(recipe.learning_rate, 1e-9, 1), "up to 1"),
        ("epochs", _is_between(recipe.epochs, 0.001, 1_000), "a number above 0, up to 1,000"),
        ("max_steps", _is_whole(recipe.max_steps, -1, 10**9), "a whole number, -1 for all epochs"),
        ("batch", _is_whole(recipe.batch, 1, 65_536), "a whole number from 1"),
        ("micro_batch", _is_whole(recipe.micro_batch, 1, 65_536), "a whole number from 1"),
        ("sequence", _is_whole(recipe.sequence, 8, 1_000_000), "a whole number of tokens from 8"),
        ("schedule", recipe.schedule in SCHEDULES, ", ".join(SCHEDULES)),
        ("warmup", _is_between(recipe.warmup, 0, 0.9), "a share from 0 to 0.9"),
        ("weight_decay", _is_between(recipe.weight_decay, 0, 1), "a number from 0 to 1"),
        ("gradient_checkpointing", isinstance(recipe.gradient_checkpointing, bool), "true or false"),
        ("dtype", recipe.dtype in DTYPES, " or ".join(DTYPES)),
        ("seed", _is_whole(recipe.seed, 0, 2**31 - 1), "a whole number from 0"),
        ("save_every", _is_whole(recipe.save_every, 1, 10**9), "a whole number of steps from 1"),
        ("log_every", _is_whole(recipe.log_every, 1, 10**9), "a whole number of steps from 1"),
        ("labels", _are_texts(recipe.labels) and len(set(recipe.labels)) == len(recipe.labels), "texts that differ"),
    )


def _is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_between(value: object, least: float, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def _are_texts(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(each, str) and each for each in value)
