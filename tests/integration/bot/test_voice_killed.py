"""A reply whose process is killed while it is written stands once, and whole, whatever the process had done by then."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from agents.store import inbox
from agents.store.db import Database
from agents.store.inbox import Event
from agents.wiring import Services
from bot.blocks.message import Message
from bot.features import ROUTES
from bot.localslack import LocalSlack
from tests.integration.bot.conftest import ALICE, GENERAL, TEAM, Page, eventually, posting
from tests.integration.bot.speaking import FIRST_WORDS, OTHER_WORDS
from tests.integration.bot.test_stream import said

pytestmark = pytest.mark.integration

POINTS = [
    "before chat.startStream",
    "after chat.startStream",
    "before chat.appendStream",
    "after chat.appendStream",
    "before chat.stopStream",
    "after chat.stopStream",
    "finished",
]


@dataclass(frozen=True, slots=True)
class Scene:
    """A question to Cairn, and what a killed process leaves of the answer."""

    database: Database
    slack: LocalSlack
    page: Page
    marks: Path
    root: str

    def arguments(self, point: str) -> tuple[str, ...]:
        return self.database.dsn, self.slack.api_url, str(self.marks), point

    async def killed_at(self, point: str) -> None:
        async with speaking(*self.arguments(point)) as process:
            await eventually(lambda: _exists(self.marks / "hangs"), within_s=60)
            os.kill(process.pid, signal.SIGKILL)


@pytest.fixture
async def scene(database: Database, slack: LocalSlack, page: Page, tmp_path: Path) -> Scene:
    return Scene(database, slack, page, tmp_path, await ask(database, page))


async def as_shown(team_id: str, kind: str, subject: Mapping[str, Any]) -> Message:
    return await ROUTES.cards[kind](cast("Services", None), team_id, subject)


async def ask(database: Database, page: Page) -> str:
    """Write to Cairn and store the event as the inbox does; return the thread."""
    root = await page.say("Our bill hurts")
    event = Event(
        team_id=TEAM,
        key="Ev1",
        kind="mention",
        channel=GENERAL,
        thread_ts=root,
        message_ts=root,
        user_id=ALICE,
        body={"text": "Our bill hurts", "is_direct": False},
    )
    assert await database.call(partial(inbox.receive, event=event, only_in_own_thread=False))
    return root


@asynccontextmanager
async def speaking(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.integration.bot.speaking", *arguments)
    try:
        yield process
    finally:
        if process.returncode is None:
            os.kill(process.pid, signal.SIGKILL)
        await process.wait()


async def is_handled(database: Database) -> Any:
    async with database.team(TEAM) as connection:
        row = await (await connection.execute("SELECT handled_at FROM app.slack_event")).fetchone()
    return row and row["handled_at"]


async def are_settled(database: Database) -> bool:
    async with database.team(TEAM) as connection:
        found = await connection.execute("SELECT sent_version, wanted_version, claimed_until FROM app.slack_sent")
        return all(
            row["sent_version"] == row["wanted_version"] and row["claimed_until"] is None
            for row in await found.fetchall()
        )


async def _exists(path: Path) -> bool:
    return path.exists()  # noqa: ASYNC240 - one look at a local folder


@pytest.mark.parametrize("point", POINTS)
async def test_the_repeated_turn_changes_the_one_message(scene: Scene, client: AsyncWebClient, point: str) -> None:
    async with posting(scene.database, client, as_shown):
        await scene.killed_at(point)
        async with speaking(*scene.arguments(point)):
            await eventually(partial(is_handled, scene.database), within_s=60)
            await eventually(partial(are_settled, scene.database))

    (reply,) = await scene.page.replies(scene.root)
    assert said(reply) == "".join(OTHER_WORDS)
    assert [block["type"] for block in reply["blocks"]] == ["markdown", "actions"]
    assert reply.get("streaming_state") != "in_progress"


@pytest.mark.parametrize("point", POINTS[:-1])
async def test_where_the_turn_never_comes_back_what_was_said_stands_once_and_is_no_open_stream(
    scene: Scene, client: AsyncWebClient, point: str
) -> None:
    async with posting(scene.database, client, as_shown):
        await scene.killed_at(point)
        await eventually(partial(are_settled, scene.database))

    (reply,) = await scene.page.replies(scene.root)
    assert said(reply).startswith(FIRST_WORDS[0])
    assert "".join(FIRST_WORDS).startswith(said(reply))
    assert reply.get("streaming_state") != "in_progress"
