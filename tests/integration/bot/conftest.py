"""A local Slack with Cairn's own manifest, a person at its page, and clients for the bot."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from agents.store.db import Database
from agents.store.outbox import Card, upsert_card
from agents.wiring import Services
from bot.blocks.message import Message
from bot.inbox import inbox_middleware
from bot.localslack import LocalSlack, LocalSlackSettings, start_local_slack
from bot.manifest import load_manifest
from bot.outbox import Poster
from bot.routing import Routes
from bot.socket_mode import run_socket_mode
from bot.turns import Turns

TEAM = "T0LOCAL"
ALICE, BOB, BOT = "UALICE0001", "UBOB000001", "UCAIRN0BOT"
GENERAL = "CGENERAL01"


class Page:
    """Does what a person does at the page."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def post(self, name: str, /, **body: Any) -> dict[str, Any]:
        async with self._session.post(f"/_/{name}", json=body) as response:
            return dict(await response.json())

    async def get(self, name: str, **query: str) -> dict[str, Any]:
        async with self._session.get(f"/_/{name}", params=query) as response:
            return dict(await response.json())

    async def text(self, file: str) -> str:
        """Return what is in a file."""
        async with self._session.get(f"/_/files/{file}") as response:
            return await response.text()

    async def say(self, text: str, *, user: str = ALICE, channel: str = GENERAL, **more: Any) -> str:
        answer = await self.post("message", user=user, channel=channel, text=text, **more)
        assert answer["ok"], answer
        return str(answer["ts"])

    async def messages(self, *, user: str = ALICE, channel: str = GENERAL, **query: str) -> list[dict[str, Any]]:
        return list((await self.get("messages", user=user, channel=channel, **query))["messages"])

    async def replies(self, thread_ts: str, *, user: str = ALICE, channel: str = GENERAL) -> list[dict[str, Any]]:
        """Return what was written under a message."""
        return (await self.messages(user=user, channel=channel, thread_ts=thread_ts))[1:]

    async def press(self, message: Mapping[str, Any], action_id: str, *, user: str = ALICE, **more: Any) -> None:
        """Press the button of a message whose action id begins so."""
        element, block_id = next(
            (element, block["block_id"])
            for block in message["blocks"]
            for element in [*block.get("elements", []), block.get("accessory") or {}]
            if str(element.get("action_id", "")).startswith(action_id)
        )
        action = {key: element[key] for key in ("type", "action_id", "value") if key in element}
        answer = await self.post(
            "action",
            user=user,
            channel=message["channel"],
            message_ts=message["ts"],
            action={**action, "block_id": block_id, **more.pop("chosen", {})},
            **more,
        )
        assert answer["ok"], answer

    async def fault(self, method: str, kind: str, **more: Any) -> None:
        answer = await self.post("fault", method=method, kind=kind, **more)
        assert answer["ok"], answer

    async def calls(self, method: str) -> list[dict[str, Any]]:
        return list((await self.get("calls", method=method))["calls"])


@dataclass(frozen=True, slots=True)
class OnlyDatabase:
    """The services of features that need no service."""

    database: Database


@pytest.fixture
async def slack(tmp_path: Path) -> AsyncIterator[LocalSlack]:
    settings = LocalSlackSettings(
        database=tmp_path / "slack.sqlite",
        manifest=load_manifest(),
        team_id=TEAM,
        acknowledge_within_s=1.0,
        retry_delays_s=(0.0, 0.2, 0.2),
    )
    started = await start_local_slack(settings)
    yield started
    await started.stop()


@pytest.fixture
async def page(slack: LocalSlack) -> AsyncIterator[Page]:
    async with aiohttp.ClientSession(slack.url) as session:
        yield Page(session)


@pytest.fixture
def client(slack: LocalSlack) -> AsyncWebClient:
    return client_of(slack.api_url)


def client_of(api_url: str) -> AsyncWebClient:
    return AsyncWebClient(token="xoxb-local-bot", base_url=api_url, timeout=3, retry_handlers=[])


Render = Callable[[str, str, Mapping[str, Any]], Awaitable[Message]]


@asynccontextmanager
async def posting(
    database: Database, client: AsyncWebClient, render: Render, *, interval_s: float = 0.05, claim_s: float = 2.0
) -> AsyncIterator[None]:
    """Run a poster while the block runs."""

    async def only(_: str) -> AsyncWebClient:
        return client

    stop = asyncio.Event()
    poster = Poster(database, only, render, interval_s=interval_s, claim_s=claim_s)
    running = asyncio.create_task(poster.run(stop))
    try:
        yield
    finally:
        stop.set()
        await running


@asynccontextmanager
async def receiving(database: Database, slack: LocalSlack, routes: Routes) -> AsyncIterator[Turns]:
    """Run the front door over Socket Mode while the block runs; turns are handled when the test says so."""
    services = cast("Services", OnlyDatabase(database))
    app = AsyncApp(client=client_of(slack.api_url))
    app.use(inbox_middleware(services, routes))
    stop = asyncio.Event()
    running = asyncio.create_task(run_socket_mode(app, "xapp-local-app", stop))
    try:
        await eventually(lambda: _connected(slack))
        yield Turns(services, routes)
    finally:
        stop.set()
        await running


async def _connected(slack: LocalSlack) -> bool:
    return slack.workspace.socket.connections > 0


async def add_card(database: Database, card: Card) -> None:
    async with database.team(TEAM) as connection:
        await upsert_card(connection, TEAM, card)


async def eventually(is_so: Callable[[], Awaitable[Any]], *, within_s: float = 20.0) -> Any:
    """Return the first true value, looked for until then; what takes longer than any machine needs is a failure."""
    until = time.monotonic() + within_s
    while True:
        found = await is_so()
        if found:
            return found
        assert time.monotonic() < until, "it never came to be so"
        await asyncio.sleep(0.02)
