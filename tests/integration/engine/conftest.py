"""Workers as real processes, which no test leaves behind."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.engine.worker import run_worker
from agents.store.db import Database
from tests.integration.engine.toys import QUEUE, STAGES

LEASE_S = 1.5
PATIENCE_S = 40


class Workers:
    """Starts worker processes and ends what is left of them."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, dsn: str, *options: str, lease_s: float = LEASE_S) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "tests.integration.engine.worker_main", dsn, str(lease_s), *options]
        with self.log.open("ab") as log:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, cwd=Path(__file__).parents[3])
        self._started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n", self.log.read_text()
        return process

    def end(self) -> None:
        for process in self._started:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    started = Workers(tmp_path / "worker.log")
    yield started
    started.end()


@pytest.fixture
async def worker(database: Database, dsn: str) -> AsyncIterator[asyncio.Event]:
    """A worker in this process; set the event to stop it."""
    stop = asyncio.Event()
    running = asyncio.create_task(
        run_worker(database, dsn, STAGES, "deps", queues=[QUEUE], stop=stop, lease_s=LEASE_S, grace_s=0.2)
    )
    yield stop
    stop.set()
    await running


async def eventually(what: Callable[[], Awaitable[Any]], *, within_s: float = PATIENCE_S) -> Any:
    """Return the first true answer of `what`; the time is only where a test that fails gives up."""
    async with asyncio.timeout(within_s):
        while not (answer := await what()):  # noqa: ASYNC110  # what is waited for is in the database
            await asyncio.sleep(0.05)
        return answer


def is_alive(pid: int) -> bool:
    """Return whether the process runs; one that waits to be collected by its parent does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.strip().startswith("Z")


@pytest.fixture
def server_home() -> Iterator[Path]:
    """A folder for a Postgres of the test's own, which its server user can reach."""
    with tempfile.TemporaryDirectory(prefix="cairn-test-", ignore_cleanup_errors=True) as home:
        yield Path(home)
