"""The schema of an answer in the forms that APIs bind a model by, each of which takes a part of JSON Schema."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

# https://platform.claude.com/docs/en/build-with-claude/structured-outputs, "Schema complexity limits".
_MOST_OPTIONAL: Final = 24
_MOST_UNIONS: Final = 16
# https://platform.openai.com/docs/guides/structured-outputs, "Supported schemas": what strict takes beside types.
_STRICT_KEYS: Final = frozenset(
    {
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "enum",
        "const",
        "anyOf",
        "description",
        "title",
    }
)


def claude_schema(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the schema as Claude is bound by it; None where it cannot be, and words must do.

    What it does not take stands in descriptions, so an answer has to be checked again.
    """
    # Late, as the teacher itself is: the SDK takes more than a second to import, and every command would wait for it.
    import anthropic  # noqa: PLC0415  # see above

    if any(_is_open(node) for node in _nodes(schema)):
        return None
    try:
        bound = anthropic.transform_schema(_without_type_lists(schema))
    # The SDK refuses what it does not know in several ways, by assertions too.
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError):
        return None
    nodes = list(_nodes(bound))
    optional = sum(len(set(node.get("properties", ())) - set(node.get("required", ()))) for node in nodes)
    unions = sum("anyOf" in node for node in nodes)
    return bound if optional <= _MOST_OPTIONAL and unions <= _MOST_UNIONS else None


def is_strict(schema: Mapping[str, Any]) -> bool:
    """Return whether an API of OpenAI's kind binds a model by the whole of a schema."""
    return all(_is_strict(node) for node in _nodes(schema))


def in_words(schema: Mapping[str, Any]) -> str:
    """Return a schema as an instruction."""
    return (
        "Answer with one JSON object and nothing around it, valid against this JSON Schema:\n"
        f"{json.dumps(schema, ensure_ascii=False)}"
    )


def unfenced(text: str) -> str:
    """Return a text without the fence that models put around JSON that they were only asked for in words."""
    inner = text.strip()
    if inner.startswith("```") and inner.endswith("```") and "\n" in inner:
        return inner[inner.index("\n") : -3].strip()
    return text


def _is_strict(node: Mapping[str, Any]) -> bool:
    if set(node) - _STRICT_KEYS:
        return False
    if node.get("type") != "object" and "properties" not in node:
        return True
    return node.get("additionalProperties") is False and set(node.get("properties", ())) == set(
        node.get("required", ())
    )


def _is_open(node: Mapping[str, Any]) -> bool:
    """Return whether an object may have keys that its schema does not name."""
    is_object = node.get("type") == "object"
    return isinstance(node.get("additionalProperties"), Mapping) or (is_object and not node.get("properties"))


def _without_type_lists(schema: Any) -> Any:
    """Return a schema in which alternatives of types are an anyOf, as bound schemas have them."""
    if isinstance(schema, list):
        return [_without_type_lists(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    kinds = schema.get("type")
    rest = {key: _without_type_lists(value) for key, value in schema.items()}
    if not isinstance(kinds, list):
        return rest
    if "enum" in rest or "const" in rest:
        del rest["type"]
        return rest
    return {"anyOf": [{**rest, "type": kind} if kind != "null" else {"type": "null"} for kind in kinds]}


def _nodes(schema: Any) -> Iterator[Mapping[str, Any]]:
    if not isinstance(schema, Mapping):
        return
    yield schema
    for keyword in ("$defs", "definitions", "properties"):
        for inner in (schema.get(keyword) or {}).values():
            yield from _nodes(inner)
    for keyword in ("allOf", "anyOf", "oneOf"):
        for inner in schema.get(keyword) or ():
            yield from _nodes(inner)
    yield from _nodes(schema.get("items"))
