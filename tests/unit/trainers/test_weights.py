"""What weight files say: the number of weights, and which model they are."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agents.adapters.trainers.bases import Base
from agents.adapters.trainers.fitting import shape_of
from agents.adapters.trainers.weights import read_config, read_weights
from agents.errors import UserError

CONFIG = {
    "model_type": "llama",
    "num_hidden_layers": 1,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_attention_heads": 4,
    "vocab_size": 100,
}
EMBEDDING, NORM = ("model.embed_tokens.weight", [100, 64]), ("model.norm.weight", [64])


def write_shard(path: Path, tensors: Mapping[str, tuple[list[int], bytes]]) -> None:
    """Write F32 tensors as the format has them: the header's length, the header, the bytes."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, (shape, content) in tensors.items():
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    written = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(written)) + written + data)


def make_model(folder: Path, *, shards: int = 1, value: float = 0.5, **config: object) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({**CONFIG, **config}))
    tensors = {
        EMBEDDING[0]: (EMBEDDING[1], struct.pack("<f", 0.25) * 6400),
        NORM[0]: (NORM[1], struct.pack("<f", value) * 64),
    }
    if shards == 1:
        write_shard(folder / "model.safetensors", tensors)
    for number, (name, tensor) in enumerate(tensors.items() if shards == 2 else ()):
        write_shard(folder / f"model-0000{number}-of-00002.safetensors", {name: tensor})
    return folder


def test_weights_are_counted(tmp_path: Path) -> None:
    weights = read_weights(make_model(tmp_path / "model"))
    assert weights.parameters == 6_464
    assert weights.names == {EMBEDDING[0], NORM[0]}


def test_the_same_model_in_other_shards_has_the_same_fingerprint(tmp_path: Path) -> None:
    whole = make_model(tmp_path / "whole", transformers_version="5.1")
    parts = make_model(tmp_path / "parts", shards=2, transformers_version="5.2", _name_or_path="elsewhere")
    assert read_weights(whole).fingerprint == read_weights(parts).fingerprint


def test_a_fine_tuned_copy_has_another_fingerprint(tmp_path: Path) -> None:
    base, tuned = make_model(tmp_path / "base"), make_model(tmp_path / "tuned", value=0.500001)
    assert read_weights(base).fingerprint != read_weights(tuned).fingerprint


def test_another_configuration_of_the_same_weights_is_another_model(tmp_path: Path) -> None:
    base, scaled = make_model(tmp_path / "base"), make_model(tmp_path / "scaled", rope_theta=1e6)
    assert read_weights(base).fingerprint != read_weights(scaled).fingerprint


def test_a_file_that_ends_early_is_damaged(tmp_path: Path) -> None:
    weights = make_model(tmp_path / "model") / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-200])
    with pytest.raises(UserError, match=r"are damaged: it ends before model\.norm\.weight\. Fetch the model again\."):
        read_weights(weights.parent)


def test_a_file_that_is_none_is_damaged(tmp_path: Path) -> None:
    weights = make_model(tmp_path / "model") / "model.safetensors"
    weights.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    with pytest.raises(UserError, match=r"are damaged: a header of [\d,]+ bytes\."):
        read_weights(weights.parent)


def test_a_shared_embedding_counts_twice_in_a_shape(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "model", num_key_value_heads=2)
    student = shape_of(Base("org/model", folder, "", read_config(folder), read_weights(folder)))
    assert student is not None
    assert (student.name, student.parameters, student.kv_heads, student.head_width) == ("model", 6_464 + 6_400, 2, 16)
