"""What the fake Messages API refuses and what it takes, asked through the real SDK."""

from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import aiohttp
import anthropic
import pytest

from tests.contract.messages_api_client import ASK, STRICT, TOOL, USER, ask, called, conversation, marked, resulted
from tests.fakes.messages_api import API_KEY, FakeMessagesApi, JsonObject, Limits, say

pytestmark = pytest.mark.integration


@pytest.fixture
async def api() -> AsyncIterator[FakeMessagesApi]:
    async with FakeMessagesApi() as started:
        yield started


def with_text(*blocks: JsonObject) -> JsonObject:
    return {"messages": [{"role": "user", "content": list(blocks)}]}


def tool(**changes: Any) -> JsonObject:
    return {"tools": [{**TOOL, **changes}]}


def strict(schema: JsonObject) -> JsonObject:
    return tool(strict=True, input_schema={**STRICT, "properties": {"value": schema}, "required": ["value"]})


OPTIONAL = {f"slot_{number}": {"type": "string"} for number in range(25)}
REFUSED: list[tuple[str, JsonObject, str]] = [
    ("temperature", {"temperature": 0.5}, "temperature: Extra inputs"),
    ("top_p", {"top_p": 0.5}, "top_p: Extra inputs"),
    ("top_k", {"top_k": 5}, "top_k: Extra inputs"),
    ("unknown parameter", {"seed": 5}, "seed: Extra inputs"),
    ("no max_tokens", {"max_tokens": None}, "max_tokens: Field required"),
    ("no messages", {"messages": None}, "messages: Field required"),
    ("text as max_tokens", {"max_tokens": "9"}, "valid integer"),
    ("too many tokens out", {"max_tokens": 200_000}, "maximum allowed number of output tokens"),
    ("empty conversation", {"messages": []}, "at least one message"),
    ("assistant first", conversation({"role": "assistant", "content": "Hi"}, USER), "first message"),
    ("assistant last", conversation(USER, {"role": "assistant", "content": "Hi"}), "prefill"),
    ("unknown role", conversation({"role": "tool", "content": "Hi"}), "role"),
    ("unknown key of a message", conversation({**USER, "name": "Ana"}), "name: Extra inputs"),
    ("empty text", conversation({"role": "user", "content": ""}), "non-empty content"),
    ("no blocks", conversation({"role": "user", "content": []}), "non-empty content"),
    ("empty block", with_text({"type": "text", "text": ""}), "must be non-empty"),
    ("blank block", with_text({"type": "text", "text": " \n"}), "non-whitespace"),
    ("unknown block", with_text({"type": "video"}), "expected tags"),
    ("unknown key of a block", with_text({"type": "text", "text": "Hi", "lang": "en"}), "lang: Extra inputs"),
    ("call without result", conversation(USER, called("a"), USER), "without `tool_result` blocks"),
    ("call at the end", conversation(USER, called("a")), "without `tool_result` blocks"),
    ("one of two results", conversation(USER, called("a", "b"), resulted("a")), "immediately after: b"),
    ("orphan result", conversation(USER, resulted("a")), "unexpected `tool_use_id`"),
    ("late result", conversation(USER, called("a"), resulted("a"), called("b"), resulted("b", "a")), "unexpected"),
    ("two results", conversation(USER, called("a"), resulted("a", "a")), "single result"),
    ("same id twice", conversation(USER, called("a", "a"), resulted("a")), "must be unique"),
    ("id again", conversation(USER, called("a"), resulted("a"), called("a"), resulted("a")), "must be unique"),
    ("bad id", conversation(USER, called("a b"), resulted("a b")), "should match pattern"),
    ("text before the result", conversation(USER, called("a"), USER, resulted("a")), "without `tool_result` blocks"),
    ("calls without tools", {"messages": [USER, called("a"), resulted("a")]}, "must define tools"),
    ("bad name", tool(name="what is it?"), "should match pattern"),
    ("same tool twice", {"tools": [TOOL, TOOL]}, "must be unique"),
    ("no schema", {"tools": [{"name": "recommend"}]}, "input_schema: Field required"),
    ("schema of an array", tool(input_schema={"type": "array"}), "should be 'object'"),
    ("invalid schema", tool(input_schema={"type": "object", "properties": {"a": {"type": "int"}}}), "is invalid"),
    ("choice at the top", tool(input_schema={"type": "object", "anyOf": []}), "top level"),
    ("unknown key of a tool", tool(examples=[]), "examples: Extra inputs"),
    ("choice of an unknown tool", {**tool(), "tool_choice": {"type": "tool", "name": "rm"}}, "not found"),
    ("choice without tools", {"tool_choice": {"type": "auto"}}, "while providing tools"),
    ("open strict schema", tool(strict=True), "'additionalProperties' must be explicitly"),
    ("open inner schema", strict({"type": "object", "properties": {}}), "'additionalProperties' must be explicitly"),
    ("strict bounds", strict({"type": "integer", "minimum": 1}), "minimum are not supported"),
    ("strict length", strict({"type": "string", "maxLength": 9}), "maxLength are not supported"),
    ("strict list", strict({"type": "array", "items": {"type": "string"}, "minItems": 2}), "'minItems' values"),
    ("strict format", strict({"type": "string", "format": "phone"}), "format 'phone'"),
    ("many optional", tool(strict=True, input_schema={**STRICT, "properties": OPTIONAL}), "25 optional parameters"),
    ("open format", {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}, "explicitly"),
    ("unknown effort", {"output_config": {"effort": "heroic"}}, "effort"),
    ("five breakpoints", with_text(*(marked(text) for text in "abcde")), "maximum of 4 blocks"),
    ("short before long", with_text(marked("a"), marked("b", ttl="1h")), "must not come after"),
    ("unknown lifetime", with_text(marked("a", ttl="1d")), "'5m' or '1h'"),
    ("breakpoint on nothing", with_text(marked("")), "empty text blocks"),
    ("too long", with_text({"type": "text", "text": "word " * 200_000}), "prompt is too long"),
    ("blank stop sequence", {"stop_sequences": [" "]}, "non-whitespace"),
    ("metadata of our own", {"metadata": {"thread": "1"}}, "thread: Extra inputs"),
    ("settings that are no objects", {"output_config": "json"}, "should be an object"),
]


@pytest.mark.parametrize(("changes", "said"), [pytest.param(*rest, id=name) for name, *rest in REFUSED])
async def test_what_the_api_refuses_is_refused(api: FakeMessagesApi, changes: JsonObject, said: str) -> None:
    api.turns.add(say("never said"))
    with pytest.raises(anthropic.BadRequestError) as refused:
        await ask(api, changes)
    assert said in str(refused.value)
    assert refused.value.type == "invalid_request_error"
    assert api.turns.left == 1


ACCEPTED: list[tuple[str, JsonObject]] = [
    ("calls with results", conversation(USER, called("a", "b"), resulted("b", "a"))),
    ("results over two messages", conversation(USER, called("a", "b"), resulted("b"), resulted("a"))),
    ("text behind results", conversation(USER, called("a"), resulted("a"), USER)),
    ("two users in a row", conversation(USER, USER)),
    ("an empty result", conversation(USER, called("a"), {"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "a"}]})),
    ("four breakpoints", with_text(*(marked(text) for text in "abcd"))),
    ("a closed strict tool", strict({"anyOf": [{"type": "integer"}, {"type": "null"}]})),
    ("a property named as a keyword", strict({**STRICT, "properties": {"minimum": {"type": "integer"}},
        "required": ["minimum"]})),
    ("thinking", {"thinking": {"type": "adaptive"}}),
]  # fmt: skip  # one case per line reads as a table


@pytest.mark.parametrize("changes", [pytest.param(changes, id=name) for name, changes in ACCEPTED])
async def test_what_the_api_takes_is_taken(api: FakeMessagesApi, changes: JsonObject) -> None:
    api.turns.add(say("Fine."))
    assert (await ask(api, changes)).stop_reason == "end_turn"


async def test_an_unknown_model_is_not_found(api: FakeMessagesApi) -> None:
    with pytest.raises(anthropic.NotFoundError, match="claude-2"):
        await ask(api, {"model": "claude-2"})


async def test_the_models_and_sizes_of_another_server_can_be_set() -> None:
    limits = Limits(models=frozenset({"qwen"}), context_tokens=20, output_tokens=10)
    async with FakeMessagesApi([say("Hi")], limits=limits) as api:
        assert (await ask(api, {"model": "qwen", "max_tokens": 10})).model == "qwen"
        with pytest.raises(anthropic.BadRequestError, match="prompt is too long"):
            await ask(api, {"model": "qwen", "max_tokens": 10, **with_text({"type": "text", "text": "word " * 20})})


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"anthropic-version": "2023-06-01"}, 401),
        ({"anthropic-version": "2023-06-01", "x-api-key": "wrong"}, 401),
        ({"x-api-key": API_KEY}, 400),
    ],
)
async def test_a_request_without_key_or_version_is_refused(
    api: FakeMessagesApi, headers: dict[str, str], status: int
) -> None:
    async with aiohttp.ClientSession() as session:
        response = await session.post(f"{api.url}/v1/messages", json=ASK, headers=headers)
        assert response.status == status
        assert (await response.json())["type"] == "error"


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b'{"model": "\\ud800"}'])
async def test_a_body_that_is_no_object_of_json_is_refused(api: FakeMessagesApi, content: bytes) -> None:
    headers = {"x-api-key": API_KEY, "anthropic-version": "2023-06-01"}
    async with aiohttp.ClientSession() as session:
        response = await session.post(f"{api.url}/v1/messages", data=content, headers=headers)
        assert response.status == 400


async def test_a_body_of_more_than_32_mib_is_too_large(api: FakeMessagesApi) -> None:
    headers = {"x-api-key": API_KEY, "anthropic-version": "2023-06-01"}
    async with aiohttp.ClientSession() as session:
        response = await session.post(f"{api.url}/v1/messages", data=BytesIO(bytes(33 * 1024 * 1024)), headers=headers)
        assert (await response.json())["error"]["type"] == "request_too_large"
        assert response.status == 413
