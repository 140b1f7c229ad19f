"""Tiny models with random weights, made by the Python that trains: `tiny_bases.py FOLDER`."""

import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

TEMPLATE = (
    "{%- for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>' + '\\n' }}"
    "{%- endfor %}{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{%- endif %}"
)
TEXTS = [
    "user assistant system turn the lights in the kitchen on",
    "set the music in the hall to seven, please",
    '{"device": "lights", "room": "kitchen", "state": "on"}',
]


def main(folder: Path) -> None:
    """Write a Llama that can be trained, and variants of it that cannot."""
    tokenizer = make_tokenizer()
    model = make_model(len(tokenizer), tokenizer)
    save(folder / "llama", model, tokenizer)
    broken = make_model(len(tokenizer), tokenizer)
    broken.model.norm.weight.data.fill_(float("nan"))
    save(folder / "not_a_number", broken, tokenizer)
    tokenizer.chat_template = None
    save(folder / "no_template", model, tokenizer)
    tokenizer.chat_template = "{{ raise_exception('no system role here') if messages[0]['role'] == 'system' }}"
    save(folder / "no_system", model, tokenizer)
    save(folder / "pickled", model, None)
    weights = folder / "pickled" / "model.safetensors"
    weights.rename(weights.with_name("pytorch_model.bin"))
    tokenizer.chat_template = TEMPLATE
    tokenizer.add_tokens([f"<|extra_{number}|>" for number in range(2_000)])
    save(folder / "foreign_tokenizer", model, tokenizer)
    save(folder / "no_tokenizer", model, None)


def make_tokenizer() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|pad|>", "<|bos|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|bos|>",
        eos_token="<|im_end|>",
        pad_token="<|pad|>",
        chat_template=TEMPLATE,
        model_max_length=2048,
    )


def make_model(vocabulary: int, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=64,
        intermediate_size=192,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=True,
    )
    return LlamaForCausalLM(config).to(torch.bfloat16)


def save(folder: Path, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast | None) -> None:
    model.save_pretrained(folder)
    if tokenizer is not None:
        tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
