"""What the weight files of a model say about it, read without loading them."""

import hashlib
import json
import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from agents.errors import UserError

_SAMPLE_BYTES = 4096
_LARGEST_HEADER = 100_000_000
# What differs between two copies of the same model.
_OF_THE_COPY = ("_name_or_path", "transformers_version")


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of a model: how many there are, which matrices, and what tells them from any others."""

    parameters: int
    names: frozenset[str]
    fingerprint: str


def read_weights(folder: Path) -> Weights:
    """Return what the safetensors files of a folder hold.

    The fingerprint is a SHA-256 over config.json and, by name, each tensor's type, shape and the 4 KiB in its middle.
    A fine-tuned copy has the shapes of its base, so bytes of each tensor count; a copy in other shards is the same
    model, so files do not. It takes a second for 70B, and it identifies a model: it is no proof against forgery.

    Raises:
        UserError: There are none, or a file is damaged.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise UserError(
            f"The model in {folder} has no weights as safetensors, and other formats can hold code. Choose a "
            "model that has them, or convert it with save_pretrained(safe_serialization=True)."
        )
    tensors: dict[str, tuple[str, list[int], str]] = {}
    for file in files:
        try:
            with file.open("rb") as opened:
                tensors.update(_tensors(opened))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as cause:
            raise UserError(f"The weights in {file} are damaged: {cause}. Fetch the model again.") from cause
    config = {name: value for name, value in read_config(folder).items() if name not in _OF_THE_COPY}
    digest = hashlib.sha256(json.dumps([config, sorted(tensors.items())], sort_keys=True).encode()).hexdigest()
    return Weights(sum(math.prod(shape) for _, shape, _ in tensors.values()), frozenset(tensors), digest)


def read_config(folder: Path) -> Mapping[str, Any]:
    """Return the config.json of a model.

    Raises:
        UserError: There is none, or it is none.
    """
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except FileNotFoundError:
        raise UserError(f"The folder {folder} holds no model: it has no config.json. Correct base.") from None
    except (OSError, ValueError) as cause:
        raise UserError(f"The config.json of the model in {folder} cannot be read: {cause}.") from cause
    if not isinstance(config, dict):
        raise UserError(f"The config.json of the model in {folder} is no object. Fetch the model again.")
    return config


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _tensors(opened: BinaryIO) -> Iterator[tuple[str, tuple[str, list[int], str]]]:
    """Yield name, type, shape and the digest of a sample of each tensor of a file."""
    (length,) = struct.unpack("<Q", opened.read(8))
    if length > _LARGEST_HEADER:
        raise ValueError(f"a header of {length:,} bytes")
    header = json.loads(opened.read(length))
    start = 8 + length
    for name, tensor in header.items():
        if name == "__metadata__":
            continue
        first, last = tensor["data_offsets"]
        size = min(_SAMPLE_BYTES, last - first)
        opened.seek(start + (first + last - size) // 2)
        sample = opened.read(size)
        if len(sample) != size:
            raise ValueError(f"it ends before {name}")
        yield name, (tensor["dtype"], tensor["shape"], hashlib.sha256(sample).hexdigest())
