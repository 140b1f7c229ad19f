"""What a model is shown of the tools is taken by the API, and what its schemas accept is answered."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from agents.conversation.tools import MODEL_TOOLS, slot_guide
from agents.conversation.tools.definitions import MODEL_ARGUMENTS
from agents.decision.interview import BY_SLOT, SLOTS
from agents.decision.questions import NOT_SURE
from tests.fakes.messages_api.tools import check_tools

BY_NAME = {tool.name: tool for tool in MODEL_TOOLS}

# Only what a strict schema cannot say: lengths and patterns.
BEYOND_SCHEMAS = {"string_too_short", "string_too_long", "string_pattern_mismatch", "too_short", "too_long"}


def refusals(name: str, arguments: Any) -> set[str]:
    """Return the kinds of mistakes that a tool's own check finds."""
    try:
        MODEL_ARGUMENTS[name].model_validate(arguments)
    except ValidationError as error:
        return {each["type"] for each in error.errors()}
    return set()


def values(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Return what a strict schema accepts."""
    if "anyOf" in schema:
        return st.one_of([values(each) for each in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema["type"] == "object":
        return st.fixed_dictionaries({name: values(each) for name, each in schema["properties"].items()})
    if schema["type"] == "array":
        return st.lists(values(schema["items"]), max_size=4)
    return {"string": st.text(max_size=40), "boolean": st.booleans(), "null": st.none()}[schema["type"]]


def test_the_api_takes_the_schemas_of_all_tools_together_as_strict() -> None:
    wire = [
        {"name": tool.name, "description": tool.description, "input_schema": dict(tool.schema), "strict": True}
        for tool in MODEL_TOOLS
    ]

    check_tools({"tools": wire, "tool_choice": {"type": "auto"}})


def test_tools_stand_in_the_order_of_their_names() -> None:
    names = [tool.name for tool in MODEL_TOOLS]

    assert names == sorted(names)
    assert len(names) == len(set(names)) == 15


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_each_tool_says_when_to_call_it_and_what_it_does_not_do(name: str) -> None:
    description = BY_NAME[name].description

    assert "Call it" in description or name == "ask_user"
    assert any(word in description for word in ("not", "never", "nothing", "only", "Nothing"))
    assert len(description) < 1_500


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_each_property_is_required_and_no_other_is_let_in(name: str) -> None:
    schema = BY_NAME[name].schema

    assert schema["required"] == list(schema["properties"])
    assert schema["additionalProperties"] is False
    assert all(each.get("description") or each["type"] == "array" for each in schema["properties"].values())


@pytest.mark.parametrize("name", sorted(BY_NAME))
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_what_a_schema_accepts_is_taken_or_refused_with_a_reason(name: str, data: st.DataObject) -> None:
    arguments = data.draw(values(BY_NAME[name].schema))

    assert refusals(name, arguments) <= BEYOND_SCHEMAS


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_what_no_schema_accepts_is_refused_again(name: str) -> None:
    assert "extra_forbidden" in refusals(name, {"price_usd": 3})


def test_the_guide_names_every_slot_with_its_values_and_an_example() -> None:
    lines = {line.removeprefix("- ").partition(":")[0]: line for line in slot_guide().splitlines()}

    assert list(lines) == list(SLOTS)
    for slot, asked in BY_SLOT.items():
        assert all(option.value in lines[slot] for option in asked.options if option != NOT_SURE)
        assert asked.example in lines[slot]


def test_what_a_model_is_shown_is_short() -> None:
    tools = sum(len(tool.description) + len(json.dumps(tool.schema)) for tool in MODEL_TOOLS)

    assert tools / 4 < 3_000
    assert len(slot_guide()) / 4 < 1_500
