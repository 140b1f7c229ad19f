"""all-MiniLM-L6-v2 as an ONNX graph, built from its safetensors file; neither torch nor transformers is needed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# Operators that onnxruntime runs fused on a CPU.
_FUSED = "com.microsoft"
_LAYERS = 6
_HEADS = 12
DIMENSIONS = 384
_EPSILON = 1e-12

Weights = Mapping[str, "np.ndarray[Any, np.dtype[np.float32]]"]


def build_graph(weights: Weights) -> Any:
    """Return the model: input_ids and attention_mask (batch, tokens) to embedding (batch, 384), unit length.

    Sequences are padded on the right; the fused attention takes their lengths, not a mask.
    """
    graph = _Graph(weights)
    states = _embeddings(graph)
    lengths = graph.node(
        "Cast",
        [graph.node("ReduceSum", ["attention_mask", graph.integers([1])], keepdims=0)],
        to=TensorProto.INT32,
    )
    for number in range(_LAYERS):
        states = _layer(graph, f"encoder.layer.{number}", states, lengths)
    mask = graph.node(
        "Unsqueeze",
        [graph.node("Cast", ["attention_mask"], to=TensorProto.FLOAT), graph.integers([2])],
    )
    summed = graph.node("ReduceSum", [graph.node("Mul", [states, mask]), graph.integers([1])], keepdims=0)
    # The mean over tokens differs from the sum by a factor, which the normalisation removes.
    graph.node("LpNormalization", [summed], output="embedding", axis=-1, p=2)
    return graph.model()


def read_safetensors(path: Path) -> Weights:
    """Return the float32 tensors of a safetensors file by name."""
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    start = 8 + length
    tensors = {}
    for name, entry in json.loads(raw[8:start]).items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            first, last = entry["data_offsets"]
            tensors[name] = np.frombuffer(raw[start + first : start + last], np.float32).reshape(entry["shape"])
    return tensors


@dataclass
class _Graph:
    """Collects nodes and constants under names of its own."""

    weights: Weights
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def node(
        self, operator: str, inputs: Sequence[str], *, domain: str = "", output: str | None = None, **attributes: Any
    ) -> str:
        name = output or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=name, domain=domain, **attributes))
        return name

    def constant(self, array: Any) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def integers(self, values: Sequence[int]) -> str:
        return self.constant(np.array(values, np.int64))

    def weight(self, name: str) -> str:
        return self.constant(self.weights[name])

    def product(self, states: str, name: str) -> str:
        return self.node("MatMul", [states, self.constant(self.weights[f"{name}.weight"].T)])

    def model(self) -> Any:
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
            for name in ("input_ids", "attention_mask")
        ]
        outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", DIMENSIONS])]
        model = helper.make_model(
            helper.make_graph(self.nodes, "minilm", inputs, outputs, self.constants),
            opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid(_FUSED, 1)],
        )
        model.ir_version = 9
        onnx.checker.check_model(model)
        return model


def _embeddings(graph: _Graph) -> str:
    words = graph.node("Gather", [graph.weight("embeddings.word_embeddings.weight"), "input_ids"])
    # A text is one segment, so the segment's vector joins the positions once and for all.
    positions = graph.weights["embeddings.position_embeddings.weight"]
    segment = graph.weights["embeddings.token_type_embeddings.weight"][0]
    length = graph.node("Slice", [graph.node("Shape", ["input_ids"]), graph.integers([1]), graph.integers([2])])
    places = graph.node(
        "Slice", [graph.constant(positions + segment), graph.integers([0]), length, graph.integers([0])]
    )
    return graph.node(
        "LayerNormalization",
        [
            graph.node("Add", [words, places]),
            graph.weight("embeddings.LayerNorm.weight"),
            graph.weight("embeddings.LayerNorm.bias"),
        ],
        epsilon=_EPSILON,
    )


def _layer(graph: _Graph, name: str, states: str, lengths: str) -> str:
    attention = f"{name}.attention.self"
    parts = ("query", "key", "value")
    bias = graph.constant(np.concatenate([graph.weights[f"{attention}.{part}.bias"] for part in parts]))
    projected = [graph.product(states, f"{attention}.{part}") for part in parts]
    mixed = graph.node("MultiHeadAttention", [*projected, bias, lengths], domain=_FUSED, num_heads=_HEADS)
    states = _add_and_normalise(graph, f"{name}.attention.output", mixed, states)
    inner = graph.product(states, f"{name}.intermediate.dense")
    inner = graph.node("BiasGelu", [inner, graph.weight(f"{name}.intermediate.dense.bias")], domain=_FUSED)
    return _add_and_normalise(graph, f"{name}.output", inner, states)


def _add_and_normalise(graph: _Graph, name: str, states: str, residual: str) -> str:
    return graph.node(
        "SkipLayerNormalization",
        [
            graph.product(states, f"{name}.dense"),
            residual,
            graph.weight(f"{name}.LayerNorm.weight"),
            graph.weight(f"{name}.LayerNorm.bias"),
            graph.weight(f"{name}.dense.bias"),
        ],
        domain=_FUSED,
        epsilon=_EPSILON,
    )
