"""Events over Socket Mode: delivery, acknowledgement, redelivery, reconnection, restart."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.localslack import LocalSlack, LocalSlackSettings
from tests.integration.localslack.conftest import (
    ALICE,
    BOT,
    GENERAL,
    MANIFEST,
    Page,
    bolt_app,
    connected,
    eventually,
    restarted,
    web_client,
)


def listening(app: AsyncApp) -> list[dict[str, Any]]:
    """Let an app note the body of every event it gets, its own messages too."""
    bodies: list[dict[str, Any]] = []

    @app.middleware
    async def note(body: dict[str, Any], next: Any) -> None:  # noqa: A002 - slack-bolt finds it by this name
        if body["event"]["type"] in {"message", "app_mention", "app_home_opened", "reaction_added"}:
            bodies.append(body)
        await next()

    for kind in ("message", "app_mention", "app_home_opened", "reaction_added"):
        app.event(kind)(_ignore)
    return bodies


async def _ignore() -> None:
    return None


async def socket(slack: LocalSlack, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
    """Connect as an app that acknowledges nothing by itself."""
    answer = await web_client(slack).apps_connections_open(app_token="xapp-local-app")
    connection = await session.ws_connect(answer["url"])
    hello = await connection.receive_json(timeout=5)
    assert hello["type"] == "hello"
    assert hello["connection_info"] == {"app_id": "ACAIRN0APP"}
    return connection


async def test_a_mention_arrives_as_message_and_as_app_mention(slack: LocalSlack, page: Page) -> None:
    app = bolt_app(slack)
    bodies = listening(app)
    async with connected(app):
        ts = await page.say("@cairn help & advice")
        await eventually(lambda: len(bodies) == 2)
    events = {body["event"]["type"]: body["event"] for body in bodies}
    assert set(events) == {"message", "app_mention"}
    assert {event["ts"] for event in events.values()} == {ts}
    assert {event["text"] for event in events.values()} == {f"<@{BOT}> help &amp; advice"}
    assert events["message"]["channel_type"] == "channel"
    assert len({body["event_id"] for body in bodies}) == 2
    for body in bodies:
        assert (body["type"], body["team_id"], body["api_app_id"]) == ("event_callback", "TLOCAL0001", "ACAIRN0APP")
        assert body["authorizations"][0]["user_id"] == BOT


async def test_a_reply_names_its_thread_and_whose_it_is(slack: LocalSlack, page: Page) -> None:
    app = bolt_app(slack)
    bodies = listening(app)
    async with connected(app):
        root = await page.say("root")
        await page.say("reply", thread_ts=root)
        await eventually(lambda: len(bodies) == 2)
    reply = bodies[1]["event"]
    assert (reply["thread_ts"], reply["parent_user_id"]) == (root, ALICE)


async def test_direct_messages_arrive_with_their_kind_and_no_mention(slack: LocalSlack, page: Page) -> None:
    app = bolt_app(slack)
    bodies = listening(app)
    async with connected(app):
        direct = (await page.post("dm_open", user=ALICE))["channel"]["id"]
        await page.say("hi @cairn", channel=direct)
        await page.say("last")
        await eventually(lambda: bodies[-1:] != [] and bodies[-1]["event"]["text"] == "last")
    kinds = [(body["event"]["type"], body["event"]["channel_type"]) for body in bodies]
    assert kinds == [("message", "im"), ("message", "channel")]


async def test_messages_between_two_people_are_not_told(slack: LocalSlack, page: Page) -> None:
    app = bolt_app(slack)
    bodies = listening(app)
    async with connected(app):
        between = (await page.post("dm_open", user=ALICE, **{"with": "UBOB000001"}))["channel"]["id"]
        await page.say("secret", channel=between)
        await page.say("public")
        await eventually(lambda: bool(bodies))
    assert [body["event"]["text"] for body in bodies] == ["public"]


async def test_the_apps_own_messages_come_back_as_events(
    slack: LocalSlack, settings: LocalSlackSettings, client: AsyncWebClient
) -> None:
    async with aiohttp.ClientSession() as session:
        connection = await socket(slack, session)
        ts = (await client.chat_postMessage(channel=GENERAL, text="mine"))["ts"]
        posted = (await connection.receive_json(timeout=5))["payload"]["event"]
        await client.chat_update(channel=GENERAL, ts=ts, text="changed")
        changed = (await connection.receive_json(timeout=5))["payload"]["event"]
        await client.chat_delete(channel=GENERAL, ts=ts)
        deleted = (await connection.receive_json(timeout=5))["payload"]["event"]
    assert (posted["user"], posted["bot_id"], posted["app_id"]) == (BOT, "BCAIRN0BOT", "ACAIRN0APP")
    assert (changed["subtype"], changed["message"]["text"]) == ("message_changed", "changed")
    assert changed["previous_message"]["text"] == "mine"
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", ts)


async def test_home_and_reactions_are_told(slack: LocalSlack, page: Page) -> None:
    app = bolt_app(slack)
    bodies = listening(app)
    async with connected(app):
        await page.post("home_opened", user=ALICE)
        ts = await page.say("x")
        await page.post("react", user=ALICE, channel=GENERAL, ts=ts, name="eyes")
        await eventually(lambda: len(bodies) == 3)
    events = {body["event"]["type"]: body["event"] for body in bodies}
    assert events["app_home_opened"]["tab"] == "home"
    assert events["reaction_added"]["item"] == {"type": "message", "channel": GENERAL, "ts": ts}


async def test_only_subscribed_events_are_sent(settings: LocalSlackSettings) -> None:
    manifest = {**MANIFEST, "settings": {"event_subscriptions": {"bot_events": ["app_mention"]}}}
    async with restarted(settings, manifest=manifest) as slack, aiohttp.ClientSession(slack.url) as session:
        app = bolt_app(slack)
        bodies = listening(app)
        async with connected(app):
            await Page(session).say("no mention")
            await Page(session).say("@cairn a mention")
            await eventually(lambda: bool(bodies))
        assert [body["event"]["type"] for body in bodies] == ["app_mention"]


async def test_an_event_not_acknowledged_comes_again_with_its_number(settings: LocalSlackSettings) -> None:
    async with restarted(settings, acknowledge_within_s=0.05) as slack, aiohttp.ClientSession(slack.url) as session:
        connection = await socket(slack, session)
        await Page(session).say("hello")
        envelopes = [await connection.receive_json(timeout=5) for _ in range(4)]
        await eventually(lambda: slack.workspace.state.undelivered() == [])
        with pytest.raises(TimeoutError):
            await connection.receive_json(timeout=0.3)
    assert [one["retry_attempt"] for one in envelopes] == [0, 1, 2, 3]
    assert [one["retry_reason"] for one in envelopes] == ["", "timeout", "timeout", "timeout"]
    assert len({one["envelope_id"] for one in envelopes}) == 4
    assert len({one["payload"]["event_id"] for one in envelopes}) == 1


async def test_slack_bolt_sees_the_retry_number(settings: LocalSlackSettings) -> None:
    async with restarted(settings, acknowledge_within_s=0.05) as slack, aiohttp.ClientSession(slack.url) as session:
        app = bolt_app(slack)
        numbers: list[Any] = []

        @app.middleware
        async def late(req: Any, next: Any) -> None:  # noqa: A002 - slack-bolt finds it by this name
            numbers.append(req.headers.get("x-slack-retry-num"))
            if len(numbers) == 1:
                await asyncio.sleep(0.2)
            await next()

        app.event("message")(_ignore)
        async with connected(app):
            await Page(session).say("hello")
            await eventually(lambda: slack.workspace.state.undelivered() == [])
    assert numbers[:2] == [["0"], ["1"]]


async def test_an_event_on_a_closing_connection_goes_to_the_next(slack: LocalSlack, page: Page) -> None:
    async with aiohttp.ClientSession() as session:
        first = await socket(slack, session)
        await page.say("hello")
        await first.receive_json(timeout=5)
        await first.close()
        second = await socket(slack, session)
        again = await second.receive_json(timeout=5)
        await second.send_json({"envelope_id": again["envelope_id"]})
        await eventually(lambda: slack.workspace.state.undelivered() == [])
    assert (again["retry_attempt"], again["retry_reason"]) == (1, "connection_failed")


async def test_events_wait_for_a_connection(slack: LocalSlack, page: Page) -> None:
    await page.say("early")
    app = bolt_app(slack)
    bodies = listening(app)
    async with connected(app):
        await eventually(lambda: len(bodies) == 1)
    assert bodies[0]["event"]["text"] == "early"


async def test_events_survive_a_restart(settings: LocalSlackSettings) -> None:
    async with restarted(settings) as slack, aiohttp.ClientSession(slack.url) as session:
        await Page(session).say("early")
    async with restarted(settings) as slack:
        app = bolt_app(slack)
        bodies = listening(app)
        async with connected(app):
            await eventually(lambda: len(bodies) == 1)
            await eventually(lambda: slack.workspace.state.undelivered() == [])
    assert bodies[0]["event"]["text"] == "early"


async def test_each_envelope_goes_to_one_of_the_connections(slack: LocalSlack, page: Page) -> None:
    async with aiohttp.ClientSession() as session:
        connections = [await socket(slack, session) for _ in range(10)]
        refused = await web_client(slack).apps_connections_open(app_token="xapp-local-app")
        eleventh = await session.ws_connect(refused["url"])
        assert (await eleventh.receive_json(timeout=5))["reason"] == "too_many_websockets"
        await page.say("hello")
        reads = [asyncio.create_task(connection.receive()) for connection in connections]
        done, waiting = await asyncio.wait(reads, timeout=0.5)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert len(done) == 1
        assert json.loads(done.pop().result().data)["type"] == "events_api"


async def test_a_ticket_is_good_once(slack: LocalSlack) -> None:
    address = (await web_client(slack).apps_connections_open(app_token="xapp-local-app"))["url"]
    async with aiohttp.ClientSession() as session:
        await session.ws_connect(address)
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await session.ws_connect(address)


@pytest.mark.parametrize("mode", ["refresh", "abrupt"])
async def test_the_app_comes_back_after_a_disconnect(slack: LocalSlack, page: Page, mode: str) -> None:
    app = bolt_app(slack)
    bodies = listening(app)
    async with connected(app):
        before = await page.post("disconnect", mode=mode)
        await page.say("after")
        await eventually(lambda: len(bodies) == 1)
        assert (await page.get("socket"))["connections"] == 1
    assert before["connections"] == 1


async def test_a_warning_keeps_the_connection(slack: LocalSlack, page: Page) -> None:
    async with aiohttp.ClientSession() as session:
        connection = await socket(slack, session)
        await page.post("disconnect", mode="warning")
        warning = await connection.receive_json(timeout=5)
        assert (warning["type"], warning["reason"]) == ("disconnect", "warning")
        assert (await page.get("socket"))["connections"] == 1
