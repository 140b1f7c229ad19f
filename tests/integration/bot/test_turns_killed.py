"""A turn whose process is killed is taken up again, once, and says nothing twice."""

import asyncio
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

from agents.store import inbox
from agents.store.db import Database
from agents.store.inbox import Event
from tests.integration.bot.conftest import ALICE, GENERAL, TEAM, eventually


async def test_a_turn_killed_in_the_middle_is_replayed_once(database: Database, tmp_path: Path) -> None:
    event = Event(
        team_id=TEAM,
        key="Ev1",
        kind="mention",
        channel=GENERAL,
        thread_ts="1.1",
        message_ts="1.1",
        user_id=ALICE,
        body={"text": "go", "is_direct": False},
    )
    receive = partial(inbox.receive, event=event, only_in_own_thread=False)
    assert await database.call(receive)
    assert not await database.call(receive)

    first = await _turner(database.dsn, tmp_path)
    await eventually(lambda: _exists(tmp_path / "between"))
    os.kill(first.pid, signal.SIGKILL)
    await first.wait()
    second = await _turner(database.dsn, tmp_path)
    try:
        await eventually(lambda: _handled(database), within_s=60)
    finally:
        second.kill()
        await second.wait()

    async with database.team(TEAM) as connection:
        cursor = await connection.execute("SELECT subject, version FROM app.slack_card ORDER BY key")
        cards = await cursor.fetchall()
        row = await (await connection.execute("SELECT attempts, error FROM app.slack_event")).fetchone()
    assert [card["subject"]["text"] for card in cards] == ["first step", "second step"]
    assert row == {"attempts": 2, "error": None}


async def _turner(dsn: str, marks: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.integration.bot.turner", dsn, str(marks))


async def _exists(path: Path) -> bool:
    return path.exists()  # noqa: ASYNC240 - one look at a local folder


async def _handled(database: Database) -> Any:
    async with database.team(TEAM) as connection:
        row = await (await connection.execute("SELECT handled_at FROM app.slack_event")).fetchone()
    return row and row["handled_at"]
