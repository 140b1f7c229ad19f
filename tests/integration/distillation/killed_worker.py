"""A worker process that kills itself, by SIGKILL, at each point of a run's stages that no worker has died at before.

Points are what comes before and after each transaction that wrote something and each call of the server of models, and
the end of a stage that writes nothing itself.
"""

import asyncio
import datetime as dt
import logging
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agents.adapters.servers.vllm import Vllm
from agents.adapters.teachers import Access, Teachers
from agents.engine.server_keeper import ServerKeeper
from agents.engine.stage import Stage, StageContext
from agents.engine.student_files import StudentFiles
from agents.engine.worker import run_worker
from agents.store.db import Connection, Database
from tests.fakes.messages_api import API_KEY
from tests.integration.distillation.desk import Desk

LEASE_S = 0.6
SOON = dt.timedelta(seconds=0.05)

_STAGE: ContextVar[str | None] = ContextVar("stage", default=None)


class Points:
    """Where workers die.

    Args:
        file: Where they are written down, one a line.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen = Counter[str]()

    def at(self, what: str) -> None:
        """Die here where no worker has yet."""
        stage = _STAGE.get()
        if stage is None:
            return
        point = f"{stage}: {what}"
        if point in died_at(self._file):
            return
        with self._file.open("a", encoding="utf-8") as lines:
            lines.write(f"{point}\n")
        os.kill(os.getpid(), signal.SIGKILL)

    def transaction(self, when: str) -> None:
        """Die before or after a transaction that wrote; they are counted in each attempt at a stage."""
        counted = f"{_STAGE.get()} {when}"
        self._seen[counted] += 1
        self.at(f"{when} transaction {self._seen[counted]}")

    def within(self, name: str, stage: Stage) -> Stage:
        """Return the stage with its points."""

        async def execute(context: StageContext[Any]) -> Mapping[str, Any]:
            _STAGE.set(name)
            self._seen.clear()
            result = await stage(context)
            if not self._seen:
                self.at("its work is done")
            return result

        return execute


def died_at(file: Path) -> list[str]:
    """Return the points at which workers have died, in order."""
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


class _Database(Database):
    points: Points

    @asynccontextmanager
    async def team(self, team_id: str) -> AsyncIterator[Connection]:
        async with super().team(team_id) as connection:
            yield connection
            found = await (await connection.execute("SELECT pg_current_xact_id_if_assigned() AS id")).fetchone()
            has_written = found is not None and found["id"] is not None
            if has_written:
                self.points.transaction("before")
        if has_written:
            self.points.transaction("after")


class _Server(Vllm):
    points: Points

    async def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, timeout_s: float = 120.0
    ) -> Any:
        what = f"{method} {path} {(body or {}).get('lora_name', '')}".rstrip()
        self.points.at(f"before {what}")
        answer = await super()._call(method, path, body, timeout_s=timeout_s)
        self.points.at(f"after {what}")
        return answer


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker works with.

    Attributes:
        dsn: Of its database.
        folder: Of its desk, for its files and its log.
        api_url: Where the teacher answers.
        server_url: Where the server of models does.
        deaths: The file of the points at which workers have died.
    """

    dsn: str
    folder: Path
    api_url: str
    server_url: str
    deaths: Path


def work(given: Work) -> None:
    """Be such a worker, until it dies or is told to stop."""
    log = (given.folder / "worker.log").open("a")
    os.dup2(log.fileno(), sys.stderr.fileno())
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(process)d %(name)s %(message)s")
    asyncio.run(_work(given))


async def _work(given: Work) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    points = Points(given.deaths)
    server = _Server(given.server_url)
    teachers = Teachers(Access(anthropic_key=API_KEY, anthropic_url=given.api_url))
    database = _Database(given.dsn, max_size=4)
    server.points = database.points = points
    async with database:
        desk = Desk(database, given.dsn, given.folder, is_begun=True)
        keeper = ServerKeeper(database, server, StudentFiles(desk.artifacts(), given.folder / "served"))
        deps = replace(desk.deps(), keeper=keeper, teacher_for=teachers.of, poll_every=SOON, start_poll=SOON)
        stages = {
            (kind, name): points.within(name, stage)
            for (kind, name), stage in desk.stages().items()
            if kind == "distil" and callable(stage)
        }
        await run_worker(
            database, given.dsn, stages, deps, queues=["cpu", "gpu"], stop=stop,
            lease_s=LEASE_S, grace_s=0.5, concurrency=1, artifacts=desk.artifacts(),
        )  # fmt: skip
    await server.close()
    await teachers.close()
