"""A worker that distils, as a process: `python -m tests.integration.distil.worker_main DSN LEASE_S DATA URL SHARD`."""

import asyncio
import logging
import signal
import sys
from pathlib import Path

from agents.adapters.artifacts import open_artifacts
from agents.engine.worker import run_worker
from agents.stages.distil.ending import end_cancelled_for_ever
from agents.store.db import Database
from tests.integration.distil.desk import QUEUE, STAGES, make_deps, make_teachers


async def main(dsn: str, lease_s: float, data: Path, url: str, shard: int) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    teachers = make_teachers(url)
    async with Database(dsn, max_size=4) as database:
        print("ready", flush=True)
        deps = make_deps(teachers, shard_requests=shard, chunk_requests=shard)
        ending = asyncio.create_task(end_cancelled_for_ever(database, deps, stop, look_again_s=0.1))
        await run_worker(
            database,
            dsn,
            STAGES,
            deps,
            queues=[QUEUE],
            stop=stop,
            lease_s=lease_s,
            grace_s=0.5,
            artifacts=open_artifacts(str(data), data),
        )
        await ending
    await teachers.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(process)d %(name)s %(message)s")
    asyncio.run(main(sys.argv[1], float(sys.argv[2]), Path(sys.argv[3]), sys.argv[4], int(sys.argv[5])))
