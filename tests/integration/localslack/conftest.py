"""A running local Slack per test, the page and a browser on it, a stock slack-bolt app, a Web API client."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, Route, async_playwright
from playwright.async_api import Page as Window
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.localslack import LocalSlack, LocalSlackSettings, start_local_slack
from tests.needs import chromium

SCOPES = [
    *("assistant:write", "channels:history", "channels:join", "channels:read", "chat:write", "commands"),
    *("files:read", "files:write", "im:history", "im:write", "reactions:write", "team:read", "usergroups:read"),
    *("users:read", "users:read.email"),
]
MANIFEST: dict[str, Any] = {
    "features": {
        "app_home": {"home_tab_enabled": True},
        "bot_user": {"display_name": "cairn"},
        "slash_commands": [{"command": "/cairn", "description": "Decide and price", "usage_hint": "[decide | cost]"}],
    },
    "oauth_config": {"scopes": {"bot": SCOPES}},
    "settings": {
        "event_subscriptions": {
            "bot_events": ["app_home_opened", "app_mention", "message.channels", "message.im", "reaction_added"]
        }
    },
}
ALICE, BOB, BOT = "UALICE0001", "UBOB000001", "UCAIRN0BOT"
CAROL, GWEN = "UCAROL0001", "UGWEN00001"
APPROVERS = "S0APPROVE"
GENERAL, COSTS = "CGENERAL01", "CMLCOSTS01"
Post = Callable[..., Awaitable[dict[str, Any]]]
OPTIONS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
Open = Callable[..., Awaitable[Window]]
Routes = dict[str, Callable[[Route], Awaitable[None]]]


class Page:
    """Asks what the page asks."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session

    async def post(self, name: str, /, **body: Any) -> dict[str, Any]:
        async with self.session.post(f"/_/{name}", json=body) as response:
            assert response.status == 200, await response.text()
            return dict(await response.json())

    async def get(self, name: str, /, **query: str) -> dict[str, Any]:
        async with self.session.get(f"/_/{name}", params=query) as response:
            assert response.status == 200, await response.text()
            return dict(await response.json())

    async def say(self, text: str, *, user: str = ALICE, channel: str = GENERAL, **more: Any) -> str:
        answer = await self.post("message", user=user, channel=channel, text=text, **more)
        assert answer["ok"], answer
        return str(answer["ts"])

    async def messages(self, *, user: str = ALICE, channel: str = GENERAL, **query: str) -> list[dict[str, Any]]:
        answer = await self.get("messages", user=user, channel=channel, **query)
        assert answer["ok"], answer
        return list(answer["messages"])

    @asynccontextmanager
    async def feed(self, user: str = ALICE, last_id: str | None = None) -> AsyncIterator["FeedReader"]:
        headers = {"Last-Event-ID": last_id} if last_id else {}
        async with self.session.get("/_/feed", params={"user": user}, headers=headers) as response:
            reader = FeedReader(response)
            assert (await reader.next())[0] == "hello"
            yield reader


class FeedReader:
    """Reads Server-Sent Events one by one."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.last_id = ""

    async def next(self) -> tuple[str, dict[str, Any]]:
        name, data = "", {}
        async with asyncio.timeout(10):
            while True:
                line = (await self._response.content.readline()).decode().rstrip("\n")
                field, _, value = line.partition(": ")
                match field:
                    case "event":
                        name = value
                    case "data":
                        data = json.loads(value)
                    case "id":
                        self.last_id = value
                    case "" if name:
                        return name, data

    async def until(self, name: str) -> dict[str, Any]:
        while True:
            got, data = await self.next()
            if got == name:
                return data


@pytest.fixture
def settings(tmp_path: Path) -> LocalSlackSettings:
    return LocalSlackSettings(tmp_path / "slack.sqlite", MANIFEST, retry_delays_s=(0.0, 0.05, 0.05))


@pytest.fixture
async def slack(settings: LocalSlackSettings) -> AsyncIterator[LocalSlack]:
    running = await start_local_slack(settings)
    yield running
    await running.stop()


@pytest.fixture
async def page(slack: LocalSlack) -> AsyncIterator[Page]:
    async with aiohttp.ClientSession(slack.url) as session:
        yield Page(session)


@pytest.fixture
async def client(slack: LocalSlack) -> AsyncWebClient:
    return web_client(slack)


def web_client(slack: LocalSlack, token: str | None = None) -> AsyncWebClient:
    return AsyncWebClient(token=token or slack.settings.bot_token, base_url=slack.api_url)


@asynccontextmanager
async def connected(app: AsyncApp) -> AsyncIterator[AsyncSocketModeHandler]:
    """Run a slack-bolt app over Socket Mode."""
    handler = AsyncSocketModeHandler(app, "xapp-local-app")
    await handler.connect_async()  # type: ignore[no-untyped-call]  # slack-bolt leaves it untyped
    try:
        yield handler
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]  # slack-bolt leaves it untyped


def bolt_app(slack: LocalSlack) -> AsyncApp:
    return AsyncApp(client=web_client(slack))


async def eventually(is_so: Callable[[], bool]) -> None:
    """Wait until something holds; fail after ten seconds."""
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - what is waited for happens in a stock app, which sets no event
            await asyncio.sleep(0.01)


@asynccontextmanager
async def restarted(settings: LocalSlackSettings, **changes: Any) -> AsyncIterator[LocalSlack]:
    """Another start on the same database."""
    running = await start_local_slack(replace(settings, **changes))
    try:
        yield running
    finally:
        await running.stop()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    installed = await asyncio.to_thread(chromium)
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=installed, args=OPTIONS)
        yield started
        await started.close()


@pytest.fixture
async def visit(browser: Browser, slack: LocalSlack) -> AsyncIterator[Open]:
    """Open the page as somebody; whatever the page throws fails the test."""
    thrown: list[str] = []

    async def open_page(
        who: str = "alice", address: str = f"#/{GENERAL}", routes: Routes | None = None, script: str = "", **more: Any
    ) -> Window:
        context = await browser.new_context(**({"viewport": {"width": 1280, "height": 800}} | more))
        page = await context.new_page()
        if script:
            await page.add_init_script(script)
        for pattern, handler in (routes or {}).items():
            await page.route(pattern, handler)
        page.on("pageerror", lambda error: thrown.append(str(error)))
        await page.goto(f"{slack.url}/?as={who}{address}")
        await page.get_by_test_id("composer").wait_for()
        return page

    yield open_page
    assert thrown == []


def text(words: str, kind: str = "mrkdwn") -> dict[str, Any]:
    return {"type": kind, "text": words}


def field(name: str, element: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": name,
        "label": text(name.title(), "plain_text"),
        "element": {"action_id": "v"} | element,
    }


async def write(page: Window, words: str, composer: str = "composer") -> None:
    await page.get_by_test_id(composer).fill(words)
    await page.get_by_test_id(composer).press("Enter")
