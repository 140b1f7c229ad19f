"""Teachers behind an API of OpenAI's kind, against a strict fake; what all batches promise is in tests/contract."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from agents.adapters.teachers.openai import VLLM, OpenAiCompatible
from agents.adapters.teachers.openai_batches import OpenAiBatches
from agents.dialogue.chat import Usage
from agents.distillation.teaching import TeacherBusy, TeacherRefused, TeacherRequest, teacher_request
from tests.fakes.chat_completions import KEY, FakeChatCompletions, Says, chat_completions
from tests.unit.distillation.specs import taught_spec

pytestmark = pytest.mark.integration

NAME = "0123456789abcdef"
LONG = "a long story " * 100_000
FINE = Says('{"label": "billing"}')


def says(text: str) -> Says:
    odd = {
        "refused": Says(None, refusal="I cannot"),
        "filtered": Says("", "content_filter"),
        "cut": Says('{"la', "length"),
        "long": Says(LONG),
        "fenced": Says('```json\n{"label": "billing"}\n```'),
    }
    return next((each for word, each in odd.items() if word in text), FINE)


@pytest.fixture
async def api() -> AsyncIterator[FakeChatCompletions]:
    async with chat_completions(says) as started:
        yield started


@pytest.fixture
async def teacher(api: FakeChatCompletions) -> AsyncIterator[OpenAiCompatible]:
    made = OpenAiCompatible("gpt-4o", api.url, KEY)
    yield made
    await made.close()


def asked(text: str, **spec: Any) -> TeacherRequest:
    return teacher_request(taught_spec(**spec), "a-0", text)


async def test_each_end_of_a_request_is_told(teacher: OpenAiCompatible) -> None:
    ends = {}
    for word in ("fine", "refused", "filtered", "cut"):
        answer = await teacher.answer(asked(word))
        ends[word] = (answer.state, answer.detail)
        assert answer.usage == Usage(input_tokens=60, cache_read_tokens=40, output_tokens=20)
    assert ends == {
        "fine": ("answered", ""),
        "refused": ("refused", "unnamed"),
        "filtered": ("refused", "content_filter"),
        "cut": ("cut", "length"),
    }


async def test_an_answer_in_a_fence_is_taken_out_of_it(teacher: OpenAiCompatible) -> None:
    assert (await teacher.answer(asked("fenced"))).text == '{"label": "billing"}'


@pytest.mark.parametrize("required", [["artist"], ["artist", "year"]])
async def test_a_schema_is_strict_where_it_can_be(
    required: list[str], api: FakeChatCompletions, teacher: OpenAiCompatible
) -> None:
    properties = {"artist": {"type": "string"}, "year": {"type": "integer"}}
    record = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    task = {"kind": "extraction", "instructions": "Find what is in it.", "record": record}

    assert (await teacher.answer(asked("fine", task=task))).state == "answered"
    assert api.bodies[0]["response_format"]["json_schema"]["strict"] == (len(required) == 2)


async def test_it_is_tried_again_where_that_cannot_be_paid_twice(
    api: FakeChatCompletions, teacher: OpenAiCompatible
) -> None:
    api.next.extend([Says(status=429, retry_after_s=0), Says(status=503, retry_after_s=0)])
    assert (await teacher.answer(asked("fine"))).state == "answered"
    assert len(api.bodies) == 3

    api.next.extend([Says(status=500, retry_after_s=0)] * 9)
    answer = await teacher.answer(asked("fine"))
    assert (answer.state, answer.detail, len(api.next)) == ("errored", "failed", 5)


@pytest.mark.parametrize(
    ("status", "code", "says_so"),
    [
        (429, "insufficient_quota", "no credit left"),
        (401, "invalid_api_key", "CAIRN_OPENAI_API_KEY"),
        (404, "model_not_found", "teacher.model"),
    ],
)
async def test_what_no_request_gets_past_names_what_to_mend(
    status: int, code: str, says_so: str, api: FakeChatCompletions, teacher: OpenAiCompatible
) -> None:
    api.next.append(Says(status=status, code=code))

    with pytest.raises(TeacherRefused, match=says_so) as raised:
        await teacher.answer(asked("a secret"))
    assert "a secret" not in str(raised.value)
    assert KEY not in str(raised.value)
    assert len(api.bodies) == 1


async def test_an_open_model_on_a_server_of_one_s_own_needs_no_key() -> None:
    async with chat_completions(says, is_open=True) as api:
        teacher = OpenAiCompatible("qwen", api.url, None, settings=VLLM, is_own=True)
        assert (await teacher.answer(asked("fine"))).state == "answered"
        assert api.bodies[0]["max_tokens"] > 0
        await teacher.close()


@pytest.mark.parametrize(
    ("code", "meaning", "says_so"),
    [
        ("token_limit_exceeded", TeacherBusy, "limit on tokens that wait in batches"),
        ("billing_hard_limit_reached", TeacherRefused, "no credit left"),
        ("model_not_found", TeacherRefused, "teacher.model"),
        ("invalid_json_line", TeacherRefused, "invalid_json_line"),
    ],
)
async def test_a_batch_that_fails_as_a_whole_says_what_to_mend(
    code: str, meaning: type[Exception], says_so: str, api: FakeChatCompletions
) -> None:
    api.batches.fails_with.append(code)
    teacher = OpenAiBatches("gpt-4o", api.url, KEY)
    progress = await teacher.progress(await teacher.submit(NAME, [asked("fine")]))
    await teacher.close()

    assert progress.has_ended
    assert isinstance(progress.failed, meaning)
    assert says_so in str(progress.failed)


async def test_a_server_without_batches_says_how_to_do_without() -> None:
    async with chat_completions(says, is_open=True) as other:
        teacher = OpenAiBatches("gpt-4o", other.url, KEY)
        with pytest.raises(TeacherRefused, match=r"set teacher\.batch: false"):
            await teacher.submit(NAME, [asked("fine")])
        await teacher.close()


async def test_a_long_answer_is_read_whole(api: FakeChatCompletions) -> None:
    teacher = OpenAiBatches("gpt-4o", api.url, KEY)
    batch_id = await teacher.submit(NAME, [asked("long")])
    while not (await teacher.progress(batch_id)).has_ended:
        pass
    (answer,) = [each async for each in teacher.answers(NAME, batch_id)]
    await teacher.close()
    assert answer.text == LONG
