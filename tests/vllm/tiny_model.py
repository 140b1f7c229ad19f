"""A model made by hand, in a folder as vLLM reads it: it recites what it was written for, and else talks nonsense.

Its next token hangs on the last one alone. A request whose last message holds a cue such as `[[calls]]` is answered
with the text of that name, token by token; every other with words by chance, in about a hundred tokens.

Its layers add nothing, and can be trained to: adapters make students of it.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

MODEL: Final = "tiny"
CONTEXT_TOKENS: Final = 32_768

_TOKENS: Final = 2_000
_BEGIN, _END = "<|im_start|>", "<|im_end|>"
PIECE_CHARACTERS: Final = 9
LAYERS: Final = 2
# The first dimension is the same in all tokens; then those of chance, then one for each piece that is recited.
CHANCE: Final = 63
SIZE: Final = 256
# Of logits: a piece that follows comes for certain, and in about one of a hundred cases nonsense ends.
_CERTAIN: Final = 60.0
_ENDS: Final = 3.6
# The form of Qwen and of what vLLM's tool parser `hermes` reads, as short as it can be.
_TEMPLATE: Final = (
    "{% if tools %}<|im_start|>system\n{{ tools | tojson }}<|im_end|>\n{% endif %}"
    "{% for message in messages %}<|im_start|>{{ message.role }}\n"
    "{% if message.content is string %}{{ message.content }}{% endif %}"
    "{% if message.tool_calls %}{{ message.tool_calls | tojson }}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\nCUES{% endif %}"
)


def cue(name: str) -> str:
    """Return what a message holds that is to be answered with the text of this name."""
    return f"[[{name}]]"


def write_tiny_model(folder: Path, words: Iterable[str], recited: Mapping[str, str]) -> None:
    """Write the files of a Llama whose layers do nothing, between weights that chain the tokens.

    Args:
        folder: Where to; made here.
        words: What the tokeniser learns its tokens from, and so the words of which nonsense is made.
        recited: Texts by the names of their cues; one that ends with "..." begins again until tokens run out.
    """
    folder.mkdir(parents=True)
    tokenizer = _trained(words)
    seen: set[str] = set()
    pieces = {name: [f"<|{name}|>", *_pieces(text.removesuffix("..."), seen)] for name, text in recited.items()}
    of_chance = tokenizer.get_vocab_size()
    tokenizer.add_special_tokens([AddedToken(chain[0], special=True) for chain in pieces.values()])
    tokenizer.add_tokens([AddedToken(piece, normalized=False) for chain in pieces.values() for piece in chain[1:]])
    known = tokenizer.get_vocab()
    end = known[_END]
    follows: dict[int, int] = {}
    for name, chain in pieces.items():
        ids = [known[piece] for piece in chain]
        follows |= dict(zip(ids, [*ids[1:], ids[1] if recited[name].endswith("...") else end], strict=True))
    tokenizer.save(str(folder / "tokenizer.json"))
    cues = "".join(f"{{% if '{cue(name)}' in messages[-1].content %}}<|{name}|>{{% endif %}}" for name in recited)
    of_tokenizer = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": _END,
        "chat_template": _TEMPLATE.replace("CUES", cues),
        "model_max_length": CONTEXT_TOKENS,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(of_tokenizer), encoding="utf-8")
    (folder / "config.json").write_text(json.dumps(_config(tokenizer.get_vocab_size(), end)), encoding="utf-8")
    weights = _weights(tokenizer.get_vocab_size(), of_chance, end, follows)
    (folder / "model.safetensors").write_bytes(safetensors(weights))


def safetensors(tensors: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Return the bytes of a file of the safetensors format: the length of a header, the header, the numbers."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [at, at + tensor.nbytes]}
        at += tensor.nbytes
    told = json.dumps(header).encode()
    return len(told).to_bytes(8, "little") + told + b"".join(tensor.tobytes() for tensor in tensors.values())


def _trained(words: Iterable[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_TOKENS,
        special_tokens=[_BEGIN, _END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(words, trainer)
    return tokenizer


def _pieces(text: str, seen: set[str]) -> list[str]:
    """Return a text in pieces that occur nowhere else, so that each has one that follows it."""
    found: list[str] = []
    begin = 0
    while begin < len(text):
        end = begin + PIECE_CHARACTERS
        while text[begin:end] in seen and end < len(text):
            end += 1
        piece = text[begin:end]
        if piece in seen:
            raise ValueError(f"{text!r} ends with what was said before, {piece!r}: word it otherwise")
        seen.add(piece)
        found.append(piece)
        begin = end
    return found


def _config(vocabulary: int, end: int) -> dict[str, Any]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": SIZE,
        "intermediate_size": SIZE,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "head_dim": SIZE // 4,
        "hidden_act": "silu",
        "rms_norm_eps": 1e-5,
        "rope_theta": 10_000.0,
        "tie_word_embeddings": False,
        "torch_dtype": "float32",
        "max_position_embeddings": CONTEXT_TOKENS,
        "vocab_size": vocabulary,
        "eos_token_id": end,
    }


def _weights(
    vocabulary: int, of_chance: int, end: int, follows: Mapping[int, int]
) -> Mapping[str, NDArray[np.float32]]:
    """Return the tensors of the model by their names.

    Args:
        vocabulary: How many tokens there are.
        of_chance: The tokens before this one talk nonsense.
        end: The token that ends an answer.
        follows: What follows each token that is recited or a cue.
    """
    chance = np.random.default_rng(0)
    embedded = np.zeros((vocabulary, SIZE), np.float32)
    wanted = np.zeros((vocabulary, SIZE), np.float32)
    embedded[:, 0] = 1.0
    embedded[:of_chance, 1 : 1 + CHANCE] = chance.standard_normal((of_chance, CHANCE))
    wanted[:of_chance, 1 : 1 + CHANCE] = chance.standard_normal((of_chance, CHANCE)) / 16
    # What nothing has of itself, and only what was trained makes: a training can make it write whatever it likes.
    wanted[:of_chance, 1 + CHANCE :] = chance.standard_normal((of_chance, SIZE - 1 - CHANCE)) / 4
    # By chance nobody begins to recite, and nothing ends but as often as is wanted.
    wanted[of_chance:, 0] = -_CERTAIN
    wanted[end] = 0.0
    for at, (token, following) in enumerate(follows.items()):
        embedded[token, 1 + CHANCE + at] = np.sqrt(SIZE)
        wanted[following, 1 + CHANCE + at] = _CERTAIN
    # The model norms what is embedded: the length is the square root of the size.
    embedded *= np.sqrt(SIZE) / np.linalg.norm(embedded, axis=1, keepdims=True)
    wanted[end, 0] = _ENDS / embedded[:of_chance, 0].mean()
    return {
        "model.embed_tokens.weight": embedded,
        "lm_head.weight": wanted,
        "model.norm.weight": np.ones(SIZE, np.float32),
        **{name: weight for layer in range(LAYERS) for name, weight in _layer(layer, chance).items()},
    }


def _layer(number: int, chance: np.random.Generator) -> Mapping[str, NDArray[np.float32]]:
    """Return the tensors of a layer that adds nothing, and can be trained to: only what it would add with is zero."""
    ones, zeros = np.ones(SIZE, np.float32), np.zeros((SIZE, SIZE), np.float32)
    parts = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "mlp.gate_proj", "mlp.up_proj")
    drawn = {part: chance.standard_normal((SIZE, SIZE)) / np.sqrt(SIZE) for part in parts}
    weights = {
        "input_layernorm": ones,
        "post_attention_layernorm": ones,
        **{part: weight.astype(np.float32) for part, weight in drawn.items()},
        "self_attn.o_proj": zeros,
        "mlp.down_proj": zeros,
    }
    return {f"model.layers.{number}.{name}.weight": weight for name, weight in weights.items()}
