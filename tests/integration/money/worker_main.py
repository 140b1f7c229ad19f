"""A worker that shops, as a process: `python -m tests.integration.money.worker_main DSN LEASE_S`."""

import asyncio
import logging
import signal
import sys

from agents.engine.worker import run_worker
from agents.store.db import Database
from tests.integration.money.shop import QUEUE, STAGES


async def main(dsn: str, lease_s: float) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with Database(dsn, max_size=4) as database:
        print("ready", flush=True)
        await run_worker(database, dsn, STAGES, None, queues=[QUEUE], stop=stop, lease_s=lease_s, grace_s=0.2)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(process)d %(name)s %(message)s")
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
