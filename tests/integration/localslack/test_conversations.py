"""Reading conversations: lists, history with bounds and cursors, threads."""

from slack_sdk.web.async_client import AsyncWebClient

from tests.integration.localslack.conftest import ALICE, BOB, BOT, CAROL, COSTS, GENERAL, GWEN, Page
from tests.integration.localslack.test_web_api import refused


async def test_channels_and_direct_messages_are_listed_by_type(client: AsyncWebClient) -> None:
    channels = (await client.conversations_list())["channels"]
    assert [one["id"] for one in channels] == [GENERAL, COSTS]
    direct = (await client.conversations_list(types="im"))["channels"]
    assert {one["user"] for one in direct} == {ALICE, BOB, CAROL, GWEN}


async def test_a_list_is_paged(client: AsyncWebClient) -> None:
    found = [channel["id"] async for part in await client.conversations_list(limit=1) for channel in part["channels"]]
    assert found == [GENERAL, COSTS]


async def test_a_conversation_is_described(client: AsyncWebClient) -> None:
    channel = (await client.conversations_info(channel=GENERAL))["channel"]
    assert (channel["name"], channel["is_member"], channel["num_members"]) == ("general", True, 5)
    assert set((await client.conversations_members(channel=GENERAL))["members"]) == {ALICE, BOB, CAROL, GWEN, BOT}


async def test_two_peoples_messages_are_not_the_apps(client: AsyncWebClient, page: Page) -> None:
    between = (await page.post("dm_open", user=ALICE, **{"with": BOB}))["channel"]["id"]
    await page.say("secret", channel=between)
    assert (await refused(client.conversations_info(channel=between)))["error"] == "channel_not_found"
    assert (await refused(client.conversations_history(channel=between)))["error"] == "channel_not_found"


async def test_direct_messages_open_once(client: AsyncWebClient) -> None:
    first = await client.conversations_open(users=ALICE)
    second = await client.conversations_open(users=[ALICE], return_im=True)
    assert first["channel"]["id"] == second["channel"]["id"]
    assert second["channel"]["user"] == ALICE


async def test_history_is_newest_first_and_paged(client: AsyncWebClient, page: Page) -> None:
    said = [await page.say(str(number)) for number in range(5)]
    found = [
        message["ts"]
        async for part in await client.conversations_history(channel=GENERAL, limit=2)
        for message in part["messages"]
    ]
    assert found == said[::-1]


async def test_history_has_bounds(client: AsyncWebClient, page: Page) -> None:
    first, second, third = [await page.say(text) for text in ("a", "b", "c")]
    outside = await client.conversations_history(channel=GENERAL, oldest=first, latest=third)
    assert [one["ts"] for one in outside["messages"]] == [second]
    inside = await client.conversations_history(channel=GENERAL, oldest=first, latest=third, inclusive=True)
    assert [one["ts"] for one in inside["messages"]] == [third, second, first]


async def test_a_thread_begins_with_its_root_and_is_paged(client: AsyncWebClient, page: Page) -> None:
    root = await page.say("root")
    replies = [await page.say(str(number), thread_ts=root) for number in range(4)]
    found = [
        message["ts"]
        async for part in await client.conversations_replies(channel=GENERAL, ts=root, limit=2)
        for message in part["messages"]
    ]
    assert found == [root, *replies]
    assert (await client.conversations_replies(channel=GENERAL, ts=root))["messages"][0]["reply_count"] == 4


async def test_what_is_not_there_is_not_found(client: AsyncWebClient) -> None:
    assert (await refused(client.conversations_replies(channel=GENERAL, ts="1.0")))["error"] == "thread_not_found"
    assert (await refused(client.conversations_history(channel="C0")))["error"] == "channel_not_found"
    assert (await refused(client.conversations_history(channel=GENERAL, cursor="€")))["error"] == "invalid_cursor"
    assert (await refused(client.conversations_history(channel=GENERAL, limit=0)))["error"] == "invalid_arguments"
