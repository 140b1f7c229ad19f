"""What the fake Messages API answers, and how it fails, as the real SDK meets it."""

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import anthropic
import httpx2
import pytest

from tests.contract.messages_api_client import (
    ASK,
    MODEL,
    STRICT,
    TOOL,
    ask,
    client_of,
    stream,
)
from tests.fakes.messages_api import (
    API_KEY,
    Answer,
    Break,
    FakeMessagesApi,
    JsonObject,
    call,
    fail,
    refuse,
    say,
)

pytestmark = pytest.mark.integration


@pytest.fixture
async def api() -> AsyncIterator[FakeMessagesApi]:
    async with FakeMessagesApi() as started:
        yield started


async def test_a_text_comes_back_whole_with_its_tokens(api: FakeMessagesApi) -> None:
    api.turns.add(say("Hello there."))
    message = await ask(api)
    assert [block.to_dict() for block in message.content] == [{"type": "text", "text": "Hello there."}]
    assert (message.stop_reason, message.usage.output_tokens, message.model) == ("end_turn", 3, MODEL)


async def test_a_stream_adds_up_to_the_message_that_comes_whole(api: FakeMessagesApi) -> None:
    answer = call(("recommend", {"volume": 40_000}), ("recommend", {"volume": 2}), text="Let me see: ä, 漢.")
    api.turns.add(answer, answer)
    whole = await ask(api, {"tools": [TOOL]})
    _, streamed = await stream(api, {"tools": [TOOL]})
    for message in (whole, streamed):
        assert message.stop_reason == "tool_use"
        assert [block.input for block in message.content if block.type == "tool_use"] == [
            {"volume": 40_000},
            {"volume": 2},
        ]
        assert message.content[0].to_dict() == {"type": "text", "text": "Let me see: ä, 漢."}
    assert whole.usage.output_tokens == streamed.usage.output_tokens
    calls = [block.id for message in (whole, streamed) for block in message.content if block.type == "tool_use"]
    assert len(set(calls)) == len(calls) == 4


async def test_a_stream_has_every_kind_of_event_in_the_order_of_the_api(api: FakeMessagesApi) -> None:
    thought = {"type": "thinking", "thinking": "They answer 40k tickets.", "signature": "c2lnbmVk"}
    api.turns.add(
        Answer([thought, {"type": "text", "text": "Hi"}, {"type": "tool_use", "name": "recommend", "input": {}}])
    )
    async with client_of(api) as client, aiohttp.ClientSession() as session:
        headers = {"x-api-key": API_KEY, "anthropic-version": str(client.default_headers["anthropic-version"])}
        body = {**ASK, "stream": True, "tools": [TOOL]}
        async with session.post(f"{api.url}/v1/messages", json=body, headers=headers) as response:
            text = await response.text()
    events = [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")]
    names = [line.removeprefix("event: ") for line in text.splitlines() if line.startswith("event: ")]
    assert names == [event["type"] for event in events]
    assert [name for name, before in zip(names, ["", *names], strict=False) if name != before] == [
        "message_start",
        "content_block_start",
        "ping",
        "content_block_delta",
        "content_block_stop",
        *["content_block_start", "content_block_delta", "content_block_stop"] * 2,
        "message_delta",
        "message_stop",
    ]
    deltas = {event["delta"]["type"] for event in events if event["type"] == "content_block_delta"}
    assert deltas == {"thinking_delta", "signature_delta", "text_delta", "input_json_delta"}
    assert events[0]["message"]["stop_reason"] is None


@pytest.mark.parametrize("streamed", [False, True])
async def test_an_answer_ends_where_its_tokens_ran_out(api: FakeMessagesApi, streamed: bool) -> None:
    api.turns.add(say("12345678901234567890"))
    changes = {"max_tokens": 3}
    message = (await stream(api, changes))[1] if streamed else await ask(api, changes)
    assert message.stop_reason == "max_tokens"
    assert message.content[0].to_dict() == {"type": "text", "text": "123456789012"}
    assert message.usage.output_tokens == 3


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_refusal_says_its_category(api: FakeMessagesApi, streamed: bool) -> None:
    api.turns.add(refuse("frontier_llm", "It could help to train a competing model."))
    message = (await stream(api))[1] if streamed else await ask(api)
    assert message.stop_reason == "refusal"
    assert message.stop_details is not None
    assert message.stop_details.category == "frontier_llm"


async def test_an_output_format_takes_a_schema_that_can_be_kept(api: FakeMessagesApi) -> None:
    api.turns.add(say('{"slots": []}'))
    schema = {**STRICT, "properties": {"slots": {"type": "array", "items": {"type": "string"}}}, "required": ["slots"]}
    message = await ask(api, {"output_config": {"format": {"type": "json_schema", "schema": schema}}})
    assert message.content[0].to_dict()["text"] == '{"slots": []}'


async def test_a_script_may_be_a_function_of_the_request() -> None:
    async def answer(body: JsonObject) -> Answer:
        return say(body["messages"][-1]["content"][::-1])

    async with FakeMessagesApi(answer) as api:
        message = await ask(api)
    assert message.content[0].to_dict()["text"] == "olleH"


async def test_what_a_script_raises_is_raised_where_the_server_ends() -> None:
    def answer(body: JsonObject) -> Answer:
        raise LookupError(body["model"])

    api = await FakeMessagesApi(answer).__aenter__()
    with pytest.raises(anthropic.InternalServerError):
        await ask(api, max_retries=2)
    assert len(api.requests) == 1
    with pytest.raises(LookupError, match=MODEL):
        await api.__aexit__(None, None, None)


async def test_one_request_too_many_is_said_and_not_retried(api: FakeMessagesApi) -> None:
    with pytest.raises(anthropic.InternalServerError, match="no turn left"):
        await ask(api, max_retries=2)
    assert len(api.requests) == 1


async def test_every_request_is_recorded_even_a_refused_one(api: FakeMessagesApi) -> None:
    with pytest.raises(anthropic.BadRequestError):
        await ask(api, {"temperature": 0})
    (recorded,) = api.requests
    assert (recorded.endpoint, recorded.method, recorded.body) == ("messages", "POST", {**ASK, "temperature": 0})
    # This release of the SDK sends every key as a bearer token.
    assert recorded.headers["authorization"] == f"Bearer {API_KEY}"
    assert api.turns.left == 0


@pytest.mark.parametrize(
    ("status", "raised"),
    [
        (400, anthropic.BadRequestError),
        (401, anthropic.AuthenticationError),
        (403, anthropic.PermissionDeniedError),
        (404, anthropic.NotFoundError),
        (413, anthropic.APIStatusError),
        (429, anthropic.RateLimitError),
        (500, anthropic.InternalServerError),
        (529, anthropic.APIStatusError),
    ],
)
async def test_a_failure_arrives_as_the_error_of_its_status(
    api: FakeMessagesApi, status: int, raised: type[anthropic.APIStatusError]
) -> None:
    api.turns.add(fail(status))
    with pytest.raises(raised) as error:
        await ask(api)
    assert error.value.status_code == status
    assert error.value.request_id


async def test_a_rate_limit_is_retried_after_the_time_it_names(api: FakeMessagesApi) -> None:
    api.turns.add(fail(429, retry_after_s=0.01), fail(529), say("At last."))
    message = await ask(api, max_retries=2)
    assert message.content[0].to_dict()["text"] == "At last."
    assert len(api.requests) == 3


async def test_an_overload_in_mid_stream_is_an_error_with_status_200(api: FakeMessagesApi) -> None:
    api.turns.add(say("one two three four", broken=Break("error", after_events=5)))
    with pytest.raises(anthropic.APIStatusError) as error:
        await stream(api)
    assert (error.value.status_code, error.value.type) == (200, "overloaded_error")


async def test_a_cut_stream_breaks_off_after_what_was_sent(api: FakeMessagesApi) -> None:
    api.turns.add(say("one two three four", broken=Break("cut", after_events=5)))
    heard: list[str] = []

    async def listen() -> None:
        async with client_of(api) as client, client.messages.stream(**ASK) as opened:
            async for text in opened.text_stream:
                heard.append(text)  # noqa: PERF401  # a comprehension would lose what came before the cut

    with pytest.raises(httpx2.RemoteProtocolError):
        await listen()
    assert heard == ["one ", "two "]


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_server_that_hangs_says_no_more(api: FakeMessagesApi, streamed: bool) -> None:
    api.turns.add(say("one two three", broken=Break("hang", after_events=4)))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await (stream(api) if streamed else ask(api))


async def test_a_cut_without_a_stream_is_a_connection_error_that_is_retried(api: FakeMessagesApi) -> None:
    api.turns.add(say("lost", broken=Break("cut")), say("Again."))
    message = await ask(api, max_retries=1)
    assert message.content[0].to_dict()["text"] == "Again."


async def test_tokens_come_one_by_one_after_their_delays(api: FakeMessagesApi) -> None:
    api.turns.add(say("one two three four", token_delay_s=0.01, first_token_delay_s=0.02))
    began = asyncio.get_running_loop().time()
    events, message = await stream(api)
    assert message.usage.output_tokens == 5
    assert len([event for event in events if event.type == "text"]) == 5
    # At least what was asked for; how much longer it takes is the machine's business.
    assert asyncio.get_running_loop().time() - began > 0.02 + 4 * 0.01 - 0.001
