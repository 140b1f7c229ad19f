"""Workers that distil: in this process, and as processes that are killed."""

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agents.adapters.artifacts import open_artifacts
from agents.engine.worker import run_worker
from agents.runs import RunState, RunView
from agents.services.runs import Runs
from agents.store.db import Database
from tests.integration.distil.desk import QUEUE, STAGES, TEAM, make_deps, make_teachers
from tests.integration.engine.conftest import eventually

LEASE_S = 1.5

StartWorker = Callable[..., "subprocess.Popen[bytes]"]


@asynccontextmanager
async def working(database: Database, data: Path, url: str, **changed: Any) -> AsyncIterator[asyncio.Event]:
    """Run a worker in this process while the block runs; set the event to stop it."""
    stop = asyncio.Event()
    teachers = make_teachers(url)
    running = asyncio.create_task(
        run_worker(
            database,
            database.dsn,
            STAGES,
            make_deps(teachers, **changed),
            queues=[QUEUE],
            stop=stop,
            lease_s=LEASE_S,
            grace_s=0.5,
            artifacts=open_artifacts(str(data), data),
        )
    )
    try:
        yield stop
    finally:
        stop.set()
        await running
        await teachers.close()


@pytest.fixture
def start_worker(dsn: str, tmp_path: Path) -> Iterator[StartWorker]:
    """Starts worker processes; none of them outlives the test."""
    started: list[subprocess.Popen[bytes]] = []
    log = tmp_path / "worker.log"

    def start(url: str, *, shard: int = 4) -> "subprocess.Popen[bytes]":
        module = "tests.integration.distil.worker_main"
        command = [sys.executable, "-m", module, dsn, str(LEASE_S), str(tmp_path), url, str(shard)]
        with log.open("ab") as errors:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, cwd=Path(__file__).parents[3])
        started.append(process)
        return process

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


async def settled(runs: Runs, run_id: str) -> RunView:
    """Return the run once no worker will go on with it by itself."""

    async def has_settled() -> RunView | None:
        view = await runs.view(TEAM, run_id)
        return None if view.state is RunState.RUNNING else view

    view: RunView = await eventually(has_settled, within_s=90)
    return view


async def finished(runs: Runs, run_id: str) -> Any:
    """Return the result of a run that comes to its end."""
    view = await settled(runs, run_id)
    assert view.state is RunState.DONE, view.question or view.error
    return view.result
