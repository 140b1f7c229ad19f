"""A worker of index runs as a process of its own: `python -m tests.integration.index.worker_main DSN LEASE_S`."""

import asyncio
import sys

from agents.adapters import parsers
from agents.adapters.sources.folder import Folders
from agents.engine.worker import run_worker
from agents.stages import STAGES
from agents.store.db import Database
from tests.integration.index.desk import CountingEmbedder, make_deps


async def _main(dsn: str, lease_s: float) -> None:
    deps = make_deps(CountingEmbedder(), Folders((), parsers.refusal))
    async with Database(dsn) as database:
        await run_worker(database, dsn, STAGES, deps, queues=["cpu"], stop=asyncio.Event(), lease_s=lease_s)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], float(sys.argv[2])))
