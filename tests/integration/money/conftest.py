"""A shop on loopback, and workers that buy there: in this process, and as processes that are killed."""

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from agents.engine.worker import run_worker
from agents.runs import RunState, RunView
from agents.services.runs import Runs
from agents.store.db import Database
from tests.integration.engine.conftest import eventually
from tests.integration.money.shop import QUEUE, STAGES, TEAM, Shop, open_shop

LEASE_S = 1.5


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_shop() as opened:
        yield opened


@pytest.fixture
async def worker(database: Database, dsn: str) -> AsyncIterator[asyncio.Event]:
    """A worker in this process; set the event to stop it."""
    stop = asyncio.Event()
    running = asyncio.create_task(
        run_worker(database, dsn, STAGES, None, queues=[QUEUE], stop=stop, lease_s=LEASE_S, grace_s=0.2)
    )
    yield stop
    stop.set()
    await running


StartWorker = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def start_worker(dsn: str, tmp_path: Path) -> Iterator[StartWorker]:
    """Starts worker processes; none of them outlives the test."""
    started: list[subprocess.Popen[bytes]] = []
    log = tmp_path / "worker.log"

    def start() -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "tests.integration.money.worker_main", dsn, str(LEASE_S)]
        with log.open("ab") as errors:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, cwd=Path(__file__).parents[3])
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n", log.read_text()
        return process

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


async def settled(runs: Runs, run_id: str, team_id: str = TEAM) -> RunView:
    """Return the run once no worker will go on with it by itself."""

    async def has_settled() -> RunView | None:
        view = await runs.view(team_id, run_id)
        return None if view.state is RunState.RUNNING else view

    view: RunView = await eventually(has_settled)
    return view
