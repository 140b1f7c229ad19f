"""Asking the fake Messages API through the real SDK."""

from typing import Any

import anthropic
from anthropic import AsyncAnthropic

from tests.fakes.messages_api import API_KEY, FakeMessagesApi, JsonObject

MODEL = "claude-sonnet-5-5"
USER: JsonObject = {"role": "user", "content": "Hello"}
ASK: JsonObject = {"model": MODEL, "max_tokens": 1_000, "messages": [USER]}
TOOL: JsonObject = {
    "name": "recommend",
    "input_schema": {"type": "object", "properties": {"volume": {"type": "integer"}}, "required": ["volume"]},
}
STRICT: JsonObject = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


def client_of(api: FakeMessagesApi, **options: Any) -> AsyncAnthropic:
    return AsyncAnthropic(**{"base_url": api.url, "api_key": API_KEY, "max_retries": 0, "timeout": 10.0, **options})


async def ask(api: FakeMessagesApi, changes: JsonObject | None = None, **options: Any) -> anthropic.types.Message:
    """Send a request through the SDK with `changes` to its body; what is None there is left out."""
    body = {name: value for name, value in {**ASK, **(changes or {})}.items() if value is not None}
    async with client_of(api, **options) as client:
        return await client.post("/v1/messages", body=body, cast_to=anthropic.types.Message)


async def stream(api: FakeMessagesApi, changes: JsonObject | None = None) -> tuple[list[Any], anthropic.types.Message]:
    """Stream through the SDK; the raw events and the message it made of them."""
    async with client_of(api) as client, client.messages.stream(**{**ASK, **(changes or {})}) as opened:
        events = [event async for event in opened]
        return events, await opened.get_final_message()


def called(*ids: str) -> JsonObject:
    blocks = [{"type": "tool_use", "id": each, "name": "recommend", "input": {}} for each in ids]
    return {"role": "assistant", "content": blocks}


def resulted(*ids: str) -> JsonObject:
    blocks = [{"type": "tool_result", "tool_use_id": each, "content": "ok"} for each in ids]
    return {"role": "user", "content": blocks}


def marked(text: str, **mark: str) -> JsonObject:
    return {"type": "text", "text": text, "cache_control": {"type": "ephemeral", **mark}}


def conversation(*messages: JsonObject) -> JsonObject:
    return {"messages": list(messages), "tools": [TOOL]}
