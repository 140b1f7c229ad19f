"""Puts back what dead workers left: their jobs, stages that no job points to, proposals that ran out of time.

It sweeps in every worker and in `cairn serve`, so that stages are told that no worker is there even by the latter.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable

import procrastinate
import psycopg
from procrastinate.exceptions import ConnectorException

from agents.engine.clock import AT_ONCE
from agents.engine.lease import DATABASE_AWAY
from agents.engine.placing import place_waiting
from agents.store import proposals, stages, workers
from agents.store.db import Connection, Database, one

_log = logging.getLogger(__name__)


async def reap_for_ever(
    app: procrastinate.App, database: Database, queues: Iterable[str], *, stalled_after_s: float
) -> None:
    """Sweep the queues twice in the time after which a silent worker counts as dead."""
    wanted = tuple(queues)
    # A worker is often started because much is queued.
    with contextlib.suppress(*DATABASE_AWAY):
        async with database.engine() as connection:
            await stages.refresh_statistics(connection)
    while True:
        await asyncio.sleep(stalled_after_s / 2)
        try:
            await reap(app, database, wanted, stalled_after_s=stalled_after_s)
        except (*DATABASE_AWAY, ConnectorException) as cause:
            _log.warning("the sweep of the queues will be repeated: %s", cause)


async def reap(app: procrastinate.App, database: Database, queues: Iterable[str], *, stalled_after_s: float) -> int:
    """Put back the jobs of silent workers in these queues and mend the rest; return how many jobs were put back."""
    async with database.engine() as connection:
        if not await _has_turn(connection):
            return 0
        await stages.refresh_statistics(connection)
        put_back = 0
        for queue in queues:
            for job in await app.job_manager.get_stalled_jobs(queue=queue, seconds_since_heartbeat=stalled_after_s):
                put_back += await _put_back(app, job)
        lost = await stages.strays(connection)
        teams = await proposals.teams_with_due(connection)
        await workers.forget_silent(connection)
    for key in lost:
        async with database.team(key.team_id) as connection:
            await stages.defer(connection, key)
    for team_id in teams:
        async with database.team(team_id) as connection:
            await proposals.expire(connection, team_id)
    await place_waiting(database)
    return put_back


async def _has_turn(connection: Connection) -> bool:
    # One sweep at a time: a second one could put back a job that was already fetched again since the first.
    turn = await one(connection, "stage.sweep_turn")
    return turn is not None and bool(turn["is_ours"])


async def _put_back(app: procrastinate.App, job: procrastinate.jobs.Job) -> bool:
    try:
        # Not now: that would be now by this host's clock, which may be ahead.
        await app.job_manager.retry_job(job, retry_at=AT_ONCE)
    except ConnectorException as cause:
        if isinstance(cause.__cause__, psycopg.OperationalError):
            raise
        # Its worker was alive after all and ended it just now.
        return False
    _log.warning("put back the job %s of a worker that fell silent", job.id)
    return True
