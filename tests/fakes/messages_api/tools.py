"""Refusing tools and output formats that the API refuses, above all schemas that cannot be kept strictly."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from tests.fakes.messages_api.wire import JsonObject, RefusedError

TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
TOOL_FIELDS = frozenset(
    {
        "allowed_callers",
        "cache_control",
        "defer_loading",
        "description",
        "eager_input_streaming",
        "input_examples",
        "input_schema",
        "name",
        "strict",
        "type",
    }
)
CHOICES = ("any", "auto", "none", "tool")
EFFORTS = (None, "low", "medium", "high", "xhigh", "max")
# https://platform.claude.com/docs/en/build-with-claude/structured-outputs, "JSON Schema limitations" and
# "Schema complexity limits": the sums go over all strict tools and the output format of one request.
UNSUPPORTED = frozenset(
    {
        "contains",
        "dependentRequired",
        "dependentSchemas",
        "else",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "if",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "not",
        "oneOf",
        "patternProperties",
        "prefixItems",
        "propertyNames",
        "then",
        "uniqueItems",
    }
)
STRING_FORMATS = frozenset(
    {"date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uri", "uuid"}
)
MOST_STRICT_TOOLS = 20
MOST_OPTIONAL_PROPERTIES = 24
MOST_UNIONS = 16


@dataclass(frozen=True, slots=True)
class _Node:
    """One schema within a schema, with its path in words."""

    place: str
    schema: Mapping[str, Any]


def check_tools(body: JsonObject) -> None:
    """Check the tools, how one is chosen, and what all strict schemas come to together.

    Raises:
        RefusedError: The API would not take them.
    """
    tools = body.get("tools")
    if tools is not None and not isinstance(tools, list):
        raise RefusedError("tools: Input should be a valid list")
    names: set[str] = set()
    for number, tool in enumerate(tools or ()):
        _check_tool(tool, number)
        if tool["name"] in names:
            raise RefusedError("tools: Tool names must be unique.")
        names.add(tool["name"])
    _check_choice(body.get("tool_choice"), names)
    strict = [tool["input_schema"] for tool in tools or () if tool.get("strict")]
    if len(strict) > MOST_STRICT_TOOLS:
        raise RefusedError(f"tools: {len(strict)} strict tools, at most {MOST_STRICT_TOOLS} are supported")
    output_format = (body.get("output_config") or {}).get("format") or {}
    _check_complexity([*strict, *([output_format["schema"]] if "schema" in output_format else [])])


def check_output_config(body: JsonObject) -> None:
    """Check the effort and the output format.

    Raises:
        RefusedError: The API would not take them.
    """
    config = body.get("output_config")
    if config is None:
        return
    if not isinstance(config, Mapping):
        raise RefusedError("output_config: Input should be an object")
    for name in sorted(set(config) - {"effort", "format"}):
        raise RefusedError(f"output_config.{name}: Extra inputs are not permitted")
    if config.get("effort") not in EFFORTS:
        raise RefusedError("output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'")
    output_format = config.get("format")
    if output_format is None:
        return
    if not isinstance(output_format, Mapping) or output_format.get("type") != "json_schema":
        raise RefusedError("output_config.format: Input should be of type 'json_schema'")
    if not isinstance(output_format.get("schema"), dict):
        raise RefusedError("output_config.format.schema: Input should be a valid dictionary")
    _check_strict(output_format["schema"], "output_config.format.schema")


def _check_tool(tool: object, number: int) -> None:
    place = f"tools.{number}"
    if not isinstance(tool, Mapping):
        raise RefusedError(f"{place}: Input should be an object")
    if tool.get("type", "custom") not in (None, "custom"):
        raise RefusedError(f"{place}: Input tag {tool['type']!r} does not match any of the expected tags")
    for name in ("input_schema", "name"):
        if name not in tool:
            raise RefusedError(f"{place}.custom.{name}: Field required")
    for name in sorted(set(tool) - TOOL_FIELDS):
        raise RefusedError(f"{place}.custom.{name}: Extra inputs are not permitted")
    if not isinstance(tool["name"], str) or not TOOL_NAME.fullmatch(tool["name"]):
        raise RefusedError(f"{place}.custom.name: String should match pattern '^{TOOL_NAME.pattern}$'")
    schema = tool["input_schema"]
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise RefusedError(f"{place}.custom.input_schema.type: Input should be 'object'")
    if {"allOf", "anyOf", "oneOf"} & set(schema):
        raise RefusedError(f"{place}.custom: input_schema does not support oneOf, allOf, or anyOf at the top level")
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise RefusedError(f"{place}.custom.input_schema: JSON schema is invalid: {error.message}") from error
    if tool.get("strict"):
        _check_strict(schema, f"{place}.custom")


def _check_choice(choice: object, names: set[str]) -> None:
    if choice is None:
        return
    if not isinstance(choice, Mapping) or choice.get("type") not in CHOICES:
        raise RefusedError("tool_choice: Input should be of type 'any', 'auto', 'none' or 'tool'")
    if not names:
        raise RefusedError("tool_choice: may only be specified while providing tools")
    if choice["type"] == "tool" and choice.get("name") not in tuple(names):
        raise RefusedError(f"Tool '{choice.get('name')}' not found in provided tools")


def _check_strict(schema: Mapping[str, Any], place: str) -> None:
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise RefusedError(f"{place}: JSON schema is invalid: {error.message}") from error
    for node in _nodes(schema, place):
        _check_node(node)


def _check_node(node: _Node) -> None:
    schema = node.schema
    kinds = schema.get("type")
    unsupported = sorted(UNSUPPORTED & set(schema))
    if unsupported:
        raise RefusedError(f"{node.place}: For '{kinds}' type, properties {', '.join(unsupported)} are not supported")
    if (kinds == "object" or "properties" in schema) and schema.get("additionalProperties") is not False:
        raise RefusedError(f"{node.place}: For 'object' type, 'additionalProperties' must be explicitly set to false")
    if schema.get("minItems", 0) not in (0, 1):
        raise RefusedError(f"{node.place}: For 'array' type, 'minItems' values other than 0 or 1 are not supported")
    if "format" in schema and schema["format"] not in STRING_FORMATS:
        raise RefusedError(f"{node.place}: String format '{schema['format']}' is not supported")
    if str(schema.get("$ref", "#")).startswith("#") is False:
        raise RefusedError(f"{node.place}: External '$ref' is not supported")
    if any(isinstance(value, dict | list) for value in schema.get("enum", ())):
        raise RefusedError(f"{node.place}: Enum values of a compound type are not supported")


def _check_complexity(schemas: list[Mapping[str, Any]]) -> None:
    nodes = [node.schema for schema in schemas for node in _nodes(schema, "")]
    optional = sum(len(set(node.get("properties", ())) - set(node.get("required", ()))) for node in nodes)
    if optional > MOST_OPTIONAL_PROPERTIES:
        raise RefusedError(f"Schemas have {optional} optional parameters, at most {MOST_OPTIONAL_PROPERTIES}")
    unions = sum("anyOf" in node or isinstance(node.get("type"), list) for node in nodes)
    if unions > MOST_UNIONS:
        raise RefusedError(f"Schemas have {unions} parameters with union types, at most {MOST_UNIONS}")


def _nodes(schema: object, place: str) -> Iterator[_Node]:
    if not isinstance(schema, Mapping):
        return
    yield _Node(place, schema)
    for keyword in ("$defs", "definitions", "properties"):
        for name, inner in (schema.get(keyword) or {}).items():
            yield from _nodes(inner, f"{place}.{name}")
    for keyword in ("allOf", "anyOf"):
        for number, inner in enumerate(schema.get(keyword) or ()):
            yield from _nodes(inner, f"{place}.{keyword}.{number}")
    yield from _nodes(schema.get("items"), f"{place}.items")
