"""Claude as a teacher, against the strict fake of its API; what all batches promise is in tests/contract."""

import datetime as dt
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from agents.adapters.teachers import Access, Teachers
from agents.adapters.teachers.claude import ClaudeBatches, ClaudeLive
from agents.distillation.spec import TeacherSpec
from agents.distillation.teaching import (
    TeacherAnswer,
    TeacherRequest,
    teacher_request,
)
from agents.errors import UserError
from tests.fakes.messages_api import API_KEY, Answer, Break, Clock, FakeMessagesApi, fail, refuse, say
from tests.fakes.messages_api.script import Turn
from tests.unit.distillation.specs import taught_spec

pytestmark = pytest.mark.integration

NAME, OTHER_NAME = "0123456789abcdef", "fedcba9876543210"
SECRET = "the-secret-of-a-customer"
RECORD = {
    "type": "object",
    "properties": {
        "artist": {"type": ["string", "null"], "maxLength": 40},
        "year": {"type": "integer", "minimum": 1900},
    },
    "required": ["artist"],
    "additionalProperties": False,
}


def spec_of(**changed: Any) -> TeacherSpec:
    return TeacherSpec.model_validate({"kind": "claude", "model": "claude-sonnet-5-5", **changed})


@pytest.fixture
async def api() -> AsyncIterator[FakeMessagesApi]:
    def script(body: dict[str, Any]) -> Turn:
        text = body["messages"][0]["content"]
        turns: dict[str, Turn] = {
            "refused": refuse("bio"),
            "cut": Answer([{"type": "text", "text": '{"lab'}], stop_reason="max_tokens"),
            "broken": fail(500),
            "stuck": Answer(broken=Break("hang")),
        }
        return next((turn for word, turn in turns.items() if word in text), say('{"label": "billing"}'))

    async with FakeMessagesApi(script, clock=Clock(dt.datetime.now(dt.UTC))) as started:
        yield started


@pytest.fixture
async def teachers(api: FakeMessagesApi) -> AsyncIterator[Teachers]:
    made = Teachers(Access(anthropic_key=API_KEY, anthropic_url=api.url))
    yield made
    await made.close()


@pytest.fixture
def batches(teachers: Teachers) -> ClaudeBatches:
    teacher = teachers.of(spec_of())
    assert isinstance(teacher, ClaudeBatches)
    return teacher


@pytest.fixture
def live(teachers: Teachers) -> ClaudeLive:
    teacher = teachers.of(spec_of(batch=False))
    assert isinstance(teacher, ClaudeLive)
    return teacher


def asked(*words: str, spec: Any = None) -> list[TeacherRequest]:
    return [teacher_request(spec or taught_spec(), f"a-{at}", word) for at, word in enumerate(words)]


async def answers_of(teacher: ClaudeBatches, batch_id: str, name: str = NAME) -> dict[str, TeacherAnswer]:
    return {each.id: each async for each in teacher.answers(name, batch_id)}


async def test_a_record_of_any_schema_is_taken(api: FakeMessagesApi, batches: ClaudeBatches) -> None:
    tasks: list[dict[str, Any]] = [
        RECORD,
        {"type": "object", "properties": {"any": {}}, "required": ["any"]},
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"type": "object", "properties": {f"p{at}": {"type": "string"} for at in range(30)}},
    ]
    for number, record in enumerate(tasks):
        task = {"kind": "extraction", "instructions": "Find what is in it.", "record": record}
        requests = asked("fine", spec=taught_spec(task=task))
        batch_id = await batches.submit(NAME, requests)
        await batches.progress(batch_id)
        (answer,) = (await answers_of(batches, batch_id)).values()
        assert answer.state == "answered", answer.detail
        body = api.bodies("batch")[-1]
        assert ("output_config" in body) == (number == 0), "what cannot be bound is asked for in words"
        assert number == 0 or json.dumps(record)[1:-1] in body["system"][0]["text"]


async def test_what_all_requests_begin_with_is_cached(api: FakeMessagesApi, batches: ClaudeBatches) -> None:
    spec = taught_spec(task={"kind": "generation", "instructions": "Answer it. " * 600})
    batch_id = await batches.submit(NAME, asked("one", "two", "three", spec=spec))
    await batches.progress(batch_id)

    found = await answers_of(batches, batch_id)

    read = sorted(each.usage.cache_read_tokens for each in found.values())
    assert read[0] == 0
    assert read[1] > 1_000


async def test_a_batch_is_found_by_the_name_that_its_requests_carry(
    api: FakeMessagesApi, batches: ClaudeBatches
) -> None:
    since = api.clock.now
    mine = await batches.submit(NAME, asked("one", "two"))
    await batches.progress(mine)
    others = await batches.submit(OTHER_NAME, asked("one", "two"))
    await batches.progress(others)
    running = await batches.submit(OTHER_NAME, asked("three", "four"))
    await batches.submit(NAME, asked("of another size"))

    found = await batches.find(NAME, 2, since)

    assert [(each.id, each.is_ours) for each in found] == [(running, False), (mine, True)]
    assert await batches.find(NAME, 2, since + dt.timedelta(hours=1)) == []


async def test_a_live_answer_is_tried_again_where_that_cannot_be_paid_twice(
    api: FakeMessagesApi, live: ClaudeLive
) -> None:
    api.fail_next("messages", fail(429, retry_after_s=0))
    api.fail_next("messages", fail(529, retry_after_s=0))
    answer = await live.answer(asked("fine")[0])
    assert (answer.state, len(api.bodies())) == ("answered", 3)

    api.fail_next("messages", Break("cut"), done=True)
    lost = await live.answer(asked("fine")[0])
    assert (lost.state, lost.may_be_paid, len(api.bodies())) == ("errored", True, 4)


async def test_one_request_that_is_not_taken_leaves_the_others(api: FakeMessagesApi, live: ClaudeLive) -> None:
    api.fail_next("messages", fail(400))
    assert (await live.answer(asked(SECRET)[0])).detail == "invalid_request_error"
    assert (await live.answer(asked("refused")[0])).state == "refused"
    assert (await live.answer(asked("cut")[0])).state == "cut"


@pytest.mark.parametrize(
    ("kind", "setting"),
    [("claude", "ANTHROPIC_API_KEY"), ("openai", "CAIRN_OPENAI_API_KEY"), ("vllm", "CAIRN_VLLM_URL")],
)
def test_a_teacher_that_is_not_set_up_names_its_setting(kind: str, setting: str) -> None:
    with pytest.raises(UserError, match=f"needs {setting}"):
        Teachers(Access()).of(spec_of(kind=kind))
