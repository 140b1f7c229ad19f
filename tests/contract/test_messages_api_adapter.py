"""Our adapter over the Messages API: one suite against the strict fake and against vLLM, set up as README says."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from anthropic import AsyncAnthropic, NotFoundError

from agents.conversation.prompts import system_prompt
from agents.conversation.state import Message
from agents.conversation.tools import MODEL_TOOLS
from agents.conversation.wire import wire_messages
from agents.dialogue.chat import CallMade, ChatEvent, Ended, ModelFailure, Request, TextPiece
from agents.ports import ChatModel
from agents.settings import load_settings
from agents.wiring import open_chats
from tests.fakes import messages_api as fake
from tests.vllm.fixtures import CALLS, NOTED, SAID, WAITS
from tests.vllm.server import API_KEY, VllmServer
from tests.vllm.tiny_model import CONTEXT_TOKENS, MODEL, cue

pytestmark = pytest.mark.integration

ON_VLLM = pytest.param("vllm", marks=[pytest.mark.vllm, WAITS])
STATE = "<state>\nNo answer yet.\n</state>"


@dataclass(frozen=True)
class Served:
    """A server of the Messages API whose model recites what it is given the cue for."""

    url: str
    api_key: str


@pytest.fixture(params=["fake", ON_VLLM])
async def served(request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    if request.param == "vllm":
        yield Served(request.getfixturevalue("vllm").url, API_KEY)
        return
    limits = fake.Limits(models=frozenset({MODEL}), context_tokens=CONTEXT_TOKENS)
    async with fake.FakeMessagesApi(_recite, limits=limits) as api:
        yield Served(api.url, fake.API_KEY)


@pytest.fixture
async def opened() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
async def chat(served: Served, opened: AsyncExitStack) -> ChatModel:
    return await open_chat(opened, served)


def _recite(body: dict[str, Any]) -> fake.Answer:
    last = str(body["messages"][-1]["content"])
    if cue("calls") in last:
        return fake.call(*CALLS, text=NOTED)
    return fake.say(SAID if cue("said") in last else "buttons stands cost below verdict")


async def open_chat(opened: AsyncExitStack, served: Served, **changed: str) -> ChatModel:
    given = {"vllm_url": served.url, "vllm_model": MODEL, "vllm_api_key": served.api_key, **changed}
    return (await open_chats(load_settings(**given), opened))["vllm"]


def human(text: str, at: int = 1) -> Message:
    return {"id": f"E{at}", "role": "human", "text": text, "who": "U0ANA"}


def asked(*history: Message, max_tokens: int = 200) -> Request:
    """The request of a conversation, with the instructions and the tools of the product."""
    messages = wire_messages(history, STATE, at_most_tokens=CONTEXT_TOKENS)
    return Request(system=system_prompt(), tools=MODEL_TOOLS, messages=messages, max_tokens=max_tokens)


async def heard(chat: ChatModel, request: Request) -> tuple[list[str], list[CallMade], Ended]:
    """The pieces of an answer's text, its calls and its end, in this order."""
    events: Sequence[ChatEvent] = [event async for event in chat.stream(request)]
    pieces = [event.text for event in events if isinstance(event, TextPiece)]
    calls = [event for event in events if isinstance(event, CallMade)]
    ended = events[-1]
    assert isinstance(ended, Ended)
    assert len(events) == len(pieces) + len(calls) + 1
    return pieces, calls, ended


async def failure(chat: ChatModel, request: Request) -> ModelFailure:
    with pytest.raises(ModelFailure) as failed:
        await heard(chat, request)
    return failed.value


async def test_a_text_comes_in_pieces_and_ends_with_what_it_used(chat: ChatModel) -> None:
    pieces, calls, ended = await heard(chat, asked(human(cue("said"))))

    assert "".join(pieces) == SAID
    assert len(pieces) > 3
    assert (calls, ended.stop_reason) == ([], "end_turn")
    assert ended.usage.output_tokens >= len(pieces)


async def test_several_calls_of_one_answer_come_whole_and_after_its_text(chat: ChatModel) -> None:
    pieces, calls, ended = await heard(chat, asked(human(f"too expensive {cue('calls')}")))

    assert "".join(pieces).strip() == NOTED
    assert [(call.name, dict(call.arguments)) for call in calls] == list(CALLS)
    assert ended.stop_reason == "tool_use"


async def test_a_history_of_calls_results_and_a_turn_that_was_cut_off_is_taken(chat: ChatModel) -> None:
    first, second = ({"id": f"E1:0:{at}", "name": name, "arguments": taken} for at, (name, taken) in enumerate(CALLS))
    history: list[Message] = [
        human("too expensive"),
        {"id": "E1:0", "role": "assistant", "text": NOTED, "calls": [first, second]},  # type: ignore[list-item]  # a plain dict is a call
        {"id": "r1", "role": "tool", "text": "Noted: cost.", "call_id": "E1:0:0", "data": {}},
        {"id": "r2", "role": "tool", "text": "No such run.", "call_id": "E1:0:1", "data": {"error": True}},
        {"id": "E1:1", "role": "assistant", "text": "", "calls": [{**first, "id": "E1:1:0"}]},  # type: ignore[typeddict-item]  # as above
        human(f"hello? {cue('said')}", at=2),
    ]
    pieces, _, _ = await heard(chat, asked(*history))

    assert "".join(pieces) == SAID


async def test_tokens_are_counted_as_they_are_used(chat: ChatModel) -> None:
    request = asked(human(cue("said")))
    _, _, ended = await heard(chat, request)

    assert await chat.count_tokens(request) == ended.usage.input_tokens > 0


async def test_an_answer_ends_where_its_tokens_run_out(chat: ChatModel) -> None:
    pieces, _, ended = await heard(chat, asked(human(cue("said")), max_tokens=3))

    assert ended.stop_reason == "max_tokens"
    assert 0 < len("".join(pieces)) < len(SAID)
    assert SAID.startswith("".join(pieces))


async def test_answers_that_come_at_once_are_not_mixed(chat: ChatModel) -> None:
    said, called = await asyncio.gather(
        heard(chat, asked(human(cue("said")))), heard(chat, asked(human(f"too expensive {cue('calls')}")))
    )

    assert "".join(said[0]) == SAID
    assert [call.name for call in called[1]] == [name for name, _ in CALLS]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"vllm_api_key": "wrong"}, "CAIRN_VLLM_API_KEY"),
        ({"vllm_model": "another"}, "CAIRN_VLLM_MODEL"),
    ],
    ids=["key", "model"],
)
async def test_a_refusal_names_the_setting_that_mends_it(
    served: Served, opened: AsyncExitStack, changed: dict[str, str], named: str
) -> None:
    failed = await failure(await open_chat(opened, served, **changed), asked(human("hello")))

    assert failed.kind == "rejected"
    assert named in failed.detail
    assert failed.usage is None


async def test_a_request_that_is_too_long_names_the_setting_of_the_context(chat: ChatModel) -> None:
    # No history becomes as long: it is cut before.
    message = {"role": "user", "content": [{"type": "text", "text": "word " * 4 * CONTEXT_TOKENS}]}
    request = Request(system=system_prompt(), tools=MODEL_TOOLS, messages=[message], max_tokens=200)
    failed = await failure(chat, request)

    assert failed.kind == "rejected"
    assert "CAIRN_VLLM_CONTEXT" in failed.detail


@pytest.mark.vllm
@WAITS
async def test_vllm_has_no_batches(vllm: VllmServer) -> None:
    async with AsyncAnthropic(base_url=vllm.url, api_key=API_KEY, max_retries=0) as client:
        with pytest.raises(NotFoundError):
            await client.messages.batches.create(requests=[])
