"""A base with random weights, and chats that fill its sequences."""

import json
from pathlib import Path
from typing import Any, Final

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from tests.integration.training.tiny_bases import make_tokenizer

# Of Llama 3.1 8B, as its config.json says them.
SHAPE_8B: Final = {
    "vocab_size": 128_256,
    "hidden_size": 4_096,
    "intermediate_size": 14_336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "rope_theta": 500_000.0,
    "max_position_embeddings": 8_192,
}
SHAPE_TINY: Final = {
    "vocab_size": 512,
    "hidden_size": 64,
    "intermediate_size": 192,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 2_048,
}
# What the template puts around the two messages, and more.
_AROUND_TOKENS: Final = 32


def write_base(folder: Path, shape: dict[str, Any]) -> None:
    """Write a Llama of this shape, in bf16, with a tokenizer that has fewer tokens than it has room for."""
    tokenizer = make_tokenizer()
    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    config = LlamaConfig(**shape, **ends, pad_token_id=tokenizer.pad_token_id, tie_word_embeddings=False)
    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
            model = LlamaForCausalLM(config)
    finally:
        torch.set_default_dtype(before)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def write_chats(path: Path, count: int, sequence: int) -> None:
    """Write chats that all but fill the sequence, half of each to be read and half of it to be learned."""
    tokenizer = make_tokenizer()
    word = " lights"
    tokens = len(tokenizer(word * 100)["input_ids"]) / 100
    half = word * int((sequence - _AROUND_TOKENS) / 2 / tokens)
    chat = [{"role": "user", "content": half}, {"role": "assistant", "content": half}]
    path.write_text("".join(json.dumps({"messages": chat}) + "\n" for _ in range(count)), "utf-8")
