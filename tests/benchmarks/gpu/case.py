"""One training in a process of its own: `case.py` as a module, with the case as JSON; the figures are its last line."""

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import torch
from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

from agents.adapters.trainers import child
from agents.adapters.trainers.bases import find_base
from agents.adapters.trainers.examples import chat_examples, load_tokenizer
from agents.adapters.trainers.fitting import shape_of
from agents.adapters.trainers.recipe import LEARNING_RATES, TrainingRecipe
from agents.costs.training import Method
from agents.costs.training_memory import TrainingSettings, per_gpu_bytes
from tests.benchmarks.gpu.bases import write_chats
from tests.fakes.child_stage import FolderStage

RANK: Final = 16
ON_GPU: Final = torch.cuda.is_available()


@dataclass(frozen=True, slots=True)
class Case:
    """A training.

    Attributes:
        base: The folder of the model.
        loop: Who trains: the product, or the shortest loop that does the same.
        method: How.
        micro_batch: Examples at once, and in a step.
        sequence: Tokens of each.
        steps: How many.
    """

    base: str
    loop: Literal["cairn", "bare"]
    method: Method
    micro_batch: int
    sequence: int
    steps: int

    def recipe(self) -> dict[str, Any]:
        """Return the settings of the training."""
        return {
            "base": self.base,
            "method": self.method,
            "rank": RANK,
            "batch": self.micro_batch,
            "micro_batch": self.micro_batch,
            "sequence": self.sequence,
            "max_steps": self.steps,
            "save_every": 10 * self.steps,
            "log_every": self.steps,
        }


def main(case: Case, folder: Path) -> Mapping[str, Any]:
    """Train, and return how fast that was and what it took."""
    kept = folder / "kept"
    kept.mkdir()
    write_chats(kept / "train.jsonl", case.micro_batch * case.steps, case.sequence)
    (kept / "validation.jsonl").write_text("", "utf-8")
    stage = FolderStage(kept, {"training": case.recipe()})
    # What it would take is looked up before memory is taken.
    shape = shape_of(find_base(case.base, "", stage))
    settings = TrainingSettings(RANK, case.micro_batch, case.sequence)
    formula = per_gpu_bytes(shape, case.method, settings) if shape is not None else None
    figures = child.run(stage) if case.loop == "cairn" else _bare(case, stage)
    return {
        **asdict(case),
        "tokens_per_s": figures["tokens_per_s"],
        "tokens": figures["tokens"],
        # Where there is no GPU it is that of the process, of which the formula knows nothing.
        "peak_bytes": figures["peak_memory_bytes"] if ON_GPU else None,
        "formula_bytes": formula if ON_GPU else None,
    }


def _bare(case: Case, stage: FolderStage) -> Mapping[str, Any]:
    device = "cuda" if ON_GPU else "cpu"
    base = find_base(case.base, "", stage)
    recipe = TrainingRecipe(**case.recipe())
    rows = chat_examples(stage.fetch("train.jsonl"), "train.jsonl", load_tokenizer(base), recipe, stage.log)
    model = _model(case, device)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=LEARNING_RATES[case.method], weight_decay=recipe.weight_decay)
    model.train()
    tokens, began_s = 0, time.monotonic()
    for step in range(case.steps):
        batch = rows[step * case.micro_batch : (step + 1) * case.micro_batch]
        # All chats are as long, so that nothing is padded.
        taken = {key: torch.tensor([row[key] for row in batch], device=device) for key in ("input_ids", "labels")}
        with torch.autocast(device, dtype=torch.bfloat16, enabled=ON_GPU):
            loss = model(**taken, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        tokens += taken["input_ids"].numel()
    if ON_GPU:
        torch.cuda.synchronize()
    seconds = time.monotonic() - began_s
    peak = torch.cuda.max_memory_allocated() if ON_GPU else None
    return {"tokens": tokens, "tokens_per_s": tokens / seconds, "peak_memory_bytes": peak}


def _model(case: Case, device: str) -> Any:
    options: dict[str, Any] = {"dtype": torch.float32 if case.method == "full" else torch.bfloat16}
    if case.method == "qlora":
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
    model = AutoModelForCausalLM.from_pretrained(case.base, use_safetensors=True, device_map=device, **options)
    checkpointing = {"use_reentrant": False}
    if case.method == "qlora":
        model = prepare_model_for_kbit_training(model, gradient_checkpointing_kwargs=checkpointing)
    else:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs=checkpointing)
    if case.method == "full":
        return model
    model.enable_input_require_grads()
    adapters = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules="all-linear", task_type="CAUSAL_LM")
    return get_peft_model(model, adapters)


if __name__ == "__main__":
    print(json.dumps(main(Case(**json.loads(sys.argv[1])), Path(sys.argv[2]))))
