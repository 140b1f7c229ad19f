"""A worker that trains, as a process: `python -m tests.integration.outputs.worker_main DSN LEASE_S DATA`."""

import asyncio
import logging
import os
import sys
from pathlib import Path

from agents.adapters.artifacts import open_artifacts
from agents.engine.worker import run_worker
from agents.store.db import Database
from tests.integration.outputs.toys import QUEUE, STAGES


async def main(dsn: str, lease_s: float, data: Path) -> None:
    artifacts = open_artifacts(os.environ.get("CAIRN_ARTIFACTS"), data)
    async with Database(dsn, max_size=4) as database:
        await run_worker(
            database,
            dsn,
            STAGES,
            data,
            queues=[QUEUE],
            stop=asyncio.Event(),
            lease_s=lease_s,
            name=data.name,
            artifacts=artifacts,
        )


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(process)d %(name)s %(message)s")
    asyncio.run(main(sys.argv[1], float(sys.argv[2]), Path(sys.argv[3])))
