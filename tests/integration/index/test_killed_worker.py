"""A worker that is killed while it indexes: another one goes on, and nothing is lost or doubled."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.runs.states import RunState
from tests.integration.index.desk import Desk

LEASE_S = 1.5
PATIENCE_S = 120


class Workers:
    """Starts worker processes and kills what is left of them."""

    def __init__(self, dsn: str, log: Path) -> None:
        self._dsn = dsn
        self._log = log
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, lease_s: float = LEASE_S) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "tests.integration.index.worker_main", self._dsn, str(lease_s)]
        with self._log.open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=Path(__file__).parents[3])
        self._started.append(process)
        return process

    def end(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()


@pytest.fixture
def workers(dsn: str, tmp_path: Path) -> Iterator[Workers]:
    started = Workers(dsn, tmp_path / "worker.log")
    yield started
    started.end()


async def read(desk: Desk, team: str) -> int:
    async with desk.database.team(team) as connection:
        cursor = await connection.execute("SELECT count(*) AS n FROM app.rag_doc WHERE state = 'read'")
        return int((await cursor.fetchone() or {})["n"])


async def test_a_worker_killed_while_it_embeds_is_taken_over_from_its_last_batch(desk: Desk, workers: Workers) -> None:
    desk.write({f"{n}.md": f"# Page {n}\n\n" + f"Sentence number {n} has its own words. " * 900 for n in range(6)})
    await desk.fill("whole")
    whole = await desk.chunks()
    other = "T0OTHER"

    run_id = await desk.start("docs", team=other)
    first = workers.start()
    async with asyncio.timeout(PATIENCE_S):
        while not await read(desk, other):  # noqa: ASYNC110  # what is waited for is in the database
            await asyncio.sleep(0.02)
    first.kill()
    left_off_at = await read(desk, other)
    # Which a busy machine does not let lapse while it embeds.
    workers.start(lease_s=4 * LEASE_S)
    async with asyncio.timeout(PATIENCE_S):
        while not (view := await desk.runs.view(other, run_id)).state.is_over:  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.1)

    assert view.state is RunState.DONE, view.error
    assert 0 < left_off_at < 6
    assert [stage.attempt for stage in view.stages] == [1, 2, 1, 1]
    assert await desk.chunks(other) == whole
