"""A bot under measurement: its process, the fake Messages API that it asks, and the local Slack that it answers in."""

import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from agents.store.embedded import start_embedded, stop_embedded
from agents.store.migrate import migrate
from bot.localslack import LocalSlack, LocalSlackSettings, control, start_local_slack
from bot.manifest import load_manifest
from tests.fakes.messages_api import FakeMessagesApi
from tests.fakes.messages_api.script import Script

TEAM, CHANNEL, USER = "T0LOCAL", "CGENERAL01", "UALICE0001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one turn took of the bot's process."""

    wall_s: float
    cpu_s: float


class Postgres:
    """The server, of which the bot's process does not know what it takes."""

    def __init__(self, data: Path) -> None:
        self._pid = int((data / "pg" / "postmaster.pid").read_text().split()[0])

    def cpu_s(self) -> float:
        """Return the CPU seconds of its processes, those that have ended included; 0 where the host does not tell."""
        return sum(_cpu_s(process, self._pid) for process in Path("/proc").glob("[0-9]*"))


def _cpu_s(process: Path, server: int) -> float:
    try:
        fields = (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: the second after the name is the parent, the twelfth
    # to the fifteenth are the ticks of its own and of its ended children.
    if int(process.name) == server:
        ticks = sum(int(each) for each in fields[11:15])
    else:
        ticks = sum(int(each) for each in fields[11:13]) if int(fields[1]) == server else 0
    return ticks / os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class TalkingBot:
    """A bot that makes a turn when it is told to."""

    api: FakeMessagesApi
    slack: LocalSlack
    postgres: Postgres
    _process: asyncio.subprocess.Process
    _keys: "count[int]" = field(default_factory=lambda: count(1))

    async def thread(self, text: str = "Our bill hurts") -> str:
        """Have a person write a message, and return its ts."""
        written = {"user": USER, "channel": CHANNEL, "text": text}
        return str((await control.message(self.slack.workspace, written))["ts"])

    async def turn(self, way: str, root: str, text: str) -> Taken:
        """Have a turn made, and return what it took."""
        asked = {"way": way, "root": root, "key": f"Ev{next(self._keys)}", "text": text}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        await self._process.stdin.drain()
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the bot ended; its error stands above")
        return Taken(**json.loads(line))


@asynccontextmanager
async def talking_bot(script: Script) -> AsyncIterator[TalkingBot]:
    """Run a bot on a fresh database, with a model that answers by a script."""
    home = Path(tempfile.mkdtemp(prefix="cairn-talking-"))
    settings = LocalSlackSettings(database=home / "slack.sqlite", manifest=load_manifest(), team_id=TEAM)
    slack = await start_local_slack(settings)
    try:
        dsn = await start_embedded(home / "data")
        await migrate(dsn)
        async with FakeMessagesApi(script) as api:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.benchmarks.talking_bot", dsn, api.url, slack.api_url,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            yield TalkingBot(api, slack, Postgres(home / "data"), process)
            process.stdin.close()  # type: ignore[union-attr]  # opened above
            await process.wait()
    finally:
        await slack.stop()
        await stop_embedded(home / "data")
        shutil.rmtree(home, ignore_errors=True)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of them do not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
