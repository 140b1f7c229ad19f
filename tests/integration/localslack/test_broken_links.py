"""Socket Mode as it breaks: lost acknowledgements, cut connections, double deliveries, Socket Mode turned off."""

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.localslack import LocalSlack, LocalSlackSettings
from tests.integration.localslack.conftest import ALICE, GENERAL, Page, restarted, web_client
from tests.integration.localslack.test_web_api import refused

SOON_S = 10


class App:
    """One connection of an app that acknowledges when it is told to."""

    def __init__(self, connection: aiohttp.ClientWebSocketResponse) -> None:
        self._connection = connection

    async def envelope(self) -> dict[str, Any]:
        return dict(await self._connection.receive_json(timeout=SOON_S))

    async def acknowledge(self, envelope: dict[str, Any]) -> None:
        await self._connection.send_json({"envelope_id": envelope["envelope_id"]})

    async def ended(self) -> bool:
        message = await self._connection.receive(timeout=SOON_S)
        return message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}


async def connect(slack: LocalSlack, session: aiohttp.ClientSession) -> App:
    address = (await web_client(slack).apps_connections_open(app_token="xapp-local-app"))["url"]
    app = App(await session.ws_connect(address))
    assert (await app.envelope())["type"] == "hello"
    return app


async def unacknowledged(page: Page, count: int) -> None:
    async with asyncio.timeout(SOON_S):
        while (await page.get("socket"))["unacknowledged"] != count:  # noqa: ASYNC110 - asked of the server
            await asyncio.sleep(0.01)


@pytest.fixture
def settings(settings: LocalSlackSettings) -> LocalSlackSettings:
    """Settings under which an acknowledgement is missed soon."""
    return LocalSlackSettings(
        settings.database, settings.manifest, retry_delays_s=settings.retry_delays_s, acknowledge_within_s=0.5
    )


async def test_an_event_whose_acknowledgement_is_lost_comes_again(slack: LocalSlack, page: Page) -> None:
    await page.post("fault", method="events_api", kind="lose_acknowledgement")
    app = await connect(slack, page.session)
    await page.say("hello")
    first = await app.envelope()
    await app.acknowledge(first)
    again = await app.envelope()
    assert again["payload"]["event_id"] == first["payload"]["event_id"]
    assert (again["retry_attempt"], again["retry_reason"]) == (1, "timeout")
    assert again["envelope_id"] != first["envelope_id"]
    await app.acknowledge(again)
    await unacknowledged(page, 0)
    assert slack.workspace.state.undelivered() == []


async def test_an_event_whose_connection_is_cut_comes_over_another(slack: LocalSlack, page: Page) -> None:
    app = await connect(slack, page.session)
    await page.post("fault", method="events_api", kind="cut")
    await page.say("hello")
    assert await app.ended() or await app.ended()
    second = await connect(slack, page.session)
    again = await second.envelope()
    assert (again["retry_attempt"], again["retry_reason"]) == (1, "connection_failed")
    await second.acknowledge(again)
    await unacknowledged(page, 0)


async def test_an_acknowledged_event_may_come_twice(slack: LocalSlack, page: Page) -> None:
    await page.post("fault", method="events_api", kind="deliver_twice")
    app = await connect(slack, page.session)
    await page.say("hello")
    first = await app.envelope()
    await app.acknowledge(first)
    again = await app.envelope()
    assert again["payload"] == first["payload"]
    await app.acknowledge(again)
    await unacknowledged(page, 0)
    assert slack.workspace.state.undelivered() == []


async def test_an_event_may_be_late_and_overtaken(slack: LocalSlack, page: Page) -> None:
    await page.post("fault", method="events_api", kind="delay_before", seconds=0.3)
    app = await connect(slack, page.session)
    late, next_one = await page.say("late"), await page.say("next")
    arrived = [(await app.envelope())["payload"]["event"]["ts"] for _ in range(2)]
    assert arrived == [next_one, late]


async def test_a_command_whose_answer_is_lost_is_a_timeout_for_its_author(slack: LocalSlack, page: Page) -> None:
    await page.post("fault", method="slash_commands", kind="lose_acknowledgement")
    app = await connect(slack, page.session)
    asked = {"user": ALICE, "channel": GENERAL, "command": "/cairn", "text": ""}
    running = asyncio.create_task(page.post("command", **asked))
    await app.acknowledge(await app.envelope())
    assert (await running)["error"] == "operation_timeout"
    running = asyncio.create_task(page.post("command", **asked))
    await app.acknowledge(await app.envelope())
    assert (await running)["ok"]


async def test_a_cut_network_ends_every_connection_without_a_word(slack: LocalSlack, page: Page) -> None:
    apps = [await connect(slack, page.session) for _ in range(2)]
    assert (await page.post("disconnect", mode="cut"))["connections"] == 2
    for app in apps:
        assert await app.ended()
    assert (await page.get("socket"))["connections"] == 0


async def test_socket_mode_turned_off_says_so_and_lets_nothing_in_until_it_is_on(
    slack: LocalSlack, page: Page, client: AsyncWebClient
) -> None:
    app = await connect(slack, page.session)
    await page.post("disconnect", mode="link_disabled")
    farewell = await app.envelope()
    assert (farewell["type"], farewell["reason"]) == ("disconnect", "link_disabled")
    assert await app.ended()
    refusal = await refused(client.apps_connections_open(app_token="xapp-local-app"))
    assert refusal["error"] == "forbidden_team"
    await page.say("meanwhile")
    await page.post("disconnect", mode="link_enabled")
    again = await connect(slack, page.session)
    assert (await again.envelope())["payload"]["event"]["text"] == "meanwhile"


async def test_a_connection_can_be_refused(slack: LocalSlack, page: Page, client: AsyncWebClient) -> None:
    await page.post("fault", method="link", kind="http_error", status=502)
    address = (await client.apps_connections_open(app_token="xapp-local-app"))["url"]
    with pytest.raises(aiohttp.WSServerHandshakeError, match="502"):
        await page.session.ws_connect(address)
    assert await connect(slack, page.session)


async def test_what_is_not_acknowledged_when_the_server_stops_comes_after_its_restart(
    settings: LocalSlackSettings,
) -> None:
    async with restarted(settings) as slack, aiohttp.ClientSession(slack.url) as session:
        app = await connect(slack, session)
        await Page(session).say("hello")
        first = await app.envelope()
    async with restarted(settings) as slack, aiohttp.ClientSession(slack.url) as session:
        app = await connect(slack, session)
        again = await app.envelope()
        assert again["payload"]["event_id"] == first["payload"]["event_id"]
