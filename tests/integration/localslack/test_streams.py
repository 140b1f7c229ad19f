"""Messages that grow while they are read: begun, continued, stopped, refused, run out of time."""

from typing import Any

import aiohttp
import pytest
from playwright.async_api import expect
from slack_sdk.web.async_client import AsyncWebClient

from bot.localslack import LocalSlack, LocalSlackSettings
from tests.integration.localslack.conftest import ALICE, GENERAL, Open, Page, eventually, restarted, web_client
from tests.integration.localslack.test_web_api import refused

TEAM = "TLOCAL0001"
METADATA = {"event_type": "cairn_reply", "event_payload": {"key": "k1"}}
BUTTON = {
    "type": "actions",
    "elements": [{"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}],
}


class Thread:
    """A question of Alice's, and the app's streams under it."""

    def __init__(self, client: AsyncWebClient, page: Page, root: str) -> None:
        self.client, self.page, self.root = client, page, root

    async def start(self, **more: Any) -> str:
        recipient = {"recipient_user_id": ALICE, "recipient_team_id": TEAM}
        started = await self.client.chat_startStream(channel=GENERAL, thread_ts=self.root, **(recipient | more))
        return str(started["ts"])

    async def append(self, ts: str, **more: Any) -> None:
        await self.client.chat_appendStream(channel=GENERAL, ts=ts, **more)

    async def stop(self, ts: str, **more: Any) -> dict[str, Any]:
        return dict((await self.client.chat_stopStream(channel=GENERAL, ts=ts, **more))["message"])

    async def replies(self) -> list[dict[str, Any]]:
        return (await self.page.messages(thread_ts=self.root))[1:]


@pytest.fixture
async def thread(client: AsyncWebClient, page: Page) -> Thread:
    return Thread(client, page, await page.say("A question"))


def task(task_id: str, status: str, **more: Any) -> dict[str, Any]:
    return {"type": "task_update", "id": task_id, "title": f"Step {task_id}", "status": status, **more}


async def test_text_grows_until_the_stream_is_stopped(thread: Thread) -> None:
    ts = await thread.start(markdown_text="One **bold")
    await thread.append(ts, markdown_text=" word**.")
    (growing,) = await thread.replies()
    assert (growing["streaming_state"], growing["text"]) == ("in_progress", "One **bold word**.")
    await thread.stop(ts, markdown_text=" Two.", blocks=[BUTTON], metadata=METADATA)
    (done,) = await thread.replies()
    assert (done["streaming_state"], done["text"]) == ("completed", "One **bold word**. Two.")
    assert [block["type"] for block in done["blocks"]] == ["markdown", "actions"]
    assert done["metadata"] == METADATA


async def test_the_helper_of_slack_sdk_writes_a_whole_message(thread: Thread) -> None:
    stream = await thread.client.chat_stream(
        buffer_size=4, channel=GENERAL, thread_ts=thread.root, recipient_user_id=ALICE, recipient_team_id=TEAM
    )
    for word in ("a ", "longer ", "answer ", "in ", "pieces"):
        await stream.append(markdown_text=word)
    await stream.stop(blocks=[BUTTON])
    (done,) = await thread.replies()
    assert (done["text"], done["streaming_state"]) == ("a longer answer in pieces", "completed")


async def test_each_addition_reaches_the_page_at_once(thread: Thread) -> None:
    async with thread.page.feed() as feed:
        ts = await thread.start(markdown_text="One.")
        assert (await feed.until("message"))["message"]["streaming_state"] == "in_progress"
        await thread.append(ts, markdown_text=" Two.")
        while (changed := (await feed.until("message_changed"))["message"])["ts"] != ts:
            pass
        assert (changed["text"], changed["streaming_state"]) == ("One. Two.", "in_progress")
        await thread.stop(ts)
        assert (await feed.until("message_changed"))["message"]["streaming_state"] == "completed"


async def test_a_task_is_shown_once_and_changes_in_place(thread: Thread) -> None:
    ts = await thread.start(chunks=[task("1", "in_progress"), {"type": "markdown_text", "text": "Words"}])
    await thread.append(ts, chunks=[task("1", "complete", output="found"), task("2", "pending")])
    (message,) = await thread.replies()
    assert [block["type"] for block in message["blocks"]] == ["task_card", "markdown", "task_card"]
    assert [block.get("status") for block in message["blocks"]] == ["complete", None, "pending"]


async def test_tasks_may_stand_in_one_plan(thread: Thread) -> None:
    ts = await thread.start(task_display_mode="plan", chunks=[task("1", "pending")])
    await thread.append(ts, chunks=[{"type": "plan_update", "title": "The way"}, task("2", "pending")])
    (plan,) = (await thread.replies())[0]["blocks"]
    assert plan["title"]["text"] == "The way"
    assert [one["task_id"] for one in plan["tasks"]] == ["1", "2"]


@pytest.mark.parametrize(
    ("without", "error"),
    [
        ("recipient_user_id", "missing_recipient_user_id"),
        ("recipient_team_id", "missing_recipient_team_id"),
        ("thread_ts", "invalid_arguments"),
        ("channel", "invalid_arguments"),
    ],
)
async def test_a_stream_in_a_channel_says_where_and_for_whom(thread: Thread, without: str, error: str) -> None:
    place = {"channel": GENERAL, "thread_ts": thread.root, "recipient_user_id": ALICE, "recipient_team_id": TEAM}
    del place[without]
    assert (await refused(thread.client.api_call("chat.startStream", json=place)))["error"] == error
    assert await thread.replies() == []


async def test_a_stream_in_direct_messages_needs_no_recipient(client: AsyncWebClient, page: Page) -> None:
    asked = await client.chat_postMessage(channel=ALICE, text="Ask away")
    assert (await client.chat_startStream(channel=asked["channel"], thread_ts=asked["ts"], markdown_text="x"))["ok"]


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"thread_ts": "now"}, "invalid_thread_ts"),
        ({"thread_ts": "1.000000"}, "thread_not_found"),
        ({"recipient_user_id": "UNOBODY"}, "user_not_found"),
        ({"task_display_mode": "list"}, "invalid_arguments"),
        ({"markdown_text": "x" * 12_001}, "msg_too_long"),
        ({"chunks": [{"type": "song", "text": "la"}]}, "invalid_chunks"),
        ({"chunks": [task("1", "done")]}, "invalid_chunks"),
        ({"chunks": [task("1", "complete", output="x" * 257)]}, "invalid_chunks"),
    ],
)
async def test_a_stream_that_cannot_begin_says_why(thread: Thread, more: dict[str, Any], error: str) -> None:
    place = {"channel": GENERAL, "thread_ts": thread.root, "recipient_user_id": ALICE, "recipient_team_id": TEAM}
    assert (await refused(thread.client.api_call("chat.startStream", json=place | more)))["error"] == error
    assert await thread.replies() == []


async def test_additions_that_cannot_be_taken_say_why(thread: Thread) -> None:
    ts = await thread.start(markdown_text="x" * 11_999)
    append = thread.append
    assert (await refused(append(ts)))["error"] == "no_text"
    assert (await refused(append("soon", markdown_text="x")))["error"] == "invalid_ts"
    assert (await refused(append("1.000000", markdown_text="x")))["error"] == "message_not_found"
    assert (await refused(append(thread.root, markdown_text="x")))["error"] == "message_not_owned_by_app"
    assert (await refused(append(ts, markdown_text="xx")))["error"] == "msg_too_long"
    chunk = {"type": "markdown_text", "text": "x"}
    assert (await refused(append(ts, chunks=[chunk])))["error"] == "streaming_mode_mismatch"
    assert (await refused(append(ts, chunks=[chunk], markdown_text="x")))["error"] == "markdown_text_conflict"
    await append(ts, markdown_text="y")
    assert (await thread.replies())[0]["text"] == "x" * 11_999 + "y"


async def test_a_message_that_is_no_open_stream_takes_no_more(thread: Thread) -> None:
    posted = (await thread.client.chat_postMessage(channel=GENERAL, text="x", thread_ts=thread.root))["ts"]
    stopped = await thread.start(markdown_text="y")
    await thread.stop(stopped)
    for ts in (posted, stopped):
        assert (await refused(thread.append(ts, markdown_text="z")))["error"] == "message_not_in_streaming_state"
        assert (await refused(thread.stop(ts)))["error"] == "message_not_in_streaming_state"
    assert [one["text"] for one in await thread.replies()] == ["x", "y"]


async def test_an_open_stream_is_neither_changed_nor_deleted(thread: Thread) -> None:
    ts = await thread.start(markdown_text="x")
    update = thread.client.chat_update(channel=GENERAL, ts=ts, text="y")
    assert (await refused(update))["error"] == "streaming_state_conflict"
    assert (await refused(thread.client.chat_delete(channel=GENERAL, ts=ts)))["error"] == "cant_delete_message"


async def test_a_refused_stop_leaves_the_stream_open(thread: Thread) -> None:
    ts = await thread.start(markdown_text="x")
    assert (await refused(thread.stop(ts, blocks=[{"type": "song"}])))["error"] == "invalid_blocks"
    assert (await thread.stop(ts))["text"] == "x"


async def test_a_stream_ends_by_itself_and_can_still_be_changed(settings: LocalSlackSettings) -> None:
    async with restarted(settings, stream_lifetime_s=0.2) as slack, aiohttp.ClientSession(slack.url) as session:
        page = Page(session)
        thread = Thread(web_client(slack), page, await page.say("A question"))
        async with page.feed() as feed:
            ts = await thread.start(markdown_text="Half an ans")
            while (changed := (await feed.until("message_changed"))["message"])["ts"] != ts:
                pass
        assert (changed["text"], changed["streaming_state"]) == ("Half an ans", "errored")
        refusal = await refused(thread.append(ts, markdown_text="wer"))
        assert refusal["error"] == "message_not_in_streaming_state"
        await thread.client.chat_update(channel=GENERAL, ts=ts, text="A whole answer")
        (mended,) = await thread.replies()
        assert mended["text"] == "A whole answer"
        assert "streaming_state" not in mended


async def test_a_stream_goes_on_after_a_restart_within_its_time(slack: LocalSlack, thread: Thread) -> None:
    ts = await thread.start(markdown_text="One.")
    await slack.stop()
    async with restarted(slack.settings) as again, aiohttp.ClientSession(again.url) as session:
        later = Thread(web_client(again), Page(session), thread.root)
        await later.append(ts, markdown_text=" Two.")
        assert (await later.stop(ts))["text"] == "One. Two."


async def test_a_stream_left_open_by_a_restart_ends_in_its_time(slack: LocalSlack, thread: Thread) -> None:
    ts = await thread.start(markdown_text="One.")
    await slack.stop()
    async with restarted(slack.settings, stream_lifetime_s=0.1) as again:
        state = again.workspace.state
        await eventually(lambda: (state.message(GENERAL, ts) or {})["streaming_state"] == "errored")


async def test_streams_are_limited_as_slack_limits_them(thread: Thread) -> None:
    await thread.page.post("limits", on=True)
    for _ in range(20):
        await thread.start()
    assert (await refused(thread.start()))["error"] == "ratelimited"


async def test_a_lost_answer_may_hide_an_addition(slack: LocalSlack, thread: Thread) -> None:
    ts = await thread.start(markdown_text="One.")
    await thread.page.post("fault", method="chat.appendStream", kind="drop_after")
    client = AsyncWebClient(token="xoxb-local-bot", base_url=slack.api_url, retry_handlers=[])
    with pytest.raises(aiohttp.ClientError):
        await client.chat_appendStream(channel=GENERAL, ts=ts, markdown_text=" Two.")
    assert (await thread.replies())[0]["text"] == "One. Two."


async def test_what_is_written_is_seen_to_grow_with_a_mark(visit: Open, thread: Thread) -> None:
    window = await visit("alice", f"#/{GENERAL}/p{thread.root}")
    pane = window.get_by_test_id("thread-pane")
    ts = await thread.start()
    message = pane.locator(f'[data-ts="{ts}"]')
    await expect(message.get_by_test_id("writing")).to_be_visible()
    await thread.append(ts, markdown_text="The bill is **40")
    await thread.append(ts, markdown_text="% lower**, see <b>here</b>.")
    await expect(message.locator("strong")).to_have_text("40% lower")
    await expect(message.locator("b")).to_have_count(0)
    await expect(message.get_by_test_id("writing")).to_be_visible()
    await thread.stop(ts, blocks=[BUTTON])
    await expect(message.get_by_test_id("writing")).to_have_count(0)
    await expect(message.get_by_role("button", name="Go", exact=True)).to_be_visible()
