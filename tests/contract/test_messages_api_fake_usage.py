"""How the fake Messages API counts tokens and keeps its prompt cache, asked through the real SDK."""

import datetime as dt
from collections.abc import AsyncIterator
from copy import deepcopy

import anthropic
import pytest

from tests.contract.messages_api_client import ASK, MODEL, TOOL, USER, ask, client_of, conversation, marked, resulted
from tests.fakes.messages_api import FakeMessagesApi, JsonObject, say

pytestmark = pytest.mark.integration


@pytest.fixture
async def api() -> AsyncIterator[FakeMessagesApi]:
    async with FakeMessagesApi() as started:
        yield started


LONG = "A rule of the guide. " * 400


async def test_counting_says_what_a_message_is_billed_for(api: FakeMessagesApi) -> None:
    api.turns.add(say("Hi"))
    async with client_of(api) as client:
        counted = await client.messages.count_tokens(model=MODEL, messages=[{"role": "user", "content": "Hello"}])
    assert counted.input_tokens == (await ask(api)).usage.input_tokens > 0


async def test_counting_refuses_what_a_message_would_be_refused_for(api: FakeMessagesApi) -> None:
    async with client_of(api) as client:
        with pytest.raises(anthropic.BadRequestError, match="unexpected `tool_use_id`"):
            await client.post(
                "/v1/messages/count_tokens", body={"model": MODEL, **conversation(USER, resulted("a"))}, cast_to=object
            )
        with pytest.raises(anthropic.BadRequestError, match="max_tokens: Extra inputs"):
            await client.post("/v1/messages/count_tokens", body=ASK, cast_to=object)


def billed(message: anthropic.types.Message) -> tuple[int, int, int]:
    usage = message.usage
    return usage.cache_creation_input_tokens or 0, usage.cache_read_input_tokens or 0, usage.input_tokens


async def test_a_prefix_is_written_once_and_read_while_it_lives(api: FakeMessagesApi) -> None:
    api.turns.add(*[say("Hi")] * 4)
    prompt: JsonObject = {"system": [marked(LONG)]}
    written, _, asked = first = billed(await ask(api, prompt))
    assert first == (written, 0, asked)
    assert written > 1_024
    other = billed(await ask(api, {**prompt, "messages": [{"role": "user", "content": "Another question"}]}))
    assert other[:2] == (0, written)
    api.clock.advance(dt.timedelta(minutes=4))
    assert billed(await ask(api, prompt)) == (0, written, asked)
    api.clock.advance(dt.timedelta(minutes=6))
    assert billed(await ask(api, prompt)) == first


async def test_a_conversation_reads_its_last_turn_and_writes_only_what_is_new(api: FakeMessagesApi) -> None:
    api.turns.add(*[say("Hi")] * 2)
    first: list[JsonObject] = [{"role": "user", "content": [marked(LONG)]}]
    written, _, _ = billed(await ask(api, {"messages": first}))
    longer = [
        *deepcopy(first),
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": [marked("And now?")]},
    ]
    del longer[0]["content"][0]["cache_control"]
    created, read, left = billed(await ask(api, {"messages": longer}))
    assert (read, left) == (written, 0)
    assert 0 < created < 50


@pytest.mark.parametrize(
    "changes",
    [
        {"system": [marked(LONG + "!")]},
        {"system": [marked(LONG)], "tools": [TOOL]},
        {"system": [marked(LONG)], "model": "claude-haiku-5-5"},
    ],
    ids=["another byte", "another tool", "another model"],
)
async def test_any_change_before_the_breakpoint_misses_the_cache(api: FakeMessagesApi, changes: JsonObject) -> None:
    api.turns.add(*[say("Hi")] * 2)
    await ask(api, {"system": [marked(LONG)]})
    assert billed(await ask(api, changes))[1] == 0


async def test_a_short_prefix_is_not_cached(api: FakeMessagesApi) -> None:
    api.turns.add(*[say("Hi")] * 2)
    for _ in range(2):
        assert billed(await ask(api, {"system": [marked("Be brief.")]}))[:2] == (0, 0)


async def test_the_hour_and_the_five_minutes_are_told_apart(api: FakeMessagesApi) -> None:
    api.turns.add(*[say("Hi")] * 2)
    prompt = {"system": [marked(LONG, ttl="1h")], "messages": [{"role": "user", "content": [marked("Hello")]}]}
    usage = (await ask(api, prompt)).usage
    assert usage.cache_creation is not None
    assert usage.cache_creation.ephemeral_1h_input_tokens > usage.cache_creation.ephemeral_5m_input_tokens > 0
    api.clock.advance(dt.timedelta(minutes=50))
    assert (await ask(api, prompt)).usage.cache_read_input_tokens == usage.cache_creation.ephemeral_1h_input_tokens
