"""A worker of toy stages and turns as a process: `python -m tests.integration.engine.worker_main DSN LEASE_S`."""

import argparse
import asyncio
import logging
import signal
from datetime import timedelta

import procrastinate.utils

from agents.engine.worker import run_worker
from agents.runs.gpus import declared_gpus, declared_sizes
from agents.runs.needs import GIB, Capacity
from agents.store import audit
from agents.store.db import Database
from tests.integration.engine.placed_toys import PLACED_STAGES
from tests.integration.engine.toys import QUEUE, STAGES


def _set_clock(ahead_s: float) -> None:
    """Let the queue's library see another time, as on a host whose clock was set."""
    utcnow = procrastinate.utils.utcnow
    procrastinate.utils.utcnow = lambda: utcnow() + timedelta(seconds=ahead_s)


async def main(options: argparse.Namespace) -> None:
    _set_clock(options.clock_ahead)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    capacity = Capacity(
        gpus=declared_gpus(options.name or "toy-host", declared_sizes(options.gpus), None),
        memory_bytes=options.memory_gib * GIB,
        disk_bytes=100 * GIB,
        cores=2,
    )
    async with Database(options.dsn, max_size=4) as database:

        async def turn(team_id: str, key: str) -> None:
            async with database.team(team_id) as connection:
                await audit.add(connection, team_id, audit.Entry("turn", "begin", key))
            # The worker that is to be killed never gets to the end of its turn.
            await asyncio.sleep(600 if options.stuck else 0)
            async with database.team(team_id) as connection:
                await audit.add(connection, team_id, audit.Entry("turn", "end", key))

        print("ready", flush=True)
        await run_worker(
            database,
            options.dsn,
            {**STAGES, **PLACED_STAGES},
            "deps",
            queues=options.queues.split(","),
            stop=stop,
            lease_s=options.lease_s,
            concurrency=options.concurrency,
            grace_s=options.grace,
            tasks={"turn": turn},
            name=options.name,
            capacity=capacity,
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("dsn")
    parser.add_argument("lease_s", type=float)
    parser.add_argument("--stuck", action="store_true", help="turns that never end")
    parser.add_argument("--queues", default=f"{QUEUE},turn")
    parser.add_argument("--name", help="also that of its host, whose GPUs workers of the same name share")
    parser.add_argument("--gpus", default="none", help="declared as in CAIRN_GPUS")
    parser.add_argument("--memory-gib", type=int, default=8)
    parser.add_argument("--concurrency", type=int, default=2)
    parser.add_argument("--grace", type=float, default=0.2)
    parser.add_argument("--clock-ahead", type=float, default=0, help="seconds by which this host's clock is wrong")
    return parser.parse_args()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(process)d %(name)s %(message)s")
    asyncio.run(main(_options()))
