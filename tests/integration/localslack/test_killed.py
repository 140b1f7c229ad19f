"""A killed server loses nothing that it answered."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import aiohttp

from bot.localslack import LocalSlackSettings
from tests.integration.localslack.conftest import Page, restarted

SERVE = """
import asyncio, sys
from pathlib import Path
from bot.localslack import LocalSlackSettings, start_local_slack

async def serve():
    slack = await start_local_slack(LocalSlackSettings(Path(sys.argv[1]), {}))
    print(slack.url, flush=True)
    await asyncio.Event().wait()

asyncio.run(serve())
"""


async def test_messages_and_undelivered_events_outlive_a_kill(settings: LocalSlackSettings, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVE, str(settings.database), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    address = (await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip()
    async with aiohttp.ClientSession(address) as session:
        said = [await Page(session).say(f"message {number}") for number in range(20)]
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    async with restarted(settings) as slack, aiohttp.ClientSession(slack.url) as session:
        assert [message["ts"] for message in await Page(session).messages()] == said
        assert len(slack.workspace.state.undelivered()) == 20
