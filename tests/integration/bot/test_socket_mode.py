"""The bot's connection to Slack comes back from whatever ends it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from slack_bolt.async_app import AsyncApp

from bot.localslack import LocalSlack
from bot.socket_mode import run_socket_mode
from tests.integration.bot.conftest import Page, client_of, eventually

# slack_sdk looks after its connection every 10 s, and notices a cut one only then.
PATIENCE_S = 40.0


@pytest.fixture
async def connected(slack: LocalSlack) -> AsyncIterator[None]:
    stop = asyncio.Event()
    app = AsyncApp(client=client_of(slack.api_url))
    running = asyncio.create_task(run_socket_mode(app, "xapp-local-app", stop, renew_s=0.5))
    await slack.app_connected()
    yield
    stop.set()
    await running


async def back(slack: LocalSlack) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await slack.app_connected()


@pytest.mark.usefixtures("connected")
async def test_an_address_that_died_before_it_was_used_is_not_tried_for_ever(slack: LocalSlack, page: Page) -> None:
    await page.fault("link", "http_error", times=None)
    await page.post("disconnect", mode="abrupt")

    async def is_refused() -> bool:
        return bool((await page.get("faults"))["taken"])

    await eventually(is_refused)
    # As after half a minute: the address that the bot was given leads nowhere any more.
    slack.workspace.socket._tickets.clear()
    await page.post("fault", clear=True)
    await back(slack)


@pytest.mark.usefixtures("connected")
async def test_the_bot_is_there_again_once_socket_mode_is_turned_on_again(slack: LocalSlack, page: Page) -> None:
    await page.post("disconnect", mode="link_disabled")

    async def is_refused() -> bool:
        calls = (await page.get("calls", method="apps.connections.open"))["calls"]
        return any(call["error"] == "forbidden_team" for call in calls)

    await eventually(is_refused)
    await page.post("disconnect", mode="link_enabled")
    await back(slack)


@pytest.mark.usefixtures("connected")
async def test_a_cut_network_is_noticed(slack: LocalSlack, page: Page) -> None:
    await page.post("disconnect", mode="cut")
    assert slack.workspace.socket.connections == 0
    await back(slack)
