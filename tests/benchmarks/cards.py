"""How long after a change of a run its card in Slack shows it, beside one bare edit of a message.

A change is what a worker's beat writes; the poster hears of it from Postgres, renders the card from the newest state
and edits the message in a local Slack. The clock stops when Slack has acknowledged the edit that shows the change.
"""

import asyncio
import random
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from agents.adapters.directory import StaticDirectory
from agents.runs.needs import Host
from agents.runs.roles import Policy
from agents.services.outputs import Outputs
from agents.services.people import People
from agents.services.runs import Runs
from agents.store import stages
from agents.store.db import Database
from agents.store.embedded import start_embedded, stop_embedded
from agents.store.migrate import migrate
from bot.blocks.message import Message
from bot.blocks.run import run_message
from bot.localslack import LocalSlackSettings, start_local_slack
from bot.manifest import load_manifest
from bot.outbox import Poster

TEAM, CHANNEL = "T0LOCAL", "CGENERAL01"
# By the least time between two edits: how many changes are measured.
CHANGES = {0.0: 200, 1.0: 40}
LEASE = timedelta(minutes=10)


class _Watched(AsyncWebClient):
    """A client that says when each of its edits was acknowledged."""

    edits: asyncio.Queue[tuple[str, float]]

    async def chat_update(self, **given: Any) -> Any:
        answer = await super().chat_update(**given)
        self.edits.put_nowait((str(given["blocks"]), time.perf_counter()))
        return answer


async def run() -> AsyncIterator[Mapping[str, Any]]:
    """Yield p50, p95 and the longest time from a change to its card, for cards edited at once and every second."""
    home = Path(tempfile.mkdtemp(prefix="cairn-cards-"))
    slack = await start_local_slack(
        LocalSlackSettings(database=home / "slack.sqlite", manifest=load_manifest(), team_id=TEAM)
    )
    try:
        dsn = await start_embedded(home / "data")
        await migrate(dsn)
        client = _Watched(token="xoxb-local-bot", base_url=slack.api_url, timeout=10, retry_handlers=[])
        client.edits = asyncio.Queue()
        async with Database(dsn) as database:
            floor_ms = sorted(await _bare_edits(client))
            for interval_s, changes in CHANGES.items():
                taken_ms = sorted(await _measure(database, client, interval_s, changes))
                for figure in _figures(interval_s, taken_ms, floor_ms):
                    yield figure
    finally:
        await slack.stop()
        await stop_embedded(home / "data")
        shutil.rmtree(home, ignore_errors=True)


async def _bare_edits(client: _Watched) -> Sequence[float]:
    posted = await client.chat_postMessage(channel=CHANNEL, text="0")
    taken = []
    for number in range(50):
        begun = time.perf_counter()
        await client.chat_update(channel=CHANNEL, ts=posted["ts"], text=str(number), blocks=[])
        taken.append(1_000 * ((await client.edits.get())[1] - begun))
    return taken


async def _measure(database: Database, client: _Watched, interval_s: float, changes: int) -> Sequence[float]:
    runs = Runs(database, People(StaticDirectory(), Policy()))
    outputs = Outputs(database)

    async def render(team_id: str, kind: str, subject: Mapping[str, Any]) -> Message:
        if kind != "run":
            return Message(text=kind)
        return run_message(
            await runs.view(team_id, subject["run_id"]), await outputs.of_run(team_id, subject["run_id"])
        )

    claim = await _claimed(database, runs)
    async with _posting(database, client, render, interval_s):
        taken = []
        for number in range(1, changes + 1):
            # Not in step with the interval.
            await asyncio.sleep(random.uniform(0, 2 * interval_s))  # noqa: S311  # nothing secret
            progress = {"done": number, "total": 10**6, "unit": "steps", "rate": None, "eta_s": None, "note": ""}
            async with database.team(TEAM) as connection:
                await stages.beat(connection, claim, LEASE, progress)
            begun = time.perf_counter()
            shown, at = "", begun
            while f"{number:,} of 1,000,000 steps" not in shown:
                shown, at = await client.edits.get()
            taken.append(1_000 * max(0.0, at - begun))
    return taken


async def _claimed(database: Database, runs: Runs) -> stages.Claim:
    proposal = await runs.propose(
        TEAM, kind="index", params={"name": "measured"}, estimate={}, requested_by="shell:root", channel=CHANNEL
    )
    run_id = await runs.approve(TEAM, proposal.id, proposal.params_hash, "shell:root")
    assert run_id is not None
    key = stages.StageKey(TEAM, run_id, 0)
    async with database.team(TEAM) as connection:
        claim = await stages.claim(connection, key, host=Host("measured", frozenset({"cpu"})), lease=LEASE)
    assert claim is not None
    return claim


@asynccontextmanager
async def _posting(database: Database, client: AsyncWebClient, render: Any, interval_s: float) -> AsyncIterator[None]:
    async def only(_: str) -> AsyncWebClient:
        return client

    stop = asyncio.Event()
    posting = asyncio.create_task(Poster(database, only, render, interval_s=interval_s).run(stop))
    try:
        # Until the card is posted and its listener hears.
        await asyncio.sleep(1)
        yield
    finally:
        stop.set()
        await posting


def _figures(interval_s: float, taken_ms: Sequence[float], floor_ms: Sequence[float]) -> list[Mapping[str, Any]]:
    def share(of: Sequence[float], part: float) -> float:
        return of[min(len(of) - 1, int(part * len(of)))]

    return [
        {
            "suite": "cards",
            "case": f"a change of a run to its card, edited every {interval_s:g} s at most",
            "metric": metric,
            "value": round(share(taken_ms, part), 3),
            "unit": "ms",
            "reference": f"a bare edit: {share(floor_ms, part):.3g} ms",
            "ratio": round(share(taken_ms, part) / share(floor_ms, part), 3),
        }
        for metric, part in (("p50", 0.5), ("p95", 0.95), ("longest", 1.0))
    ]
