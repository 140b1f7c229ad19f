"""What every teacher that answers in batches promises, held to by each against the strict fake of its API."""

import datetime as dt
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from agents.adapters.teachers import Access, Teachers
from agents.distillation.spec import TeacherSpec
from agents.distillation.teaching import (
    TeacherAnswer,
    TeacherBusy,
    TeacherLost,
    TeacherRefused,
    TeacherRequest,
    teacher_request,
)
from agents.ports import BatchTeacher
from tests.fakes.chat_completions import KEY, Says, chat_completions
from tests.fakes.messages_api import API_KEY, Answer, Break, Clock, FakeMessagesApi, fail, refuse, say
from tests.fakes.messages_api.script import Turn
from tests.unit.distillation.specs import taught_spec

pytestmark = pytest.mark.integration

NAME, OTHER_NAME = "0123456789abcdef", "fedcba9876543210"
SECRET = "the-secret-of-a-customer"
LABEL = '{"label": "billing"}'

Fault = Literal["busy", "broken", "cut", "refused", "forbidden"]
STATUSES: Mapping[str, int] = {"busy": 429, "broken": 500, "refused": 400, "forbidden": 403}


@dataclass(frozen=True, slots=True)
class Provider:
    """One teacher with its API.

    Attributes:
        fail_submit: Lets the call that hands a batch in fail.
        submits: Returns how many such calls arrived.
    """

    teacher: BatchTeacher
    clock: Clock
    fail_submit: Callable[[Fault], None]
    submits: Callable[[], int]
    key: str
    setting: str
    refusal: str


def claude_says(body: Mapping[str, Any]) -> Turn:
    text = body["messages"][0]["content"]
    turns: dict[str, Turn] = {
        "refused": refuse("bio"),
        "cut": Answer([{"type": "text", "text": '{"lab'}], stop_reason="max_tokens"),
        "broken": fail(500),
        "stuck": Answer(broken=Break("hang")),
    }
    return next((turn for word, turn in turns.items() if word in text), say(LABEL))


def openai_says(text: str) -> Says:
    odd = {
        "refused": Says(None, refusal="I cannot"),
        "cut": Says('{"la', "length"),
        "broken": Says(status=500),
        "stuck": Says(hangs=True),
    }
    return next((each for word, each in odd.items() if word in text), Says(LABEL))


async def claude(stack: AsyncExitStack, key: str | None) -> Provider:
    api = await stack.enter_async_context(FakeMessagesApi(claude_says, clock=Clock(dt.datetime.now(dt.UTC))))
    teacher = made(stack, "claude", Access(anthropic_key=key or API_KEY, anthropic_url=api.url))

    def fail_submit(fault: Fault) -> None:
        api.fail_next("batches.create", Break("cut") if fault == "cut" else fail(STATUSES[fault], retry_after_s=7))

    return Provider(
        teacher, api.clock, fail_submit, lambda: len(api.bodies("batches.create")), API_KEY, "ANTHROPIC_API_KEY", "bio"
    )


async def openai(stack: AsyncExitStack, key: str | None) -> Provider:
    api = await stack.enter_async_context(chat_completions(openai_says))
    teacher = made(stack, "openai", Access(openai_key=key or KEY, openai_url=api.url))

    def fail_submit(fault: Fault) -> None:
        status = STATUSES.get(fault, 0)
        api.faults["POST /v1/batches"] = (Says(status=status, retry_after_s=7, is_cut=not status), False)

    return Provider(
        teacher,
        api.clock,
        fail_submit,
        lambda: api.calls.count("POST /v1/batches"),
        KEY,
        "CAIRN_OPENAI_API_KEY",
        "unnamed",
    )


def made(stack: AsyncExitStack, kind: str, access: Access) -> BatchTeacher:
    teachers = Teachers(access)
    stack.push_async_callback(teachers.close)
    teacher = teachers.of(TeacherSpec.model_validate({"kind": kind, "model": "claude-sonnet-5-5"}))
    assert isinstance(teacher, BatchTeacher)
    return teacher


@pytest.fixture(params=[claude, openai], ids=["claude", "openai"])
async def provider(request: pytest.FixtureRequest) -> AsyncIterator[Provider]:
    async with AsyncExitStack() as stack:
        yield await request.param(stack, None)


def asked(*words: str) -> list[TeacherRequest]:
    return [teacher_request(taught_spec(), f"a-{at}", word) for at, word in enumerate(words)]


async def ended(provider: Provider, batch_id: str) -> None:
    """Look until the batch has ended."""
    for _ in range(5):
        if (await provider.teacher.progress(batch_id)).has_ended:
            return
    raise AssertionError("the batch does not end")


async def answers_of(provider: Provider, batch_id: str, name: str = NAME) -> dict[str, TeacherAnswer]:
    return {each.id: each async for each in provider.teacher.answers(name, batch_id)}


async def test_each_end_of_a_request_comes_back_by_its_own_id(provider: Provider) -> None:
    batch_id = await provider.teacher.submit(NAME, asked("fine", "refused", "cut", "broken", "stuck"))

    for _ in range(3):
        progress = await provider.teacher.progress(batch_id)
        assert (progress.has_ended, progress.failed) == (False, None)
    provider.clock.advance(dt.timedelta(hours=25))
    await ended(provider, batch_id)
    found = await answers_of(provider, batch_id)

    ends = {each: (answer.state, answer.detail) for each, answer in found.items()}
    assert ends["a-0"] == ("answered", "")
    assert ends["a-1"] == ("refused", provider.refusal)
    assert ends["a-2"][0] == "cut"
    assert ends["a-3"] == ("errored", "api_error")
    assert ends["a-4"][0] == "expired"
    assert found["a-0"].text == LABEL
    assert all(found[each].usage.output_tokens > 0 for each in ("a-0", "a-1", "a-2")), "what was used is always told"


async def test_a_batch_is_found_by_its_name(provider: Provider) -> None:
    teacher, since = provider.teacher, provider.clock.now
    mine = await teacher.submit(NAME, asked("one", "two"))
    await ended(provider, mine)
    others = await teacher.submit(OTHER_NAME, asked("one", "two"))
    await ended(provider, others)

    found = await teacher.find(NAME, 2, since)

    assert [(each.id, each.is_ours) for each in found] == [(mine, True)]
    assert await teacher.find(NAME, 2, since + dt.timedelta(hours=1)) == []


async def test_answers_of_another_batch_are_not_taken(provider: Provider) -> None:
    batch_id = await provider.teacher.submit(OTHER_NAME, asked("one"))
    await ended(provider, batch_id)

    with pytest.raises(TeacherRefused, match=f"{batch_id} holds requests of something else"):
        await answers_of(provider, batch_id)


async def test_a_batch_that_is_cancelled_keeps_what_was_answered(provider: Provider) -> None:
    batch_id = await provider.teacher.submit(NAME, asked("one", "stuck"))
    for _ in range(3):
        await provider.teacher.progress(batch_id)
    await provider.teacher.cancel(batch_id)
    await ended(provider, batch_id)
    await provider.teacher.cancel(batch_id)

    ends = {each: answer.state for each, answer in (await answers_of(provider, batch_id)).items()}
    assert ends == {"a-0": "answered", "a-1": "cancelled"}


@pytest.mark.parametrize(
    ("fault", "meaning"),
    [
        ("busy", TeacherBusy),
        ("broken", TeacherLost),
        ("cut", TeacherLost),
        ("refused", TeacherRefused),
        ("forbidden", TeacherRefused),
    ],
)
async def test_a_batch_is_handed_in_once_whatever_comes_back(
    fault: Fault, meaning: type[Exception], provider: Provider
) -> None:
    provider.fail_submit(fault)

    with pytest.raises(meaning) as raised:
        await provider.teacher.submit(NAME, asked(SECRET))

    assert provider.submits() == 1
    assert SECRET not in str(raised.value)
    assert provider.key not in str(raised.value)
    assert not isinstance(raised.value, TeacherBusy) or raised.value.retry_after_s in {7.0, None}


@pytest.mark.parametrize("make", [claude, openai])
async def test_a_key_that_is_not_taken_is_named(make: Callable[..., Any]) -> None:
    async with AsyncExitStack() as stack:
        provider: Provider = await make(stack, "sk-wrong")
        with pytest.raises(TeacherRefused, match=provider.setting) as raised:
            await provider.teacher.submit(NAME, asked("one"))
    assert "sk-wrong" not in str(raised.value)


@pytest.mark.parametrize("kind", ["claude", "openai"])
async def test_a_server_that_is_not_there_took_nothing(kind: str) -> None:
    nowhere = "http://127.0.0.1:9"
    async with AsyncExitStack() as stack:
        access = Access(anthropic_key="k", anthropic_url=nowhere, openai_key="k", openai_url=nowhere)
        with pytest.raises(TeacherBusy, match="no connection"):
            await made(stack, kind, access).submit(NAME, asked("one"))
