"""A reply that is read while it is written: every sentence once, whatever becomes of the stream."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks.elements import actions, button
from bot.localslack import LocalSlack, streams
from bot.stream import MESSAGE_CHARACTERS, Stream
from bot.streamed_message import Pace, Place
from tests.integration.bot.conftest import ALICE, GENERAL, TEAM, Page, client_of, eventually

SENTENCES = ("The bill is **40%** lower. ", "See [the list](https://example.org/prices). ", "Nothing else changes.")
AT_ONCE = Pace(0.0, 0.0)


class Notes:
    """A journal that nobody reads."""

    async def growing(self, begins: str | None = None) -> None:
        """Take down nothing."""

    async def began(self, ts: str) -> None:
        """Take down nothing."""


class Reply:
    """A question of Alice's and the stream that answers it."""

    def __init__(self, client: AsyncWebClient, page: Page, root: str) -> None:
        self.client, self.page, self.root = client, page, root

    def stream(self, **more: Any) -> Stream:
        place = Place(GENERAL, more.pop("thread_ts", self.root), ALICE, TEAM, "turn-1")
        return Stream(self.client, place, Notes(), **({"pace": AT_ONCE} | more))

    async def written(self) -> list[str]:
        return [said(message) for message in await self.page.replies(self.root)]

    async def calls(self) -> list[str]:
        made = (await self.page.get("calls"))["calls"]
        return [call["method"].removeprefix("chat.") for call in made if call["method"].startswith("chat.")]


@pytest.fixture
async def reply(client: AsyncWebClient, page: Page) -> Reply:
    return Reply(client, page, await page.say("Our bill hurts"))


def said(message: dict[str, Any]) -> str:
    """Return what a message says above its buttons."""
    return "".join(block["text"] for block in message.get("blocks", []) if block["type"] == "markdown")


async def one_by_one(page: Page, sentences: Sequence[str] = SENTENCES) -> AsyncIterator[str]:
    """Give a sentence once Slack has been asked for the one before."""
    for number, sentence in enumerate(sentences, 1):
        yield sentence
        await eventually(partial(_called, page, number))


async def _called(page: Page, count: int) -> bool:
    methods = ("chat.startStream", "chat.appendStream", "chat.postMessage", "chat.update")
    return sum([len(await page.calls(method)) for method in methods]) >= count


async def at_once(sentences: Sequence[str] = SENTENCES) -> AsyncIterator[str]:
    for sentence in sentences:
        yield sentence


def below() -> list[dict[str, Any]]:
    return [actions(button("Why?", "why"))]


async def test_each_sentence_is_shown_as_it_comes_and_buttons_at_the_end(reply: Reply) -> None:
    stream = reply.stream()
    await stream.write(one_by_one(reply.page))
    (open_one,) = await reply.page.replies(reply.root)
    assert (said(open_one), open_one["streaming_state"]) == ("".join(SENTENCES), "in_progress")
    (ts,) = await stream.stop(below())
    (done,) = await reply.page.replies(reply.root)
    assert (done["ts"], done["streaming_state"]) == (ts, "completed")
    assert [block["type"] for block in done["blocks"]] == ["markdown", "actions"]
    assert await reply.calls() == ["startStream", "appendStream", "appendStream", "stopStream"]


async def test_the_first_sentence_does_not_wait_for_the_second(reply: Reply) -> None:
    never = asyncio.Event()

    async def stuck() -> AsyncIterator[str]:
        yield SENTENCES[0]
        await never.wait()

    writing = asyncio.create_task(reply.stream().write(stuck()))
    assert await eventually(reply.written) == [SENTENCES[0]]
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing


async def test_what_waits_while_slack_is_asked_goes_out_together(reply: Reply) -> None:
    await reply.page.fault("chat.startStream", "delay_after", seconds=0.3)
    many = [f"Sentence {number}. " for number in range(50)]
    stream = reply.stream()
    await stream.write(at_once(many))
    await stream.stop()
    assert await reply.written() == ["".join(many)]
    assert len(await reply.calls()) <= 3


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("error", {"error": "message_not_in_streaming_state"}),
        ("error", {"error": "internal_error"}),
        ("http_error", {}),
        ("http_error_after", {}),
        ("drop_before", {}),
        ("drop_after", {}),
        ("ratelimited", {"seconds": 1}),
    ],
)
@pytest.mark.parametrize("method", ["chat.startStream", "chat.appendStream", "chat.stopStream"])
async def test_a_call_that_fails_loses_and_doubles_nothing(
    reply: Reply, method: str, kind: str, more: dict[str, Any]
) -> None:
    await reply.page.fault(method, kind, **more)
    stream = reply.stream()
    await stream.write(one_by_one(reply.page))
    (ts,) = await stream.stop(below())
    (done,) = await reply.page.replies(reply.root)
    assert (done["ts"], said(done)) == (ts, "".join(SENTENCES))
    assert [block["type"] for block in done["blocks"]] == ["markdown", "actions"]
    assert done.get("streaming_state", "completed") == "completed"


@pytest.mark.parametrize("kind", ["http_error", "drop_before", "ratelimited"])
async def test_a_stream_whose_beginning_was_not_answered_is_looked_for_until_slack_says(
    reply: Reply, kind: str
) -> None:
    await reply.page.fault("chat.startStream", "drop_after")
    await reply.page.fault("conversations.replies", kind, times=2)
    stream = reply.stream()
    await stream.write(one_by_one(reply.page))
    await stream.stop()
    assert await reply.written() == ["".join(SENTENCES)]


async def test_a_message_whose_posting_was_not_answered_is_not_posted_again(reply: Reply) -> None:
    await reply.page.fault("chat.startStream", "error", error="unknown_method")
    await reply.page.fault("chat.postMessage", "drop_after")
    stream = reply.stream()
    await stream.write(one_by_one(reply.page))
    await stream.stop()
    assert await reply.written() == ["".join(SENTENCES)]


@pytest.mark.parametrize("seed", range(6))
async def test_many_faults_lose_and_double_nothing(reply: Reply, seed: int) -> None:
    for method in ("startStream", "appendStream", "stopStream", "update", "postMessage"):
        for kind in ("drop_before", "drop_after", "http_error_after"):
            await reply.page.fault(f"chat.{method}", kind, times=None, chance=0.15, seed=seed)
    stream = reply.stream()
    sentences = [f"Sentence {number}. " for number in range(8)]
    await stream.write(one_by_one(reply.page, sentences))
    await reply.page.post("fault", clear=True)
    await stream.stop(below())
    (done,) = await reply.page.replies(reply.root)
    assert said(done) == "".join(sentences)
    assert [block["type"] for block in done["blocks"]] == ["markdown", "actions"]


async def test_where_streaming_is_refused_the_reply_is_posted_and_edited(reply: Reply) -> None:
    await reply.page.fault("chat.startStream", "error", error="unknown_method", times=None)
    stream = reply.stream()
    await stream.write(one_by_one(reply.page))
    await stream.stop(below())
    assert await reply.written() == ["".join(SENTENCES)]
    first, *others = await reply.calls()
    assert first == "postMessage"
    assert set(others) == {"update"}


async def test_a_stream_gone_before_its_end_is_finished_by_editing(slack: LocalSlack, reply: Reply) -> None:
    stream = reply.stream()
    await stream.write(at_once(SENTENCES[:1]))
    workspace = slack.workspace
    (message,) = workspace.state.streaming(streams.WRITING)
    workspace.state.put_message(message | {"streaming_state": streams.RAN_OUT})
    await stream.write(at_once(SENTENCES[1:]))
    await stream.stop(below())
    (done,) = await reply.page.replies(reply.root)
    assert said(done) == "".join(SENTENCES)
    assert "streaming_state" not in done


async def test_an_old_message_is_closed_and_the_reply_goes_on_in_a_new_one(reply: Reply) -> None:
    stream = reply.stream(rotate_after_s=0.0)
    await stream.write(one_by_one(reply.page))
    assert len(await stream.stop(below())) == 3
    messages = await reply.page.replies(reply.root)
    assert [said(message) for message in messages] == list(SENTENCES)
    assert "in_progress" not in [message.get("streaming_state") for message in messages]
    assert [len(message["blocks"]) for message in messages] == [1, 1, 2]


async def test_what_waited_for_an_old_message_goes_to_a_new_one(reply: Reply) -> None:
    await reply.page.fault("chat.startStream", "delay_after", seconds=0.5)
    stream = reply.stream(rotate_after_s=0.2)
    await stream.write(one_by_one(reply.page))
    await stream.stop()
    written = await reply.written()
    assert written[0] == SENTENCES[0]
    assert "".join(written) == "".join(SENTENCES)


async def test_a_stream_does_not_run_out_while_nothing_comes(reply: Reply) -> None:
    async def slow() -> AsyncIterator[str]:
        yield SENTENCES[0]
        await eventually(is_closed)
        yield SENTENCES[1]

    async def is_closed() -> bool:
        return [one.get("streaming_state") for one in await reply.page.replies(reply.root)] == ["completed"]

    stream = reply.stream(rotate_after_s=0.2)
    await stream.write(slow())
    await stream.stop()
    assert await reply.written() == list(SENTENCES[:2])


async def test_buttons_find_the_last_message_also_when_it_was_closed_before(reply: Reply) -> None:
    stream = reply.stream(rotate_after_s=0.05)

    async def then_nothing() -> AsyncIterator[str]:
        yield SENTENCES[0]
        await eventually(lambda: reply.page.calls("chat.stopStream"))

    await stream.write(then_nothing())
    await stream.stop(below())
    (done,) = await reply.page.replies(reply.root)
    assert [block["type"] for block in done["blocks"]] == ["markdown", "actions"]


async def test_a_long_reply_is_parted_between_words(reply: Reply) -> None:
    words = "".join(f"word{number} " for number in range(4_000))
    stream = reply.stream()
    await stream.write(at_once([words[:9_000], words[9_000:]]))
    await stream.stop()
    parts = await reply.written()
    assert "".join(parts) == words
    assert all(part.endswith(" ") and len(part) <= MESSAGE_CHARACTERS for part in parts)


async def test_what_was_written_before_the_pieces_fail_stays(reply: Reply) -> None:
    async def failing() -> AsyncIterator[str]:
        yield SENTENCES[0]
        raise RuntimeError("the model is down")

    stream = reply.stream()
    with pytest.raises(RuntimeError, match="the model is down"):
        await stream.write(failing())
    await stream.write(at_once(["I go on with buttons."]))
    await stream.stop(below())
    assert await reply.written() == [SENTENCES[0] + "I go on with buttons."]


async def test_a_reply_without_text_has_no_message(reply: Reply) -> None:
    stream = reply.stream()
    await stream.write(at_once(["", " \n"]))
    assert await stream.stop() == ()
    assert await reply.written() == []


async def test_a_deleted_reply_is_not_written_again(slack: LocalSlack, reply: Reply) -> None:
    stream = reply.stream()
    await stream.write(at_once(SENTENCES[:1]))
    slack.workspace.state.delete_message(GENERAL, stream.messages[0].ts)
    await stream.write(at_once(SENTENCES[1:]))
    await stream.stop(below())
    assert await reply.written() == []


async def test_where_nobody_can_be_reached_it_says_so(reply: Reply) -> None:
    await reply.page.fault("*", "error", error="not_in_channel", times=None)
    with pytest.raises(SlackApiError, match="not_in_channel"):
        await reply.stream().write(at_once())


async def test_slack_away_for_a_moment_is_waited_for(slack: LocalSlack, reply: Reply) -> None:
    await reply.page.fault("*", "drop_before", times=4)
    stream = Stream(client_of(slack.api_url), Place(GENERAL, reply.root, ALICE, TEAM, "turn-2"), Notes(), pace=AT_ONCE)
    await stream.write(at_once())
    await stream.stop()
    assert await reply.written() == ["".join(SENTENCES)]
