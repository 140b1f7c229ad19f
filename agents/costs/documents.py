"""A cost file read into CostInputs: other spellings, sweeps, and errors a person can act on."""

import difflib
import itertools
import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from agents.costs.inputs import SMALL_MODEL, CostInputs
from agents.costs.students import find_student
from agents.errors import UserError, quoted
from agents.input_faults import faults_in_words

# Other words that people and files use for a key; dynamic_in and model need more than a new name.
ALIASES = MappingProxyType(
    {
        "kb_tokens": "knowledge_tokens",
        "corpus_tokens": "knowledge_tokens",
        "corpus": "knowledge_tokens",
        "k": "top_k",
        "chunk_tokens": "chunk",
        "overlap_tokens": "overlap",
        "dim": "dimensions",
        "dims": "dimensions",
        "embedding_model": "embedder",
        "examples_kept": "examples",
        "api": "models",
        "usd_per_hour": "usd_per_gpu_hour",
    }
)
# A student's method settings that are accepted because this is the one way in which they are modelled.
FIXED = MappingProxyType({"targets": "all-linear", "checkpointing": True})
# Keys that label a case and change nothing.
LABELS = frozenset({"id", "title", "what", "note"})
REWRITTEN = frozenset({"model", "dynamic_in", "system_tokens", "question_tokens", "bytes_per_param", *FIXED})
# Keys that take a list of alternatives, priced one after the other.
SWEPT = ("tokens_in", "requests_per_day", "usd_per_gpu_hour", "min_replicas", "engineering_usd")
MOST_ALTERNATIVES = 50
LONGEST_NAME = 100


def read_inputs(document: Any) -> CostInputs:
    """Return the inputs that a cost file describes; of alternatives the first.

    Raises:
        UserError: A key is unknown, a value is out of range, or the file is no mapping.
    """
    for _, inputs in alternatives(document):
        return inputs
    raise UserError("A list in a cost file must hold at least one value.")


def alternatives(document: Any) -> Iterator[tuple[Mapping[str, Any], CostInputs]]:
    """Yield each combination of the values listed for swept keys, with the inputs it makes.

    Raises:
        UserError: As `read_inputs`, or there are more than 50 combinations.
    """
    if not isinstance(document, Mapping):
        raise UserError(
            f"A cost file holds keys and values, for example requests_per_day: 10000, not a {type(document).__name__}."
        )
    listed = {key: document[key] for key in SWEPT if isinstance(document.get(key), list)}
    count = math.prod(len(values) for values in listed.values())
    if count > MOST_ALTERNATIVES:
        raise UserError(f"The lists make {count:,} combinations; at most {MOST_ALTERNATIVES} are priced.")
    for values in itertools.product(*listed.values()):
        chosen = dict(zip(listed, values, strict=True))
        yield chosen, _validated({**document, **chosen})


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a cost file, with the other spellings of its keys."""
    schema = CostInputs.model_json_schema()
    properties: dict[str, Any] = schema["properties"]
    for key in SWEPT:
        one = properties[key]
        about = {name: one.pop(name) for name in ("description", "default", "title") if name in one}
        many = {"type": "array", "minItems": 1, "items": {"type": "number"}}
        properties[key] = {**about, "anyOf": [one, many]}
    properties["open_models"]["anyOf"].append({"type": "string"})
    properties["flops_per_token"]["anyOf"].append({"type": "string", "pattern": "^[0-9.]+N$"})
    for alias, key in ALIASES.items():
        properties[alias] = {**properties[key], "description": f"the same as {key}"}
    properties["api"] = properties["model"] = {
        "type": "string",
        "description": "the API model in use, compared with the small one; a student's name counts as student",
    }
    for key in ("dynamic_in", "system_tokens", "question_tokens"):
        properties[key] = {"type": "integer", "minimum": 0, "description": _PART_OF_PROMPT[key]}
    for key, value in FIXED.items():
        properties[key] = {"const": value, "description": "the only setting that is modelled"}
    properties["bytes_per_param"] = {"type": "object", "description": "accepted only with the values used"}
    for key in sorted(LABELS):
        properties[key] = {"type": "string", "description": "a label; changes nothing"}
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return schema


_PART_OF_PROMPT = {
    "dynamic_in": "prompt tokens that change; tokens_in is static_prefix + dynamic_in",
    "system_tokens": "tokens of the instructions; other_in is system_tokens + question_tokens",
    "question_tokens": "tokens of the question; other_in is system_tokens + question_tokens",
}


def _validated(document: Mapping[str, Any]) -> CostInputs:
    try:
        return CostInputs.model_validate(_canonical(document))
    except ValidationError as error:
        raise UserError(faults_in_words(error, "cost file")) from error


def _canonical(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with canonical keys only."""
    _refuse_unknown(document)
    _refuse_odd_names(document)
    known: dict[str, Any] = {}
    for key, value in document.items():
        name = ALIASES.get(key, key)
        if key in REWRITTEN or key in LABELS or value is None:
            continue
        if name in known:
            raise UserError(f"{key} and another key both give {name}; keep one.")
        known[name] = value
    if isinstance(known.get("models"), str):
        known["models"] = _beside_small(known["models"])
    for key in ("models", "open_models"):
        _refuse_twice(key, known.get(key))
    if isinstance(known.get("open_models"), str):
        known["open_models"] = [known["open_models"]]
    _place_model(document.get("model"), known)
    _refuse_unmodelled(document)
    _sum_prompt(document, known)
    return known


def _refuse_unknown(document: Mapping[str, Any]) -> None:
    names = [*CostInputs.model_fields, *ALIASES, *REWRITTEN, *LABELS]
    for key in document:
        if key not in names:
            close = difflib.get_close_matches(str(key)[:LONGEST_NAME], names, n=1)
            hint = f" Did you mean {close[0]}?" if close else f" Known: {', '.join(CostInputs.model_fields)}."
            raise UserError(f"Unknown key {quoted(key)} in the cost file.{hint}")


def _refuse_twice(key: str, names: Any) -> None:
    """Refuse a list that holds a name twice, whose rows nobody could tell apart."""
    if isinstance(names, list):
        twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
        if twice is not None:
            raise UserError(f"{key} holds {quoted(twice)} twice; keep one.")


def _refuse_odd_names(value: Any) -> None:
    """Refuse names that could stand in no table: too long, or with characters that cannot be printed."""
    if isinstance(value, str):
        if not value.strip():
            raise UserError("A name in the cost file is empty; write it, or leave its key out.")
        if len(value) > LONGEST_NAME:
            raise UserError(f"{quoted(value)} has {len(value):,} letters; a name has {LONGEST_NAME} at most.")
        if not value.isprintable():
            raise UserError(f"{quoted(value)} holds a character that cannot be printed; leave it out.")
    elif isinstance(value, Mapping):
        for key, held in value.items():
            if key not in LABELS:
                _refuse_odd_names(key)
                _refuse_odd_names(held)
    elif isinstance(value, list | tuple):
        for held in value:
            _refuse_odd_names(held)


def _place_model(model: Any, known: dict[str, Any]) -> None:
    """Put `model` where it belongs: a student's name under student, any other under models."""
    if model is None:
        return
    if not isinstance(model, str):
        raise UserError(f"model must be one name, not {quoted(model)}; several go under models.")
    key = "student" if find_student(model) else "models"
    if key in known:
        raise UserError(f"model and {key} both name a model; keep {key}.")
    known[key] = model if key == "student" else _beside_small(model)


def _beside_small(model: str) -> list[str]:
    """Return the one model named and today's small one: leaving that out would hide the cheapest answer."""
    return [model] if model == SMALL_MODEL else [model, SMALL_MODEL]


def _refuse_unmodelled(document: Mapping[str, Any]) -> None:
    for key, value in FIXED.items():
        if document.get(key, value) != value:
            raise UserError(f"{key}: {quoted(document[key])} is not modelled; only {value!r} is. Leave the key out.")
    used = {"full": 16, "lora": 2, "qlora_linear_bits": 4.127}
    given = document.get("bytes_per_param")
    if given is not None and given != used:
        raise UserError(f"bytes_per_param is fixed to {used}, not {quoted(given)}. Leave the key out.")


def _sum_prompt(document: Mapping[str, Any], known: dict[str, Any]) -> None:
    """Add up a prompt that is given in parts."""
    if (dynamic := document.get("dynamic_in")) is not None:
        total = _whole("dynamic_in", dynamic) + _whole("static_prefix", known.get("static_prefix", 0))
        if known.setdefault("tokens_in", total) != total:
            raise UserError(
                f"tokens_in is {known['tokens_in']}, but static_prefix and dynamic_in make {total}; leave one out."
            )
    parts = [key for key in ("system_tokens", "question_tokens") if document.get(key) is not None]
    if parts:
        known.setdefault("other_in", sum(_whole(key, document[key]) for key in parts))
    if "other_in" in known:
        known.setdefault("tokens_in", known["other_in"])


def _whole(key: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise UserError(f"{key} must be a whole number of tokens, not {quoted(value)}.")
    return value
