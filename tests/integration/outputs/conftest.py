"""Workers that train: in this process, and as processes with folders of their own."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agents.adapters.artifacts import open_artifacts
from agents.engine.worker import run_worker
from agents.runs.states import RunState
from agents.runs.views import RunView
from agents.services.runs import Runs
from agents.store.db import Database
from tests import s3
from tests.integration.outputs.toys import QUEUE, STAGES, TEAM

LEASE_S = 1.5


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    with s3.local_s3() as started:
        yield started


class Hosts:
    """Starts workers as if each stood on a host of its own, and ends what is left of them."""

    def __init__(self, dsn: str, folder: Path) -> None:
        self._dsn = dsn
        self._folder = folder
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        data = self._folder / name
        data.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "tests.integration.outputs.worker_main", self._dsn, str(LEASE_S), str(data)]
        with (self._folder / "workers.log").open("ab") as log:
            process = subprocess.Popen(
                command, stderr=log, cwd=Path(__file__).parents[3], env={**os.environ, **environment}
            )
        self._started.append(process)
        return process

    def end(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()


@pytest.fixture
def hosts(dsn: str, tmp_path: Path) -> Iterator[Hosts]:
    started = Hosts(dsn, tmp_path)
    yield started
    started.end()


@asynccontextmanager
async def training(database: Database, dsn: str, data: Path, setting: str | None = None) -> AsyncIterator[None]:
    """Run a worker in this process while the block runs."""
    stop = asyncio.Event()
    working = asyncio.create_task(
        run_worker(
            database,
            dsn,
            STAGES,
            data,
            queues=[QUEUE],
            stop=stop,
            lease_s=LEASE_S,
            grace_s=0.2,
            name="here",
            artifacts=open_artifacts(setting, data),
        )
    )
    try:
        yield
    finally:
        stop.set()
        await working


async def eventually(what: Callable[[], Awaitable[Any]], *, within_s: float = 40) -> Any:
    """Return the first true answer of `what`; the time is only where a test that fails gives up."""
    async with asyncio.timeout(within_s):
        while not (answer := await what()):  # noqa: ASYNC110  # what is waited for is in the database
            await asyncio.sleep(0.05)
        return answer


async def reached(runs: Runs, run_id: str, state: RunState) -> RunView:
    """Return the run once it is in this state."""

    async def is_there() -> RunView | None:
        view = await runs.view(TEAM, run_id)
        return view if view.state is state else None

    view: RunView = await eventually(is_there)
    return view
