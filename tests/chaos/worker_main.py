"""A worker of chaos runs as a process: `python -m tests.chaos.worker_main DSN LEASE_S NAME ARTIFACTS GRACE_S`."""

import asyncio
import logging
import signal
import sys
from pathlib import Path

from agents.adapters.artifacts import open_artifacts
from agents.engine.worker import run_worker
from agents.store.db import Database
from tests.chaos.recipe import QUEUE, STAGES


async def main(dsn: str, lease_s: float, name: str, artifacts: Path, grace_s: float) -> None:
    """Work until told to stop."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with Database(dsn) as database:
        print("ready", flush=True)
        await run_worker(
            database, dsn, STAGES, None, queues=[QUEUE], stop=stop, lease_s=lease_s, grace_s=grace_s, concurrency=4,
            name=name, artifacts=open_artifacts(artifacts.as_uri(), artifacts),
        )  # fmt: skip


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(process)d %(name)s %(message)s")
    asyncio.run(main(sys.argv[1], float(sys.argv[2]), sys.argv[3], Path(sys.argv[4]), float(sys.argv[5])))
