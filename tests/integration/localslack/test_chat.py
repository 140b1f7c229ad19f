"""Messages of the app: posted, changed, deleted, ephemeral, in threads, with metadata."""

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.localslack import Channel, LocalSlackSettings
from tests.integration.localslack.conftest import ALICE, BOB, BOT, COSTS, GENERAL, Page, restarted, web_client
from tests.integration.localslack.test_web_api import refused

METADATA = {"event_type": "cairn_card", "event_payload": {"key": "k1"}}


def section(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


async def test_a_posted_message_reaches_everyone_in_the_channel(client: AsyncWebClient, page: Page) -> None:
    posted = await client.chat_postMessage(channel=GENERAL, text="Hello", blocks=[section("*Hello*")])
    for user in (ALICE, BOB):
        (message,) = await page.messages(user=user)
        assert message["ts"] == posted["ts"]
        assert (message["user"], message["bot_id"], message["text"]) == (BOT, "BCAIRN0BOT", "Hello")
        assert message["blocks"][0]["block_id"]


async def test_timestamps_are_unique_and_rise(client: AsyncWebClient) -> None:
    found = [(await client.chat_postMessage(channel=GENERAL, text=str(n)))["ts"] for n in range(20)]
    assert found == sorted(set(found))


async def test_a_message_to_a_person_opens_the_direct_messages(client: AsyncWebClient, page: Page) -> None:
    posted = await client.chat_postMessage(channel=ALICE, text="Psst")
    assert posted["channel"].startswith("D")
    assert [one["text"] for one in await page.messages(channel=posted["channel"])] == ["Psst"]


async def test_a_channel_may_be_named(client: AsyncWebClient) -> None:
    assert (await client.chat_postMessage(channel="#ml-costs", text="x"))["channel"] == COSTS


async def test_messages_that_cannot_be_posted_say_why(client: AsyncWebClient) -> None:
    post = client.chat_postMessage
    assert (await refused(post(channel="CNONE", text="x")))["error"] == "channel_not_found"
    empty = client.api_call("chat.postMessage", json={"channel": GENERAL, "text": ""})
    assert (await refused(empty))["error"] == "no_text"
    assert (await refused(post(channel=GENERAL, text="x" * 40_001)))["error"] == "msg_too_long"
    assert (await refused(post(channel=GENERAL, text="x", thread_ts="1.000000")))["error"] == "thread_not_found"
    assert (await refused(client.api_call("chat.postMessage", json={"text": "x"})))["error"] == "invalid_arguments"


async def test_the_bot_posts_only_where_it_is(settings: LocalSlackSettings) -> None:
    async with restarted(settings, channels=(Channel("CLONELY001", "lonely", has_bot=False),)) as slack:
        client = web_client(slack)
        assert (await refused(client.chat_postMessage(channel="CLONELY001", text="x")))["error"] == "not_in_channel"
        await client.conversations_join(channel="CLONELY001")
        assert (await client.chat_postMessage(channel="CLONELY001", text="x"))["ok"]


async def test_replies_are_counted_on_their_root(client: AsyncWebClient, page: Page) -> None:
    root = await page.say("A question")
    first = await client.chat_postMessage(channel=GENERAL, text="one", thread_ts=root)
    # A reply's ts stands for its thread.
    second = await client.chat_postMessage(channel=GENERAL, text="two", thread_ts=first["ts"])
    assert second["message"]["thread_ts"] == root
    (top,) = await page.messages()
    assert (top["reply_count"], top["reply_users"], top["latest_reply"]) == (2, [BOT], second["ts"])
    assert [one["text"] for one in await page.messages(thread_ts=root)] == ["A question", "one", "two"]


async def test_a_broadcast_reply_stands_in_the_channel_too(client: AsyncWebClient, page: Page) -> None:
    root = await page.say("A question")
    await client.chat_postMessage(channel=GENERAL, text="for all", thread_ts=root, reply_broadcast=True)
    assert [one["text"] for one in await page.messages()] == ["A question", "for all"]


async def test_an_update_keeps_the_place_and_replaces_the_content(client: AsyncWebClient, page: Page) -> None:
    ts = (await client.chat_postMessage(channel=GENERAL, text="a", blocks=[section("a")], metadata=METADATA))["ts"]
    changed = await client.chat_update(channel=GENERAL, ts=ts, text="b", blocks=[section("b")])
    assert changed["message"]["metadata"] == METADATA
    (message,) = await page.messages()
    assert (message["ts"], message["text"], message["blocks"][0]["text"]["text"]) == (ts, "b", "b")
    assert "edited" not in message


async def test_an_update_with_text_alone_drops_the_blocks(client: AsyncWebClient, page: Page) -> None:
    ts = (await client.chat_postMessage(channel=GENERAL, text="a", blocks=[section("a")]))["ts"]
    await client.chat_update(channel=GENERAL, ts=ts, text="b")
    (message,) = await page.messages()
    assert "blocks" not in message
    assert message["edited"]["user"] == BOT


async def test_updates_that_cannot_be_done_say_why(client: AsyncWebClient, page: Page) -> None:
    others = await page.say("mine")
    own = (await client.chat_postMessage(channel=GENERAL, text="x"))["ts"]
    update = client.chat_update
    assert (await refused(update(channel=GENERAL, ts=others, text="y")))["error"] == "cant_update_message"
    assert (await refused(update(channel=GENERAL, ts="1.000000", text="y")))["error"] == "message_not_found"
    # Slack takes a tenth of what it takes when posting.
    assert (await refused(update(channel=GENERAL, ts=own, text="y" * 4001)))["error"] == "msg_too_long"


async def test_a_deleted_message_is_gone(client: AsyncWebClient, page: Page) -> None:
    ts = (await client.chat_postMessage(channel=GENERAL, text="x"))["ts"]
    await client.chat_delete(channel=GENERAL, ts=ts)
    assert await page.messages() == []
    assert (await refused(client.chat_delete(channel=GENERAL, ts=ts)))["error"] == "message_not_found"


async def test_a_deleted_root_leaves_a_tombstone_and_its_replies(client: AsyncWebClient, page: Page) -> None:
    root = (await client.chat_postMessage(channel=GENERAL, text="root"))["ts"]
    reply = (await client.chat_postMessage(channel=GENERAL, text="reply", thread_ts=root))["ts"]
    await client.chat_delete(channel=GENERAL, ts=root)
    assert [one["subtype"] for one in await page.messages()] == ["tombstone"]
    await client.chat_delete(channel=GENERAL, ts=reply)
    assert "reply_count" not in (await page.messages())[0]


async def test_nobody_deletes_what_others_wrote(client: AsyncWebClient, page: Page) -> None:
    ts = await page.say("mine")
    assert (await refused(client.chat_delete(channel=GENERAL, ts=ts)))["error"] == "cant_delete_message"


async def test_an_ephemeral_message_is_seen_by_one_person(client: AsyncWebClient, page: Page) -> None:
    await client.chat_postEphemeral(channel=GENERAL, user=ALICE, text="just you")
    assert [(one["text"], one["is_ephemeral"]) for one in await page.messages(user=ALICE)] == [("just you", True)]
    assert await page.messages(user=BOB) == []
    assert (await client.conversations_history(channel=GENERAL))["messages"] == []


async def test_an_ephemeral_message_needs_a_member(client: AsyncWebClient) -> None:
    call = client.chat_postEphemeral(channel=GENERAL, user="UNOBODY", text="x")
    assert (await refused(call))["error"] == "user_not_in_channel"


async def test_metadata_comes_back_when_asked_for(client: AsyncWebClient, page: Page) -> None:
    root = await page.say("q")
    await client.chat_postMessage(channel=GENERAL, thread_ts=root, text="card", metadata=METADATA)
    plain = await client.conversations_replies(channel=GENERAL, ts=root)
    full = await client.conversations_replies(channel=GENERAL, ts=root, include_all_metadata=True)
    assert "metadata" not in plain["messages"][1]
    assert full["messages"][1]["metadata"] == METADATA


@pytest.mark.parametrize("metadata", [{"event_type": "x"}, {"event_type": 1, "event_payload": {}}, ["x"], "no json"])
async def test_metadata_of_another_shape_is_refused(client: AsyncWebClient, metadata: Any) -> None:
    call = client.api_call("chat.postMessage", json={"channel": GENERAL, "text": "x", "metadata": metadata})
    assert (await refused(call))["error"] == "invalid_metadata_format"


async def test_a_permalink_leads_to_the_message_on_the_page(client: AsyncWebClient, page: Page) -> None:
    root = await page.say("q")
    ts = (await client.chat_postMessage(channel=GENERAL, thread_ts=root, text="a"))["ts"]
    link = (await client.chat_getPermalink(channel=GENERAL, message_ts=ts))["permalink"]
    async with page.session.get(link, allow_redirects=False) as response:
        assert response.status == 302
        assert response.headers["Location"] == f"/?channel={GENERAL}&ts={ts}&thread_ts={root}"


async def test_markdown_text_becomes_a_markdown_block(client: AsyncWebClient, page: Page) -> None:
    await client.chat_postMessage(channel=GENERAL, markdown_text="**Hello**")
    (message,) = await page.messages()
    assert (message["text"], message["blocks"][0]["type"]) == ("**Hello**", "markdown")
    both = {"channel": GENERAL, "text": "x", "markdown_text": "y"}
    assert (await refused(client.api_call("chat.postMessage", json=both)))["error"] == "markdown_text_conflict"
    long = {"channel": GENERAL, "markdown_text": "x" * 12_001}
    assert (await refused(client.api_call("chat.postMessage", json=long)))["error"] == "msg_too_long"
