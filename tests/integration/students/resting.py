"""A worker on a host whose one GPU a server of models shares with training, and a stage that stands in for training.

As a process: `python -m tests.integration.students.resting DSN URL FOLDER`.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agents.adapters.artifacts import open_artifacts
from agents.adapters.servers.vllm import Vllm
from agents.engine.child_stage import ChildStage
from agents.engine.rest import Rest
from agents.engine.server_keeper import ServerKeeper
from agents.engine.stage import ChildCode, Stages
from agents.engine.student_files import StudentFiles
from agents.engine.worker import run_worker
from agents.errors import UserError
from agents.ports import ModelServer
from agents.runs import Recipe, StageSpec
from agents.runs.gpus import declared_gpus
from agents.runs.needs import GIB, Capacity
from agents.stages.distil.children import TRAIN
from agents.store.db import Database

QUEUE: Final = "shared-gpu"
HOST: Final = "one-gpu"
GPUS: Final = declared_gpus(HOST, (80 * GIB,), None)
RECIPES: Final = {"shares": Recipe("shares", (StageSpec("train", QUEUE, "child"),))}
NOTICE: Final = "asleep"
LEASE_S: Final = 1.5

# The stage that trains, with other code in its process.
STAGES: Final[Stages] = {("shares", "train"): ChildCode("tests.integration.students.resting", before=TRAIN.before)}


def run(stage: ChildStage) -> Mapping[str, Any]:
    """Say that it trains, go on until the folder says so, and end as the parameters want."""
    folder = Path(stage.params["folder"])
    (folder / f"trains-{stage.attempt}").touch()
    while not (folder / "go").exists():
        time.sleep(0.02)
    if stage.params["ends"] == "killed" and stage.attempt == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if stage.params["ends"] == "failed":
        raise UserError("It did not learn.")
    return {}


@dataclass(frozen=True, slots=True)
class Deps:
    """What the stage works with."""

    keeper: ServerKeeper | None


def make_keeper(database: Database, server: Vllm, folder: Path) -> ServerKeeper:
    """Return what keeps the server that shares the GPU."""

    async def gpus() -> Collection[str]:
        return {gpu.id for gpu in GPUS}

    @asynccontextmanager
    async def servers() -> AsyncIterator[Sequence[ModelServer]]:
        yield [server]

    rest = Rest(database, gpus, servers, folder / NOTICE)
    files = StudentFiles(open_artifacts(str(folder), folder), folder)
    return ServerKeeper(database, server, files, rest=rest, look_again_s=0.2)


async def work(database: Database, dsn: str, url: str, folder: Path, stop: asyncio.Event) -> None:
    """Be the worker until told to stop."""
    server = Vllm(url)
    keeper = make_keeper(database, server, folder)
    capacity = Capacity(gpus=GPUS, memory_bytes=64 * GIB, disk_bytes=100 * GIB, cores=2)
    await asyncio.gather(
        keeper.keep(stop),
        run_worker(
            database, dsn, STAGES, Deps(keeper),
            queues=[QUEUE], stop=stop, lease_s=LEASE_S, grace_s=0.2, name=HOST, capacity=capacity,
        ),
    )  # fmt: skip
    await server.close()


async def _main(dsn: str, url: str, folder: Path) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with Database(dsn, max_size=6) as database:
        print("ready", flush=True)
        await work(database, dsn, url, folder, stop)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
