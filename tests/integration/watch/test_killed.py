"""Checks in processes of their own: killed in the middle, and racing each other, they tell each flip once."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from agents.store import watches
from tests.integration.bot.conftest import eventually
from tests.integration.watch.desk import SMALL, TEAM, Desk

pytestmark = pytest.mark.integration
_NEVER = 0


# Within the first watch, between the two, and within the second: each looks prices up twice.
@pytest.mark.parametrize("at", [1, 2, 3, 4])
async def test_a_check_killed_in_the_middle_is_taken_up_and_tells_each_flip_once(
    desk: Desk, tmp_path: Path, at: int
) -> None:
    for number in range(2):
        await desk.watched(SMALL, thread_ts=f"{number}.1")
    await desk.dearer_api(900)

    first = await _checker(desk, tmp_path, at)
    await eventually(lambda: _exists(tmp_path / "hangs"))
    os.kill(first.pid, signal.SIGKILL)
    await first.wait()
    second = await _checker(desk, tmp_path, _NEVER)
    try:
        await eventually(lambda: _all_checked(desk), within_s=60)
    finally:
        second.kill()
        await second.wait()

    assert len(await desk.replies()) == 2
    assert [watch.flips for watch in await desk.watches.list(TEAM)] == [1, 1]
    assert {flip.headline for flip in await desk.flips()} == {
        "The verdict flips: Prompting \u2192 Distillation with LoRA"
    }


async def test_two_processes_that_check_at_once_tell_each_flip_once(desk: Desk, tmp_path: Path) -> None:
    for number in range(6):
        await desk.watched(SMALL, thread_ts=f"{number}.1")
    checkers = [await _checker(desk, tmp_path, _NEVER) for _ in range(2)]
    try:
        for factor in (900, 1, 900):
            await desk.dearer_api(factor)
            # This process checks as well, as the shell may while a service runs.
            await desk.watches.check_due(TEAM)
            await eventually(lambda: _all_checked(desk), within_s=60)
    finally:
        for checker in checkers:
            checker.kill()
            await checker.wait()
    assert [watch.flips for watch in await desk.watches.list(TEAM)] == [3] * 6
    assert len(await desk.replies()) == 18


async def _checker(desk: Desk, marks: Path, at: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.watch.checker", desk.database.dsn, str(marks), str(at)
    )


async def _exists(path: Path) -> bool:
    return path.exists()  # noqa: ASYNC240 - one look at a local folder


async def _all_checked(desk: Desk) -> bool:
    async with desk.database.team(TEAM) as connection:
        return not await watches.due(connection, TEAM, 1)
