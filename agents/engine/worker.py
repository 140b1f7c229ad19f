"""A worker: takes jobs from queues until it is told to stop, whatever happens to Postgres meanwhile."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import procrastinate
import psycopg
from procrastinate.exceptions import ConnectorException

from agents.engine.clock import DatabaseClock
from agents.engine.lease import DATABASE_AWAY
from agents.engine.reaper import reap_for_ever
from agents.engine.registry import Seat, register_as
from agents.engine.runner import StageRunner
from agents.engine.stage import Stages
from agents.engine.transport import Task, build_app
from agents.ports import Artifacts
from agents.runs.needs import Capacity
from agents.store.db import Database, database_time
from agents.telemetry import Telemetry

_log = logging.getLogger(__name__)

# Jobs that succeeded are deleted at once; the others stay for whoever looks into a fault.
_KEEP_ENDED_JOBS_H = 7 * 24


async def run_worker(
    database: Database,
    dsn: str,
    stages: Stages,
    deps: Any,
    *,
    queues: Sequence[str],
    stop: asyncio.Event,
    lease_s: float = 30,
    concurrency: int = 2,
    grace_s: float = 5,
    tasks: Mapping[str, Task] | None = None,
    name: str | None = None,
    capacity: Capacity | None = None,
    free_disk: Callable[[], int] | None = None,
    artifacts: Artifacts | None = None,
    telemetry: Telemetry | None = None,
) -> None:
    """Work on `queues` until `stop` is set; then finish or hand over what is in hand within `grace_s` and return.

    Args:
        database: An open database, for the stages and their leases.
        dsn: The same database, for the queue's own connections.
        stages: The code of the stages, by kind of run and name; may be empty for a worker of plain tasks.
        deps: Handed to each stage.
        queues: The names of the queues.
        stop: Set by whoever wants the worker to end.
        lease_s: After how long without a sign of life another worker takes over.
        concurrency: Jobs at a time.
        grace_s: Seconds for work in hand once `stop` is set.
        tasks: Plain tasks by name, called with the job's arguments, and again where they fail.
        name: This worker, as shown to people; the host's by default, and with a number where that is taken.
        capacity: What stages may use here; nothing in particular by default.
        free_disk: Returns the bytes that are free for stages; as at the start by default.
        artifacts: Where stages keep their files; those that keep any fail without.
        telemetry: Told of each attempt at a stage.
    """
    has = capacity or Capacity()
    registration = register_as(
        name, host=socket.gethostname(), queues=queues, concurrency=concurrency, capacity=has, lease_s=lease_s
    )
    seat = Seat(database, registration, free_disk or (lambda: has.disk_bytes))
    runner = StageRunner(
        database,
        stages,
        deps,
        host=lambda: seat.host,
        lease=timedelta(seconds=lease_s),
        concurrency=concurrency,
        draining=stop,
        grace_s=grace_s,
        artifacts=artifacts,
        telemetry=telemetry,
    )
    keeping: asyncio.Task[None] | None = None
    clock = DatabaseClock()
    try:
        while not stop.is_set():
            app = build_app(
                dsn, runner, tasks or {}, clock=clock, draining=stop, grace_s=grace_s, max_size=concurrency + 4
            )
            try:
                await _wait_for_postgres(dsn, stop, clock)
                if stop.is_set():
                    break
                # Nobody places stages on a worker of plain tasks alone.
                if stages and keeping is None:
                    await seat.take()
                    keeping = asyncio.create_task(seat.keep(stop), name="seat")
                async with app.open_async():
                    await _serve(app, database, queues, stop, lease_s=lease_s, concurrency=concurrency)
            except (*DATABASE_AWAY, ConnectorException) as cause:
                _log.warning("lost the queue, will connect again: %s", cause)
            if not stop.is_set():
                await asyncio.sleep(0.2)
        await runner.drained()
    finally:
        if keeping is not None:
            keeping.cancel()
            await asyncio.wait({keeping})
        await seat.leave()


async def _serve(
    app: procrastinate.App,
    database: Database,
    queues: Sequence[str],
    stop: asyncio.Event,
    *,
    lease_s: float,
    concurrency: int,
) -> None:
    """Take jobs until told to stop, or until the queue's connections break."""
    await app.job_manager.delete_old_jobs(
        nb_hours=_KEEP_ENDED_JOBS_H, include_failed=True, include_cancelled=True, include_aborted=True
    )
    working = asyncio.create_task(
        app.run_worker_async(
            queues=list(queues),
            concurrency=concurrency,
            # A job that is put back sends no notification.
            fetch_job_polling_interval=min(1.0, lease_s / 4),
            abort_job_polling_interval=1.0,
            update_heartbeat_interval=lease_s / 4,
            stalled_worker_timeout=lease_s,
            # What is in hand decides itself how long it takes: see transport.py.
            shutdown_graceful_timeout=0,
            delete_jobs="successful",
            install_signal_handlers=False,
        )
    )
    reaping = asyncio.create_task(reap_for_ever(app, database, queues, stalled_after_s=lease_s))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, reaping, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (reaping, stopping, working):
            task.cancel()
        ended = await asyncio.gather(working, reaping, return_exceptions=True)
    for outcome in ended:
        if isinstance(outcome, BaseException) and not isinstance(outcome, asyncio.CancelledError):
            raise outcome


async def _wait_for_postgres(dsn: str, stop: asyncio.Event, clock: DatabaseClock) -> None:
    # A pool that opens while the server is away waits ever longer between its tries.
    while not stop.is_set():
        try:
            clock.seen(await database_time(dsn))
        except psycopg.OperationalError as cause:
            _log.warning("waiting for Postgres: %s", cause)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.5)
        else:
            return
