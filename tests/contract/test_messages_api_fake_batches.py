"""How the fake Messages API works on batches, asked through the real SDK."""

import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import pytest
from anthropic.types.messages import MessageBatch, MessageBatchIndividualResponse

from tests.contract.messages_api_client import ASK, client_of
from tests.fakes.messages_api import Answer, Break, FakeMessagesApi, JsonObject, fail, say

pytestmark = pytest.mark.integration


@pytest.fixture
async def api() -> AsyncIterator[FakeMessagesApi]:
    async with FakeMessagesApi(lambda body: say(body["messages"][0]["content"])) as started:
        yield started


def asked(count: int, **changes: Any) -> list[Any]:
    """Requests r0, r1, …, each of which says its own name."""
    return [
        {"custom_id": f"r{at}", "params": {**ASK, "messages": [{"role": "user", "content": f"r{at}"}], **changes}}
        for at in range(count)
    ]


async def create(api: FakeMessagesApi, requests: list[Any]) -> MessageBatch:
    async with client_of(api) as client:
        return await client.messages.batches.create(requests=requests)


async def look(api: FakeMessagesApi, batch: MessageBatch) -> MessageBatch:
    async with client_of(api) as client:
        return await client.messages.batches.retrieve(batch.id)


async def results(api: FakeMessagesApi, batch: MessageBatch) -> list[MessageBatchIndividualResponse]:
    async with client_of(api) as client:
        return [result async for result in await client.messages.batches.results(batch.id)]


def kinds(lines: list[MessageBatchIndividualResponse]) -> Counter[str]:
    return Counter(line.result.type for line in lines)


async def test_a_batch_is_in_progress_first_and_then_has_all_its_results(api: FakeMessagesApi) -> None:
    batch = await create(api, asked(3))
    assert (batch.processing_status, batch.request_counts.processing, batch.results_url) == ("in_progress", 3, None)
    assert batch.expires_at - batch.created_at == dt.timedelta(hours=24)
    ended = await look(api, batch)
    assert (ended.processing_status, ended.request_counts.succeeded) == ("ended", 3)
    said = {
        line.custom_id: line.result.message.content[0].to_dict()["text"]
        for line in await results(api, batch)
        if line.result.type == "succeeded"
    }
    assert said == {"r0": "r0", "r1": "r1", "r2": "r2"}


async def test_results_come_in_another_order_than_the_requests(api: FakeMessagesApi) -> None:
    batch = await create(api, asked(4))
    await look(api, batch)
    order = [line.custom_id for line in await results(api, batch)]
    assert sorted(order) == ["r0", "r1", "r2", "r3"]
    assert order != sorted(order)


async def test_a_request_that_would_be_refused_is_errored_in_the_results(api: FakeMessagesApi) -> None:
    batch = await create(api, [*asked(1), {"custom_id": "bad", "params": {**ASK, "top_k": 5}}])
    ended = await look(api, batch)
    assert (ended.request_counts.succeeded, ended.request_counts.errored) == (1, 1)
    (errored,) = [line.result for line in await results(api, batch) if line.result.type == "errored"]
    assert errored.error.error.type == "invalid_request_error"
    assert "top_k" in errored.error.error.message


async def test_a_scripted_failure_is_errored_with_its_type() -> None:
    async with FakeMessagesApi([fail(529), say("Hi")]) as api:
        batch = await create(api, asked(2))
        await look(api, batch)
        lines = {line.custom_id: line.result for line in await results(api, batch)}
    assert lines["r0"].type == "errored"
    assert lines["r0"].error.error.type == "overloaded_error"
    assert lines["r1"].type == "succeeded"


async def test_a_canceled_batch_keeps_what_was_done(api: FakeMessagesApi) -> None:
    api.batches.per_look = 2
    batch = await create(api, asked(5))
    assert (await look(api, batch)).request_counts.processing == 5
    async with client_of(api) as client:
        canceling = await client.messages.batches.cancel(batch.id)
    assert (canceling.processing_status, canceling.results_url) == ("canceling", None)
    ended = await look(api, batch)
    assert (ended.processing_status, ended.request_counts.canceled) == ("ended", 3)
    assert kinds(await results(api, batch)) == {"succeeded": 2, "canceled": 3}


async def test_a_batch_expires_after_24_hours_with_what_was_done(api: FakeMessagesApi) -> None:
    api.batches.per_look = 0
    batch = await create(api, asked(3))
    await api.batches.process(batch.id, 1)
    api.clock.advance(dt.timedelta(hours=23, minutes=59))
    assert (await look(api, batch)).processing_status == "in_progress"
    api.clock.advance(dt.timedelta(minutes=1))
    ended = await look(api, batch)
    assert (ended.request_counts.expired, ended.ended_at) == (2, batch.expires_at)
    assert kinds(await results(api, batch)) == {"succeeded": 1, "expired": 2}


async def test_a_request_that_hangs_keeps_its_batch_open_until_it_expires() -> None:
    def answer(body: JsonObject) -> Answer:
        text = body["messages"][0]["content"]
        return say(text, broken=Break("hang") if text == "r1" else None)

    async with FakeMessagesApi(answer) as api:
        batch = await create(api, asked(3))
        assert (await look(api, batch)).processing_status == "in_progress"
        api.clock.advance(dt.timedelta(hours=24))
        await look(api, batch)
        assert kinds(await results(api, batch)) == {"succeeded": 2, "expired": 1}


async def test_an_ended_batch_cannot_be_canceled(api: FakeMessagesApi) -> None:
    batch = await create(api, asked(1))
    await look(api, batch)
    async with client_of(api) as client:
        with pytest.raises(anthropic.BadRequestError, match="has ended"):
            await client.messages.batches.cancel(batch.id)


async def test_batches_are_listed_the_newest_first_page_by_page(api: FakeMessagesApi) -> None:
    made = [(await create(api, asked(1))).id for _ in range(5)]
    async with client_of(api) as client:
        page = await client.messages.batches.list(limit=2)
        assert ([batch.id for batch in page.data], page.has_more) == (made[:2:-1], True)
        assert [batch.id async for batch in client.messages.batches.list(limit=2)] == made[::-1]
        before = await client.messages.batches.list(limit=20, before_id=made[2])
    assert [batch.id for batch in before.data] == [made[4], made[3]]


async def test_a_batch_whose_answer_was_lost_is_found_in_the_list(api: FakeMessagesApi) -> None:
    api.fail_next("batches.create", Break("cut"), done=True)
    with pytest.raises(anthropic.APIConnectionError):
        await create(api, asked(1))
    async with client_of(api) as client:
        assert len([batch async for batch in client.messages.batches.list()]) == 1


async def test_a_batch_that_failed_to_be_made_is_not_in_the_list(api: FakeMessagesApi) -> None:
    api.fail_next("batches.create", fail(500))
    with pytest.raises(anthropic.InternalServerError):
        await create(api, asked(1))
    async with client_of(api) as client:
        assert [batch async for batch in client.messages.batches.list()] == []


@pytest.mark.parametrize(
    ("requests", "said"),
    [
        pytest.param([], "at least 1 item", id="none"),
        pytest.param([*asked(1), *asked(1)], "must be unique", id="the same id twice"),
        pytest.param([{"custom_id": "a b", "params": ASK}], "should match pattern", id="bad id"),
        pytest.param([{"custom_id": "a", "params": ASK, "metadata": {}}], "nothing else", id="metadata"),
    ],
)
async def test_a_batch_that_is_not_as_it_must_be_is_refused(
    api: FakeMessagesApi, requests: list[Any], said: str
) -> None:
    with pytest.raises(anthropic.BadRequestError, match=said):
        await create(api, requests)


async def test_an_unknown_batch_is_not_found(api: FakeMessagesApi) -> None:
    async with client_of(api) as client:
        with pytest.raises(anthropic.NotFoundError):
            await client.messages.batches.retrieve("msgbatch_none")
