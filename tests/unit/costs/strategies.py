"""Cost files of any kind: every key of the schema, at any value that the schema lets through."""

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

from agents.costs.inputs import CostInputs
from tests.unit.costs.books import GPUS, MODELS

SCHEMA: Mapping[str, Any] = CostInputs.model_json_schema()

# Keys that hold a name which must be in a price book; a made-up model has its price in the file.
_API_MODELS = [*(name for name in MODELS if "embedding" not in name), "house-model"]
_NAMES: Mapping[str, list[str]] = {
    "models": _API_MODELS,
    "open_models": ["8B", "70B"],
    "teacher": [*_API_MODELS, "70B", "8B"],
    "student": ["8B", "70B"],
    "gpu": [*GPUS, "B900"],
    "training_gpu": [*GPUS, "B900"],
    "embedder": ["text-embedding-3-small"],
    "prices_usd_per_mtok": ["house-model", "claude-sonnet-5-5", "gpt-4o"],
    "gpus": ["B900", "H100-80"],
}
# Without these nothing can be priced.
_NEEDED = ("requests_per_day", "tokens_in", "tokens_out")


def _values(schema: Mapping[str, Any], key: str) -> st.SearchStrategy[Any]:
    """Return what a part of the schema lets through."""
    if "$ref" in schema:
        return _values(SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], key)
    if "anyOf" in schema:
        return st.one_of([_values(part, key) for part in schema["anyOf"] if part.get("type") != "null"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    kinds: Mapping[str, Callable[[], st.SearchStrategy[Any]]] = {
        "boolean": st.booleans,
        "string": lambda: st.sampled_from(_NAMES[key]),
        "integer": lambda: _numbers(schema, is_whole=True),
        "number": lambda: _numbers(schema, is_whole=False),
        "array": lambda: st.lists(_values(schema["items"], key), max_size=min(3, schema["maxItems"])),
        "object": lambda: _objects(schema, key),
    }
    return kinds[schema["type"]]()


def _numbers(schema: Mapping[str, Any], *, is_whole: bool) -> st.SearchStrategy[Any]:
    low, high = schema.get("minimum", schema.get("exclusiveMinimum")), schema.get("maximum")
    excludes = "exclusiveMinimum" in schema
    if is_whole:
        return st.integers(low + 1 if excludes else low, high)
    return st.floats(low, high, exclude_min=excludes, allow_nan=False, allow_infinity=False)


def _objects(schema: Mapping[str, Any], key: str) -> st.SearchStrategy[Any]:
    if "properties" not in schema:
        return st.dictionaries(st.sampled_from(_NAMES[key]), _values(schema["additionalProperties"], key), max_size=2)
    parts = {name: _values(part, name) for name, part in schema["properties"].items()}
    needed = {name: parts.pop(name) for name in schema.get("required", ())}
    return st.fixed_dictionaries(needed, optional=parts)


_KEYS = {key: _values(part, key) for key, part in SCHEMA["properties"].items()}


@st.composite
def any_documents(draw: st.DrawFn, *, priced: bool = True) -> dict[str, Any]:
    """Return a cost file with a handful of keys at any value; `priced` ones say tokens and volume."""
    chosen = draw(st.sets(st.sampled_from(sorted(_KEYS)), max_size=12))
    if priced:
        chosen |= set(_NEEDED)
    return {key: draw(_KEYS[key], label=key) for key in sorted(chosen)}


# Workloads that a team may well have, which leave little to absurdity and much to the order of the approaches.
@st.composite
def usual_documents(draw: st.DrawFn) -> dict[str, Any]:
    """Return a cost file as a team may well have it."""
    tokens_in = draw(st.sampled_from([40, 500, 1_000, 3_000, 20_000]))
    document: dict[str, Any] = {
        "requests_per_day": draw(st.floats(1, 1e7)),
        "tokens_in": tokens_in,
        "tokens_out": draw(st.integers(1, 1_500)),
        "static_prefix": draw(st.sampled_from([0, tokens_in // 2, tokens_in])),
        "student": draw(st.sampled_from(["8B", "70B"])),
        "models": draw(st.sampled_from([["claude-sonnet-5-5"], ["claude-sonnet-5-5", "claude-haiku-5-5"], ["gpt-4o"]])),
        "small_api_meets_bar": draw(st.sampled_from(["yes", "no", "not_tested"])),
        "engineering_day_rate": draw(st.sampled_from([0, 800])),
        "claude_token_factor": draw(st.sampled_from([1, 1.3])),
    }
    if draw(st.booleans()):
        document |= {"gpu": draw(st.sampled_from(["A100-80", "H100-80", "H200-141"])), "n_gpu": draw(st.integers(1, 8))}
    if draw(st.booleans()):
        document |= {"knowledge_tokens": draw(st.integers(2_000, 190_000)), "top_k": draw(st.integers(1, 20))}
    return document
