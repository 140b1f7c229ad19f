"""How long an event waits for its acknowledgement and what that costs, beside a Bolt app that stores nothing.

Both get the same mentions in turn, round by round, from a local Slack of their own, so that whatever else the machine
does meets both.
"""

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from agents.store.db import role_conninfo
from agents.store.embedded import start_embedded, stop_embedded
from agents.store.migrate import migrate
from bot.localslack import LocalSlack, LocalSlackSettings, start_local_slack
from bot.manifest import load_manifest

TEAM = "T0LOCAL"
ROUNDS = 12
EVENTS_PER_ROUND = 200
# Events on their way at the same time: far more than Slack's 8 a second would make.
WINDOW = 20
REFERENCE = "bare Bolt app"


@dataclass(slots=True)
class Measured:
    """A bot, its local Slack, and what was measured of it."""

    name: str
    slack: LocalSlack
    process: asyncio.subprocess.Process
    waits_ms: list[float] = field(default_factory=list)
    cpu_s: float = 0.0

    def p(self, share: float) -> float:
        """Return the wait that `share` of the events did not exceed, in milliseconds."""
        return sorted(self.waits_ms)[min(len(self.waits_ms) - 1, int(share * len(self.waits_ms)))]

    @property
    def cpu_ms_per_event(self) -> float:
        """CPU of the bot's process for one event, in milliseconds; Postgres's own is not in it."""
        return 1_000 * self.cpu_s / len(self.waits_ms)


async def run() -> AsyncIterator[Mapping[str, Any]]:
    """Yield p50 and p99 of the acknowledgement and the CPU per event."""
    home = Path(tempfile.mkdtemp(prefix="cairn-ack-"))
    try:
        dsn = await start_embedded(home / "data")
        await migrate(dsn)
        async with _bot("bare", home) as bare, _bot("cairn", home, dsn) as cairn:
            for bot in (bare, cairn):
                await _round(bot, -1)
                bot.waits_ms.clear()
            for number in range(ROUNDS):
                # Neither always goes first.
                for bot in (bare, cairn) if number % 2 else (cairn, bare):
                    before = await _cpu_s(bot)
                    await _round(bot, number)
                    bot.cpu_s += await _cpu_s(bot) - before
        await _require_all_stored(dsn)
    finally:
        await stop_embedded(home / "data")
        shutil.rmtree(home, ignore_errors=True)
    for metric, unit, ours, floor in (
        ("ack_p50", "ms", cairn.p(0.5), bare.p(0.5)),
        ("ack_p99", "ms", cairn.p(0.99), bare.p(0.99)),
        ("cpu_per_event", "ms", cairn.cpu_ms_per_event, bare.cpu_ms_per_event),
    ):
        yield {
            "suite": "ack",
            "case": f"mentions over Socket Mode, {WINDOW} at a time",
            "metric": metric,
            "value": round(ours, 4),
            "unit": unit,
            "reference": f"{REFERENCE}: {floor:.4g} {unit}",
            "ratio": round(ours / floor, 3),
        }


@asynccontextmanager
async def _bot(name: str, home: Path, *arguments: str) -> AsyncIterator[Measured]:
    settings = LocalSlackSettings(database=home / f"{name}.sqlite", manifest=load_manifest(), team_id=TEAM)
    slack = await start_local_slack(settings)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.benchmarks.bots", name, slack.api_url, *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        while not slack.workspace.socket.connections:  # noqa: ASYNC110 - the local Slack tells nobody outside
            await asyncio.sleep(0.02)
        yield Measured(name, slack, process)
    finally:
        process.stdin.close()  # type: ignore[union-attr]  # opened above
        await process.wait()
        await slack.stop()


async def _round(bot: Measured, number: int) -> None:
    window = asyncio.Semaphore(WINDOW)

    async def send(at: int) -> None:
        async with window:
            begun = time.perf_counter()
            await bot.slack.workspace.socket.request("events_api", _mention(number * EVENTS_PER_ROUND + at))
            bot.waits_ms.append(1_000 * (time.perf_counter() - begun))

    await asyncio.gather(*(send(at) for at in range(EVENTS_PER_ROUND)))


async def _cpu_s(bot: Measured) -> float:
    assert bot.process.stdin is not None
    assert bot.process.stdout is not None
    bot.process.stdin.write(b"\n")
    await bot.process.stdin.drain()
    return float(await bot.process.stdout.readline())


async def _require_all_stored(dsn: str) -> None:
    """A front door that is fast because it drops events is none."""
    async with await psycopg.AsyncConnection.connect(role_conninfo(dsn, "cairn_owner")) as owner:
        row = await (await owner.execute("SELECT count(*) FROM app.slack_event")).fetchone()
    stored, sent = row[0] if row else 0, (ROUNDS + 1) * EVENTS_PER_ROUND
    if stored != sent:
        raise RuntimeError(f"{stored} of {sent} events were stored")


def _mention(number: int) -> dict[str, Any]:
    ts = f"{1_700_000_000 + number}.000100"
    text = "<@UCAIRN0BOT> which way should we adapt our model?"
    event = {"type": "app_mention", "user": "UALICE0001", "text": text, "ts": ts, "channel": "CGENERAL01"}
    return {
        "token": "t",
        "team_id": TEAM,
        "api_app_id": "ACAIRN0APP",
        "type": "event_callback",
        "event_id": f"Ev{number}",
        "event_time": 1_700_000_000 + number,
        "authorizations": [{"team_id": TEAM, "user_id": "UCAIRN0BOT", "is_bot": True}],
        "event": event | {"team": TEAM, "event_ts": ts},
    }
