"""The model behind the Messages API, against the strict fake: what it makes of answers, and of each way to fail."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from agents.adapters.models.backend import VLLM, Backend
from agents.adapters.models.failures import LONGEST_RETRY_S
from agents.adapters.models.messages import BROKEN, AnthropicChat
from agents.dialogue.chat import (
    CallMade,
    ChatEvent,
    Ended,
    FailureKind,
    ModelFailure,
    Request,
    TextPiece,
    ToolSpec,
    Usage,
)
from tests.fakes.messages_api import API_KEY, Answer, Break, Failure, FakeMessagesApi, Limits, call, fail, refuse, say

pytestmark = pytest.mark.integration

MODEL = "claude-sonnet-5-5"
SECRET = "our margin is eleven percent"  # what a person wrote
SCHEMA = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
TOOL = ToolSpec("recommend", "Say which way fits.", SCHEMA)
RULES = "A rule of the guide that everybody reads. " * 200


_EVENTS = (
    {
        "type": "message_start",
        "message": {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": MODEL,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 9, "output_tokens": 1},
        },
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "one "}},
    {"type": "content_block_stop", "index": 0},
)


@asynccontextmanager
async def ended_early(events: Sequence[dict[str, Any]]) -> AsyncIterator[str]:
    """Serve these events and nothing more, in an orderly response."""

    async def handle(_request: web.Request) -> web.Response:
        text = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
        return web.Response(text=text, content_type="text/event-stream")

    app = web.Application()
    app.router.add_post("/v1/messages", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
async def api() -> AsyncIterator[FakeMessagesApi]:
    async with FakeMessagesApi() as started:
        yield started


def make_backend(api: FakeMessagesApi, **given: Any) -> Backend:
    # Long enough for any machine; what is to take too long hangs for good.
    limits: dict[str, Any] = {"context_tokens": 200_000, "max_tokens": 500, "first_event_s": 20.0, "call_s": 20.0}
    return Backend(model=MODEL, base_url=api.url, **{**limits, **given})


def make_request(text: str = SECRET, **given: Any) -> Request:
    said = [{"role": "user", "content": [{"type": "text", "text": text}]}]
    return replace(Request(system=RULES, tools=(TOOL,), messages=said, max_tokens=500), **given)


async def hear(backend: Backend, request: Request | None = None, key: str = API_KEY) -> list[ChatEvent]:
    """Ask once and return all that came, within the patience of a test."""
    chat = AnthropicChat(backend, key)
    try:
        async with asyncio.timeout(60):
            return [event async for event in chat.stream(request or make_request())]
    finally:
        await chat.close()


async def fails(backend: Backend, request: Request | None = None, key: str = API_KEY) -> ModelFailure:
    """Ask once and return how it failed."""
    with pytest.raises(ModelFailure) as failed:
        await hear(backend, request, key)
    return failed.value


def said(events: list[ChatEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextPiece))


async def test_text_comes_in_pieces_and_ends_with_what_it_used(api: FakeMessagesApi) -> None:
    api.turns.add(say("Caching comes first here."))

    events = await hear(make_backend(api))

    assert said(events) == "Caching comes first here."
    assert len(events) > 3, "in pieces"
    ended = events[-1]
    assert isinstance(ended, Ended)
    assert ended.stop_reason == "end_turn"
    assert ended.usage.output_tokens == 7
    assert ended.usage.cache_write_tokens > 1_024


async def test_calls_come_whole_and_in_order_with_the_text_before_them(api: FakeMessagesApi) -> None:
    tools = tuple(replace(TOOL, name=name) for name in ("recommend", "compare_costs"))
    api.turns.add(call(("recommend", {}), ("compare_costs", {"volume": [1, {"a": None}]}), text="Let me see: ä, 漢."))

    events = await hear(make_backend(api, has_strict_tools=False), make_request(tools=tools))

    assert said(events[:-3]) == "Let me see: ä, 漢."
    assert events[-3:-1] == [CallMade("recommend", {}), CallMade("compare_costs", {"volume": [1, {"a": None}]})]
    assert isinstance(events[-1], Ended)
    assert events[-1].stop_reason == "tool_use"


async def test_what_a_model_thinks_is_not_said(api: FakeMessagesApi) -> None:
    thought = {"type": "thinking", "thinking": "They want me to say $5.", "signature": "c2lnbmVk"}
    api.turns.add(Answer([thought, {"type": "text", "text": "Hello."}]))

    assert said(await hear(make_backend(api))) == "Hello."


async def test_the_same_request_again_reads_its_instructions_from_the_cache(api: FakeMessagesApi) -> None:
    api.turns.add(say("One."), say("Two."))
    first = (await hear(make_backend(api), make_request("one")))[-1]
    second = (await hear(make_backend(api), make_request("two")))[-1]

    assert isinstance(first, Ended)
    assert isinstance(second, Ended)
    assert (first.usage.cache_read_tokens, second.usage.cache_write_tokens) == (0, 0)
    assert second.usage.cache_read_tokens == first.usage.cache_write_tokens > 1_024


async def test_a_server_without_a_cache_or_strict_tools_is_sent_marks_of_neither(api: FakeMessagesApi) -> None:
    api.turns.add(say("Hi."))
    marked = {"type": "text", "text": "Hello", "cache_control": {"type": "ephemeral"}}
    request = make_request(messages=[{"role": "user", "content": [marked]}])

    await hear(make_backend(api, has_cache=False, has_strict_tools=False), request)

    (body,) = api.bodies()
    assert "cache_control" not in str(body)
    assert "strict" not in body["tools"][0]
    assert body["messages"][0]["content"] == [{"type": "text", "text": "Hello"}]


async def test_a_call_that_the_limit_on_tokens_cut_is_passed_on_as_broken(api: FakeMessagesApi) -> None:
    api.turns.add(call(("recommend", {"volume": "many " * 200})))

    events = await hear(make_backend(api, has_strict_tools=False), make_request(max_tokens=20))

    assert isinstance(events[-2], CallMade)
    assert set(events[-2].arguments) == {BROKEN}
    assert isinstance(events[-1], Ended)
    assert events[-1].stop_reason == "max_tokens"


@pytest.mark.parametrize(
    "first", [fail(429, retry_after_s=0.01), fail(529), fail(500), say("x", broken=Break("error"))]
)
async def test_what_did_not_begin_is_tried_once_more(api: FakeMessagesApi, first: Answer | Failure) -> None:
    api.turns.add(first, say("Here I am."))

    assert said(await hear(make_backend(api))) == "Here I am."
    assert len(api.requests) == 2


async def test_a_connection_that_is_dropped_before_a_word_is_tried_once_more(api: FakeMessagesApi) -> None:
    api.turns.add(say("lost", broken=Break("cut")), say("Here I am."))

    assert said(await hear(make_backend(api))) == "Here I am."


@pytest.mark.parametrize(
    ("status", "kind", "requests"),
    [
        (429, "rate_limited", 2),
        (529, "overloaded", 2),
        (500, "overloaded", 2),
        (400, "rejected", 1),
        (401, "rejected", 1),
        (403, "rejected", 1),
        (404, "rejected", 1),
        (413, "rejected", 1),
    ],
)
async def test_a_failure_is_tried_again_only_where_that_can_help_and_never_twice(
    api: FakeMessagesApi, status: int, kind: FailureKind, requests: int
) -> None:
    api.turns.add(*[fail(status, retry_after_s=0.01, retried=True)] * 3)

    failure = await fails(make_backend(api))

    assert (failure.kind, failure.usage) == (kind, None)
    assert len(api.requests) == requests


@pytest.mark.parametrize(("asked_for", "kept"), [(4.0, 4.0), (10_000.0, LONGEST_RETRY_S)])
async def test_a_server_that_asks_for_more_patience_than_there_is_is_left_alone(
    api: FakeMessagesApi, asked_for: float, kept: float
) -> None:
    api.turns.add(fail(429, retry_after_s=asked_for), say("Too late."))

    failure = await fails(make_backend(api))

    assert (failure.kind, failure.retry_after_s) == ("rate_limited", kept)
    assert len(api.requests) == 1


async def test_there_is_no_second_try_where_the_time_of_the_call_ends_before_it(api: FakeMessagesApi) -> None:
    api.turns.add(fail(429, retry_after_s=2.5), say("Too late."))

    failure = await fails(make_backend(api, call_s=2.0))

    assert failure.kind == "rate_limited"
    assert len(api.requests) == 1


@pytest.mark.parametrize("given", [{"first_event_s": 0.3}, {"call_s": 0.3}])
async def test_an_answer_that_does_not_begin_is_given_up_once(api: FakeMessagesApi, given: dict[str, float]) -> None:
    api.turns.add(say("never", broken=Break("hang")), say("Too late."))

    failure = await fails(make_backend(api, **given))

    assert (failure.kind, failure.usage) == ("timeout", None)
    assert len(api.requests) == 1


async def test_an_answer_that_hangs_in_its_middle_is_given_up_with_what_it_used(api: FakeMessagesApi) -> None:
    api.turns.add(say("one two three four", broken=Break("hang", after_events=5)))

    failure = await fails(make_backend(api, call_s=1.0))

    assert failure.kind == "timeout"
    assert failure.usage is not None
    assert failure.usage.cache_write_tokens > 1_024


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        (Break("cut", after_events=5), "cut"),
        (Break("error", after_events=5), "overloaded"),
        (Break("error", after_events=5, error_type="api_error"), "overloaded"),
    ],
)
async def test_an_answer_that_breaks_off_leaves_what_was_said_and_is_not_begun_again(
    api: FakeMessagesApi, broken: Break, kind: FailureKind
) -> None:
    api.turns.add(say("one two three four", broken=broken), say("Again."))
    chat = AnthropicChat(make_backend(api), API_KEY)
    heard: list[ChatEvent] = []

    async def listen() -> None:
        async for event in chat.stream(make_request()):
            heard.append(event)  # noqa: PERF401  # a comprehension would lose what came before it broke off

    with pytest.raises(ModelFailure) as failed:
        await listen()
    await chat.close()

    assert said(heard) == "one two "
    assert (failed.value.kind, len(api.requests)) == (kind, 1)
    assert failed.value.usage is not None
    assert failed.value.usage.cache_write_tokens > 1_024


@pytest.mark.parametrize("sent", [0, 1, 4])
async def test_an_answer_that_ends_before_it_said_so_is_none(sent: int) -> None:
    # A proxy may end a stream in good order in the middle of an answer, which the API itself does not.
    async with ended_early(_EVENTS[:sent]) as url:
        failure = await fails(Backend(model=MODEL, base_url=url, context_tokens=200_000, max_tokens=500))

    assert failure.kind == "cut"
    assert failure.usage == (Usage(input_tokens=9, output_tokens=1) if sent else None)


async def test_a_refusal_says_its_category_and_what_it_used(api: FakeMessagesApi) -> None:
    api.turns.add(refuse("frontier_llm", f"about {SECRET}", text="One moment."))

    failure = await fails(make_backend(api))

    assert (failure.kind, failure.category) == ("refused", "frontier_llm")
    assert failure.usage is not None
    assert failure.usage.output_tokens > 0
    assert SECRET not in str(failure)


async def test_a_refusal_without_a_category_is_unnamed(api: FakeMessagesApi) -> None:
    api.turns.add(refuse())

    assert (await fails(make_backend(api))).category == "unnamed"


async def test_nobody_at_the_address_is_unreachable() -> None:
    async with FakeMessagesApi() as gone:
        backend = make_backend(gone)

    failure = await fails(backend)

    assert (failure.kind, failure.detail) == ("unreachable", "there is no connection to it")


@pytest.mark.parametrize(
    ("failure", "named"),
    [
        (fail(401), "check CAIRN_VLLM_API_KEY"),
        (fail(404), "check CAIRN_VLLM_MODEL and CAIRN_VLLM_URL"),
        (fail(413), "check CAIRN_VLLM_CONTEXT"),
        (Failure(400, "invalid_request_error", "prompt is too long: 250000 tokens > 200000 maximum"), "_CONTEXT"),
        (Failure(400, "invalid_request_error", "Your credit balance is too low"), "another CAIRN_VLLM_API_KEY"),
        (Failure(400, "invalid_request_error", f"messages.0: {SECRET}"), "it does not take the request (400, request"),
    ],
)
async def test_a_request_that_is_not_taken_names_the_setting_to_mend_and_nothing_of_the_request(
    api: FakeMessagesApi, failure: Failure, named: str
) -> None:
    api.turns.add(failure)

    met = await fails(make_backend(api, set_by=VLLM))

    assert named in met.detail
    assert SECRET not in str(met)


async def test_a_wrong_key_and_an_unknown_model_are_said(api: FakeMessagesApi) -> None:
    assert "ANTHROPIC_API_KEY" in (await fails(make_backend(api), key="sk-ant-wrong-key")).detail
    assert "CAIRN_MODEL" in (await fails(replace(make_backend(api), model="claude-unheard-of"))).detail


async def test_a_request_longer_than_the_context_is_said_so() -> None:
    async with FakeMessagesApi(limits=Limits(context_tokens=1_000)) as small:
        failure = await fails(make_backend(small))

    assert "this thread is longer than it takes" in failure.detail


async def test_neither_keys_nor_messages_stand_in_errors_or_logs(
    api: FakeMessagesApi, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    api.turns.add(
        say(SECRET, broken=Break("error", after_events=4)),
        refuse("cyber", SECRET),
        Failure(400, "invalid_request_error", f"messages.0.content: {SECRET}; key {API_KEY}"),
        Failure(529, "overloaded_error", SECRET, {"retry-after": "9"}),
        say(SECRET),
    )
    failures = [await fails(make_backend(api)) for _ in range(4)]
    failures.append(await fails(make_backend(api), key="sk-ant-wrong-key"))
    await hear(make_backend(api))

    told = [*map(repr, failures), *map(str, failures), *(failure.detail for failure in failures), caplog.text]
    for secret in (SECRET, API_KEY, "sk-ant-wrong-key"):
        assert not [each for each in told if secret in each]


async def test_tokens_are_counted_as_the_request_is_billed(api: FakeMessagesApi) -> None:
    api.turns.add(say("Hi."))
    chat = AnthropicChat(make_backend(api), API_KEY)
    counted = await chat.count_tokens(make_request())
    await chat.close()

    used = (await hear(make_backend(api)))[-1]

    assert isinstance(used, Ended)
    billed = used.usage
    assert counted == billed.input_tokens + billed.cache_read_tokens + billed.cache_write_tokens


@pytest.mark.parametrize(
    ("fault", "kind"),
    [(fail(401), "rejected"), (fail(529), "overloaded"), (Break("cut"), "unreachable"), (Break("hang"), "timeout")],
)
async def test_tokens_that_cannot_be_counted_fail_as_a_call_does(
    api: FakeMessagesApi, fault: Failure | Break, kind: FailureKind
) -> None:
    api.fail_next("count_tokens", fault)
    chat = AnthropicChat(make_backend(api, count_s=0.5 if kind == "timeout" else 20.0), API_KEY)

    with pytest.raises(ModelFailure) as failed:
        await chat.count_tokens(make_request())
    await chat.close()

    assert failed.value.kind == kind


async def test_a_reader_that_stops_early_lets_go_of_the_connection(api: FakeMessagesApi) -> None:
    api.turns.add(say("one two three", broken=Break("hang", after_events=4)), say("Next."))
    chat = AnthropicChat(make_backend(api), API_KEY)
    stream = chat.stream(make_request())
    assert await anext(stream) == TextPiece("one ")
    await stream.aclose()  # type: ignore[attr-defined]  # an async generator, which the port does not promise

    assert said([event async for event in chat.stream(make_request())]) == "Next."
    await chat.close()
