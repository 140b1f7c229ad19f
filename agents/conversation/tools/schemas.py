"""Strict JSON Schemas of the tools' arguments, from the classes that check them.

What strict schemas cannot say (lengths, patterns) is left out and checked by the class; every property is required, and
one with a default may be null.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

# https://platform.claude.com/docs/en/build-with-claude/structured-outputs, "JSON Schema limitations".
_KEPT: Final = ("type", "description", "enum", "const")


def strict_schema(arguments: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of a tool's arguments as the Messages API takes it for strict tools."""
    made = arguments.model_json_schema()
    schema = _strict(made, made.get("$defs", {}))
    # What the tool is for stands beside its schema.
    schema.pop("description", None)
    return schema


def _strict(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in node:
        return _strict(definitions[str(node["$ref"]).rpartition("/")[2]], definitions)
    made: dict[str, Any] = {key: node[key] for key in _KEPT if key in node}
    if "anyOf" in node:
        made["anyOf"] = [_strict(each, definitions) for each in node["anyOf"]]
    if "items" in node:
        made["items"] = _strict(node["items"], definitions)
    if node.get("type") == "object":
        properties = node.get("properties", {})
        made["properties"] = {name: _strict(each, definitions) for name, each in properties.items()}
        made["required"] = list(properties)
        made["additionalProperties"] = False
    return made
