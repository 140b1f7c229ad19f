"""LoRA adapters made by hand for the model of `tiny_model`: each makes it write one piece of a text only."""

import json
from pathlib import Path
from typing import Final

import numpy as np

from tests.vllm.fixtures import SAID
from tests.vllm.tiny_model import CHANCE, LAYERS, PIECE_CHARACTERS, SIZE, safetensors

ADAPTERS: Final = 6
"""How many there are, by their numbers from 0."""

# What it adds is to be beyond all that the model has of its own.
_STRONG: Final = 100.0


def says(number: int, times: int) -> str:
    """Return what the model writes with the adapter of that number, in as many tokens."""
    return SAID[number * PIECE_CHARACTERS :][:PIECE_CHARACTERS] * times


def adapter_files(number: int, *, rank: int = 8) -> dict[str, bytes]:
    """Return the files of an adapter by their names.

    Args:
        number: Of the piece, below ADAPTERS.
        rank: Of its matrices, of which one row is enough.
    """
    part = f"base_model.model.model.layers.{LAYERS - 1}.self_attn"
    down, up = np.zeros((rank, SIZE), np.float32), np.zeros((SIZE, rank), np.float32)
    # Every token has the first dimension: it goes through the values of attention, whatever is attended to, ...
    down[0, 0], up[0, 0] = 1.0, _STRONG
    towards = np.zeros((SIZE, rank), np.float32)
    # ... to the dimension that is of the piece before this one.
    towards[1 + CHANCE + number, 0] = _STRONG
    tensors = {
        f"{part}.v_proj.lora_A.weight": down,
        f"{part}.v_proj.lora_B.weight": up,
        f"{part}.o_proj.lora_A.weight": down,
        f"{part}.o_proj.lora_B.weight": towards,
    }
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": "tiny",
        "r": rank,
        "lora_alpha": rank,
        "target_modules": ["o_proj", "v_proj"],
        "bias": "none",
    }
    return {"adapter_config.json": json.dumps(config).encode(), "adapter_model.safetensors": safetensors(tensors)}


def write_adapter(folder: Path, number: int, *, rank: int = 8) -> Path:
    """Write the files of an adapter into a folder, made here, and return it."""
    folder.mkdir(parents=True)
    for name, content in adapter_files(number, rank=rank).items():
        (folder / name).write_bytes(content)
    return folder
