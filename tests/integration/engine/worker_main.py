"""A worker of toy stages and turns as a process: `python -m tests.integration.engine.worker_main DSN LEASE_S`."""

import asyncio
import logging
import signal
import sys

from agents.engine.worker import run_worker
from agents.store import audit
from agents.store.db import Database
from tests.integration.engine.toys import QUEUE, STAGES


async def main(dsn: str, lease_s: float) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with Database(dsn, max_size=4) as database:

        async def turn(team_id: str, key: str) -> None:
            async with database.team(team_id) as connection:
                await audit.add(connection, team_id, audit.Entry("turn", "begin", key))
            # The worker that is to be killed never gets to the end of its turn.
            await asyncio.sleep(600 if "--stuck" in sys.argv else 0)
            async with database.team(team_id) as connection:
                await audit.add(connection, team_id, audit.Entry("turn", "end", key))

        print("ready", flush=True)
        await run_worker(
            database,
            dsn,
            STAGES,
            "deps",
            queues=[QUEUE, "turn"],
            stop=stop,
            lease_s=lease_s,
            grace_s=0.2,
            tasks={"turn": turn},
        )


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(process)d %(name)s %(message)s")
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
