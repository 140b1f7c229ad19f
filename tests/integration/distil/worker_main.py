"""A worker that distils, as a process: `python -m tests.integration.distil.worker_main DSN LEASE_S DATA URL SHARD`."""

import asyncio
import logging
import signal
import sys
from pathlib import Path

from agents.adapters.artifacts import open_artifacts
from agents.engine.worker import run_worker
from agents.store.db import Database
from tests.integration.distil.desk import QUEUE, STAGES, make_deps, make_teachers


async def main(dsn: str, lease_s: float, data: Path, url: str, shard: int) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    teachers = make_teachers(url)
    async with Database(dsn, max_size=4) as database:
        print("ready", flush=True)
        await run_worker(
            database,
            dsn,
            STAGES,
            make_deps(teachers, shard_requests=shard, chunk_requests=shard),
            queues=[QUEUE],
            stop=stop,
            lease_s=lease_s,
            grace_s=0.5,
            artifacts=open_artifacts(str(data), data),
        )
    await teachers.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(process)d %(name)s %(message)s")
    asyncio.run(main(sys.argv[1], float(sys.argv[2]), Path(sys.argv[3]), sys.argv[4], int(sys.argv[5])))
