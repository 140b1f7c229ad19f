"""A worker of the engine suite as a process: `python -m tests.benchmarks.engine_worker DSN cairn|bare CONCURRENCY`."""

import asyncio
import signal
import sys
from collections.abc import Mapping
from typing import Any

from agents.engine.stage import StageContext, Stages
from agents.engine.worker import run_worker
from agents.store.db import Database
from tests.benchmarks.engine_bare import QUEUE, bare_app


async def nothing(context: StageContext[Any]) -> Mapping[str, Any]:
    """Do what a stage of no work does: wait as long as asked for, and end."""
    await asyncio.sleep(context.params.get("stage_s", 0))
    return {}


STAGES: Stages = {("bench1", "one"): nothing, **{("bench3", name): nothing for name in ("one", "two", "three")}}


async def main(dsn: str, engine: str, concurrency: int) -> None:
    """Work until told to stop."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    if engine == "cairn":
        async with Database(dsn, max_size=min(8, concurrency + 2)) as database:
            print("ready", flush=True)
            await run_worker(database, dsn, STAGES, None, queues=[QUEUE], stop=stop, concurrency=concurrency, grace_s=1)
        return
    app = bare_app(dsn, concurrency + 4)
    async with app.open_async():
        print("ready", flush=True)
        working = asyncio.create_task(
            app.run_worker_async(
                queues=[QUEUE], concurrency=concurrency, delete_jobs="successful", install_signal_handlers=False,
                fetch_job_polling_interval=1.0, shutdown_graceful_timeout=1,
            )
        )  # fmt: skip
        await stop.wait()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
