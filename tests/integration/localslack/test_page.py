"""The page's side: who may ask, what it reads, the live feed, static files, routes of the caller."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from bot.localslack import LocalSlack, LocalSlackSettings, start_local_slack
from tests.integration.localslack.conftest import ALICE, BOB, BOT, COSTS, GENERAL, Page, restarted


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1:1"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ],
)
async def test_other_sites_get_nothing(page: Page, headers: Mapping[str, str]) -> None:
    async with page.session.get("/_/state", params={"user": ALICE}, headers=headers) as response:
        assert response.status == 403
    body = {"user": ALICE, "channel": GENERAL, "text": "x"}
    async with page.session.post("/_/message", json=body, headers=headers) as response:
        assert response.status == 403
    async with page.session.post("/api/api.test", headers=headers) as response:
        assert response.status == 403


async def test_the_own_page_may_ask_by_either_name(slack: LocalSlack, page: Page) -> None:
    port = slack.url.rpartition(":")[2]
    for name in ("127.0.0.1", "localhost"):
        headers = {"Host": f"{name}:{port}", "Origin": f"http://{name}:{port}", "Sec-Fetch-Site": "same-origin"}
        async with page.session.get("/_/state", params={"user": ALICE}, headers=headers) as response:
            assert response.status == 200


async def test_a_form_of_another_site_is_no_json(page: Page) -> None:
    async with page.session.post("/_/message", data={"user": ALICE}) as response:
        assert response.status == 415


async def test_the_server_listens_on_loopback_only(slack: LocalSlack) -> None:
    assert [address[0] for address in slack.runner.addresses] == ["127.0.0.1"]


async def test_the_state_has_all_that_the_page_shows_first(page: Page) -> None:
    state = await page.get("state", user=ALICE)
    assert (state["me"]["name"], state["bot"]["id"], state["bot"]["connected"]) == ("alice", BOT, False)
    assert [one["name"] for one in state["channels"]] == ["general", "ml-costs"]
    assert [one["user"] for one in state["dms"]] == [BOT]
    assert state["commands"][0]["usage_hint"] == "[decide | cost]"
    assert (state["views"], state["statuses"], state["home"]) == ([], [], True)


async def test_unread_counts_what_others_said_since(client: AsyncWebClient, page: Page) -> None:
    await page.say("mine")
    await client.chat_postMessage(channel=GENERAL, text="one")
    last = await client.chat_postMessage(channel=GENERAL, text=f"two <@{ALICE}>")

    async def unread() -> tuple[int, int]:
        channel = (await page.get("state", user=ALICE))["channels"][0]
        return channel["unread"], channel["mentions"]

    assert await unread() == (2, 1)
    assert (await page.post("read", user=ALICE, channel=GENERAL, ts=last["ts"]))["ok"]
    assert await unread() == (0, 0)


async def test_messages_are_paged_backwards(page: Page) -> None:
    said = [await page.say(str(number)) for number in range(5)]
    newest = await page.get("messages", user=ALICE, channel=GENERAL, limit="2")
    assert ([one["ts"] for one in newest["messages"]], newest["has_more"]) == (said[3:], True)
    older = await page.get("messages", user=ALICE, channel=GENERAL, limit="3", before=said[3])
    assert ([one["ts"] for one in older["messages"]], older["has_more"]) == (said[:3], False)


async def test_a_person_sees_only_their_conversations(page: Page) -> None:
    direct = (await page.post("dm_open", user=ALICE))["channel"]["id"]
    await page.say("private", channel=direct)
    assert (await page.get("messages", user=BOB, channel=direct))["error"] == "channel_not_found"
    assert (await page.get("search", user=BOB, query="private"))["messages"] == []
    assert len((await page.get("search", user=ALICE, query="PRIV"))["messages"]) == 1


@pytest.mark.parametrize(
    ("name", "body", "error"),
    [
        ("message", {"user": "U0", "channel": GENERAL, "text": "x"}, "user_not_found"),
        ("message", {"user": ALICE, "channel": "C0", "text": "x"}, "channel_not_found"),
        ("message", {"user": ALICE, "channel": GENERAL, "text": " "}, "no_text"),
        ("message", {"user": ALICE, "channel": GENERAL}, "invalid_arguments"),
        ("message", {"user": ALICE, "channel": GENERAL, "text": "x", "thread_ts": "1.0"}, "thread_not_found"),
        ("action", {"user": ALICE, "view_id": "V0", "action": {}}, "view_not_found"),
        ("action", {"user": ALICE, "channel": GENERAL, "message_ts": "1", "action": []}, "invalid_arguments"),
        ("view_submit", {"user": ALICE, "view_id": "V0", "values": {"a": 1}}, "invalid_arguments"),
        ("home_opened", {"user": ALICE, "tab": "cellar"}, "invalid_arguments"),
        ("disconnect", {"mode": "softly"}, "invalid_arguments"),
    ],
)
async def test_what_cannot_be_done_is_said(page: Page, name: str, body: dict[str, Any], error: str) -> None:
    answer = await page.post(name, **body)
    assert (answer["ok"], answer["error"]) == (False, error)
    assert answer["message"].endswith(".")


async def test_a_body_that_is_no_object_is_refused(page: Page) -> None:
    for body in ("{", "[]"):
        async with page.session.post("/_/message", data=body, headers={"Content-Type": "application/json"}) as response:
            assert (await response.json())["error"] == "invalid_arguments"
    for path in ("/_/nothing", "/_/message"):
        async with page.session.get(path) as response:
            assert response.status == 404


async def test_the_feed_tells_each_person_theirs(client: AsyncWebClient, page: Page) -> None:
    async with page.feed(ALICE) as alice, page.feed(BOB) as bob:
        root = await page.say("hello")
        assert (await alice.next())[1]["message"]["ts"] == root
        assert (await bob.next())[1]["message"]["ts"] == root
        await client.chat_postEphemeral(channel=GENERAL, user=BOB, text="psst")
        await client.chat_postMessage(channel=GENERAL, text="reply", thread_ts=root)
        assert [(await alice.next())[0] for _ in range(2)] == ["message", "message_changed"]
        assert [(await bob.next())[0] for _ in range(3)] == ["ephemeral", "message", "message_changed"]


async def test_the_feed_tells_of_statuses_prompts_reactions_and_changes(client: AsyncWebClient, page: Page) -> None:
    root = await page.say("hello")
    async with page.feed() as feed:
        await client.assistant_threads_setStatus(
            channel_id=GENERAL, thread_ts=root, status="is thinking", loading_messages=["Reading"]
        )
        status = await feed.until("status")
        assert (status["status"], status["loading_messages"]) == ("is thinking", ["Reading"])
        assert (await page.get("state", user=ALICE))["statuses"] == [status]
        ts = (await client.chat_postMessage(channel=GENERAL, thread_ts=root, text="done"))["ts"]
        assert (await feed.until("status"))["status"] == ""
        prompt = {"title": "Compare", "message": "Compare costs"}
        await client.assistant_threads_setSuggestedPrompts(channel_id=GENERAL, thread_ts=root, prompts=[prompt])
        assert (await feed.until("prompts"))["prompts"] == [prompt]
        await client.assistant_threads_setTitle(channel_id=GENERAL, thread_ts=root, title="Costs")
        assert (await feed.until("title"))["title"] == "Costs"
        await client.reactions_add(channel=GENERAL, timestamp=root, name="eyes")
        assert (await feed.until("reaction"))["reactions"] == [{"name": "eyes", "users": [BOT], "count": 1}]
        await client.reactions_remove(channel=GENERAL, timestamp=root, name="eyes")
        assert (await feed.until("reaction"))["reactions"] == []
        await client.chat_delete(channel=GENERAL, ts=ts)
        assert (await feed.until("message_deleted"))["ts"] == ts


async def test_a_feed_taken_up_again_gives_what_was_missed(page: Page) -> None:
    async with page.feed() as feed:
        await page.say("first")
        await feed.until("message")
        last_id = feed.last_id
    await page.say("meanwhile")
    async with page.feed(last_id=last_id) as feed:
        assert (await feed.until("message"))["message"]["text"] == "meanwhile"
    async with page.feed(last_id="0000-1") as feed:
        assert (await feed.next())[0] == "reset"


async def test_stopping_ends_an_open_feed(settings: LocalSlackSettings) -> None:
    slack = await start_local_slack(settings)
    async with aiohttp.ClientSession(slack.url) as session:
        response = await session.get("/_/feed", params={"user": ALICE})
        stopping = asyncio.create_task(slack.stop())
        assert b"hello" in await asyncio.wait_for(response.read(), 10)
        await stopping


async def test_people_messages_channels_and_homes_outlive_a_restart(settings: LocalSlackSettings) -> None:
    async with restarted(settings) as slack, aiohttp.ClientSession(slack.url) as session:
        first = await Page(session).say("remember me", channel=COSTS)
    async with restarted(settings) as slack, aiohttp.ClientSession(slack.url) as session:
        (message,) = await Page(session).messages(channel=COSTS)
        assert (message["ts"], message["text"]) == (first, "remember me")
        assert await Page(session).say("later", channel=COSTS) > first


async def test_a_busy_port_is_an_os_error(slack: LocalSlack, tmp_path: Path, settings: LocalSlackSettings) -> None:
    port = int(slack.url.rpartition(":")[2])
    with pytest.raises(OSError, match="address already in use"):
        async with restarted(settings, port=port, database=tmp_path / "other.sqlite"):
            pass


async def test_the_built_page_is_served_with_a_policy(settings: LocalSlackSettings, tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<h1>page</h1>")
    (folder / "assets" / "a.js").write_text("1")
    (tmp_path / "secret").write_text("s")
    async with restarted(settings, page_folder=folder) as slack, aiohttp.ClientSession(slack.url) as session:
        async with session.get("/") as response:
            assert await response.text() == "<h1>page</h1>"
            assert "default-src 'self'" in response.headers["Content-Security-Policy"]
        async with session.get("/assets/a.js") as response:
            assert await response.text() == "1"
        async with session.get("/..%2fsecret") as response:
            assert response.status == 404


async def test_without_a_built_page_the_server_says_so(settings: LocalSlackSettings, tmp_path: Path) -> None:
    async with (
        restarted(settings, page_folder=tmp_path) as slack,
        aiohttp.ClientSession(slack.url) as session,
        session.get("/") as response,
    ):
        assert (response.status, "not built" in await response.text()) == (404, True)


async def test_a_caller_may_add_routes_behind_the_same_check(settings: LocalSlackSettings) -> None:
    async def show(request: web.Request) -> web.Response:
        return web.Response(text=request.match_info["name"])

    routes = {"/documents/{name}": show}
    async with restarted(settings, extra_routes=routes) as slack, aiohttp.ClientSession(slack.url) as session:
        async with session.get("/documents/guide.md") as response:
            assert await response.text() == "guide.md"
        async with session.get("/documents/guide.md", headers={"Host": "evil.example"}) as response:
            assert response.status == 403
