"""The engine suite: what a run costs beside a bare procrastinate job, and how that grows with workers and the queue.

A stage of no work is a claim, a lease and an end, each with its rows, fence and card; a bare job is none of that.
"""

import asyncio
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from agents.engine.worker import run_worker
from agents.runs import Recipe, StageSpec
from agents.store import runs as run_store
from agents.store.db import Database, role_conninfo
from agents.store.embedded import start_embedded, stop_embedded
from agents.store.migrate import migrate
from tests.benchmarks.engine_bare import BARE_TASK, QUEUE, bare_app

Figure = Mapping[str, Any]

TEAM = "T0BENCH"
REFERENCE = "bare procrastinate"
ONE = Recipe("bench1", (StageSpec("one", QUEUE),))
THREE = Recipe("bench3", tuple(StageSpec(name, QUEUE) for name in ("one", "two", "three")))
_ENQUEUED = 1_000
_PICKED_UP = 200
_STAGES = 2_000
_WORKERS = (1, 2, 4, 8)
_CONCURRENCY = 8
_CONCURRENT_RUNS = 1_000
_DEEP = 100_000
_DEEP_WINDOW_S = 20.0
_CANCELLED = 60
# Approved already: what is measured begins with the run.
_PROPOSE = SQL(
    "INSERT INTO app.proposal (team_id, kind, params, params_hash, estimate, requested_by, state, decided_by, "
    "expires_at) SELECT %(team)s, %(kind)s, '{}', '0', '{}', 'shell:bench', 'approved', 'shell:bench', "
    "now() + interval '1 hour' FROM generate_series(1, %(count)s) RETURNING team_id, id"
)
# Asked often while others work: counting what is left would take their time.
_IS_ANY_OPEN = "SELECT EXISTS (SELECT FROM procrastinate_jobs WHERE status IN ('todo', 'doing'))::int"


async def run() -> AsyncIterator[Figure]:
    """Yield the figures, each as soon as it is known."""
    home = Path(tempfile.mkdtemp(prefix="cairn-engine-"))
    try:
        server = make_conninfo(await start_embedded(home / "data"))
        for part in (_enqueue, _pick_up, _throughput, _concurrent, _deep_queue, _cancel):
            # Each on a database of its own: what one left behind must not weigh on the next.
            async with _fresh(server, part.__name__) as (database, dsn):
                async for figure in part(database, dsn):
                    yield {"suite": "engine", **figure}
    finally:
        await stop_embedded(home / "data")
        shutil.rmtree(home, ignore_errors=True)


async def _enqueue(database: Database, dsn: str) -> AsyncIterator[Figure]:
    """Start runs, a transaction each, as approvals do; beside deferring as many bare jobs."""
    ours_s = await _timed(lambda: _at_once(_ENQUEUED, lambda _: _start(database, ONE)))
    async with bare_app(dsn, _CONCURRENCY).open_async() as app:
        task = app.tasks[BARE_TASK]
        bare_s = await _timed(lambda: _at_once(_ENQUEUED, lambda _: task.defer_async()))
    yield _figure("enqueue", "runs started", _ENQUEUED / ours_s, "1/s", _ENQUEUED / bare_s)


async def _pick_up(database: Database, dsn: str) -> AsyncIterator[Figure]:
    """From the commit that makes a stage ready to the first line of its code, one at a time, by an idle worker."""
    ours = await _latencies(lambda began: _ours_picked_up(database, dsn, began))
    bare = await _latencies(lambda began: _bare_picked_up(dsn, began))
    for name, cut in (("p50", 49), ("p95", 94)):
        yield _figure("pick-up", name, ours[cut], "ms", bare[cut])


async def _throughput(database: Database, dsn: str) -> AsyncIterator[Figure]:
    for count in _WORKERS:
        rates = {}
        for engine, fill in (("bare", _fill_bare), ("cairn", _fill_runs)):
            async with _workers(dsn, engine, count):
                await fill(database, dsn, _STAGES)
                rates[engine] = _STAGES / await _timed(lambda: _until_empty(dsn))
        yield _figure(f"{count} workers", "stages", rates["cairn"], "1/s", rates["bare"])
        yield _figure(f"{count} workers", "stages per worker", rates["cairn"] / count, "1/s", rates["bare"] / count)


async def _concurrent(database: Database, dsn: str) -> AsyncIterator[Figure]:
    """Runs of three short stages, all of them open at once."""
    async with _workers(dsn, "cairn", 2, concurrency=32):
        await _at_once(_CONCURRENT_RUNS, lambda _: _start(database, THREE))
        seconds = await _timed(lambda: _until_empty(dsn))
    yield _figure(f"{_CONCURRENT_RUNS} runs of 3 stages", "drained in", seconds, "s")
    attempts = await _value(dsn, "SELECT count(*) FROM app.stage WHERE attempt <> 1 OR state <> 'done'")
    yield _figure(f"{_CONCURRENT_RUNS} runs of 3 stages", "stages not done at the first attempt", attempts, "")


async def _deep_queue(database: Database, dsn: str) -> AsyncIterator[Figure]:
    """How the cost of a stage grows with what waits behind it."""
    rates: dict[int, float] = {}
    for depth in (_STAGES, _DEEP):
        seconds = await _timed(partial(_fill_runs, database, dsn, depth))
        yield _figure(f"{depth} queued", "enqueued in bulk", depth / seconds, "1/s")
        async with _workers(dsn, "cairn", 2):
            left = await _open_jobs(dsn)
            seconds = await _timed(lambda: _until_empty(dsn, within_s=_DEEP_WINDOW_S))
            rates[depth] = (left - await _open_jobs(dsn)) / seconds
        yield _figure(
            f"{depth} queued", "stages", rates[depth], "1/s", rates[_STAGES], reference=f"with {_STAGES} queued"
        )


async def _cancel(database: Database, dsn: str) -> AsyncIterator[Figure]:
    """From the press to the moment at which the stage's code was stopped."""
    began, stopped = asyncio.Event(), asyncio.Event()
    ended_s = 0.0

    async def endless(_context: Any) -> Mapping[str, Any]:
        nonlocal ended_s
        began.set()
        try:
            await asyncio.sleep(3600)
        finally:
            ended_s = time.perf_counter()
            stopped.set()
        return {}

    taken = []
    async with _worker_here(database, dsn, {("bench1", "one"): endless}):
        for _ in range(_CANCELLED):
            began.clear()
            stopped.clear()
            run_id = await _start(database, ONE)
            await began.wait()
            at_s = time.perf_counter()
            async with database.team(TEAM) as connection:
                await run_store.cancel(connection, TEAM, run_id)
            await stopped.wait()
            taken.append((ended_s - at_s) * 1_000)
    cuts = statistics.quantiles(taken, n=100, method="inclusive")
    yield _figure("cancel", "p50", cuts[49], "ms")
    yield _figure("cancel", "p95", cuts[94], "ms")


async def _start(database: Database, recipe: Recipe, team_id: str = TEAM) -> str:
    async with database.team(team_id) as connection:
        made = await connection.execute(_PROPOSE, {"team": team_id, "kind": recipe.kind, "count": 1})
        proposal = await made.fetchone()
        assert proposal is not None
        return await run_store.start(connection, team_id, proposal["id"], recipe, approved_by="shell:bench")


async def _at_once(count: int, work: Callable[[int], Awaitable[Any]]) -> None:
    """Do the work `count` times, a few at a time, as several faces would."""
    numbers = iter(range(count))

    async def one_by_one() -> None:
        for number in numbers:
            await work(number)

    await asyncio.gather(*(one_by_one() for _ in range(_CONCURRENCY)))


async def _latencies(measure: Callable[["asyncio.Queue[float]"], Any]) -> list[float]:
    """Return the percentiles 1 to 99 in milliseconds."""
    begun: asyncio.Queue[float] = asyncio.Queue()
    taken = []
    async with measure(begun) as enqueue:
        for _ in range(_PICKED_UP):
            at_s = await enqueue()
            taken.append((await begun.get() - at_s) * 1_000)
            # Idle again, which is what is measured.
            await asyncio.sleep(0.02)
    return statistics.quantiles(taken, n=100, method="inclusive")


@asynccontextmanager
async def _ours_picked_up(
    database: Database, dsn: str, begun: "asyncio.Queue[float]"
) -> AsyncIterator[Callable[[], Awaitable[float]]]:
    async def stage(_context: Any) -> Mapping[str, Any]:
        begun.put_nowait(time.perf_counter())
        return {}

    async def enqueue() -> float:
        await _start(database, ONE)
        return time.perf_counter()

    async with _worker_here(database, dsn, {("bench1", "one"): stage}):
        yield enqueue


@asynccontextmanager
async def _bare_picked_up(dsn: str, begun: "asyncio.Queue[float]") -> AsyncIterator[Callable[[], Awaitable[float]]]:
    async with bare_app(dsn, _CONCURRENCY).open_async() as app:

        async def timed() -> None:
            begun.put_nowait(time.perf_counter())

        task = app.task(name="timed", queue=QUEUE)(timed)

        async def enqueue() -> float:
            await task.defer_async()
            return time.perf_counter()

        working = asyncio.create_task(
            app.run_worker_async(queues=[QUEUE], fetch_job_polling_interval=1.0, install_signal_handlers=False)
        )
        await asyncio.sleep(1)
        yield enqueue
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


@asynccontextmanager
async def _worker_here(database: Database, dsn: str, stages: Any) -> AsyncIterator[None]:
    stop = asyncio.Event()
    working = asyncio.create_task(run_worker(database, dsn, stages, None, queues=[QUEUE], stop=stop, grace_s=1))
    await asyncio.sleep(1)
    yield
    stop.set()
    await working


@asynccontextmanager
async def _workers(dsn: str, engine: str, count: int, concurrency: int = _CONCURRENCY) -> AsyncIterator[None]:
    """Start worker processes and wait until they serve; end them afterwards."""
    command = [sys.executable, "-m", "tests.benchmarks.engine_worker", dsn, engine, str(concurrency)]
    started = [await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE) for _ in range(count)]
    try:
        for process in started:
            assert process.stdout is not None
            await process.stdout.readline()
        await asyncio.sleep(1.5)
        yield
    finally:
        for process in started:
            process.terminate()
        await asyncio.gather(*(process.wait() for process in started))


async def _fill_runs(database: Database, dsn: str, count: int) -> None:
    """Queue runs of one stage in bulk, all visible at once."""
    del database
    async with (
        await psycopg.AsyncConnection.connect(role_conninfo(dsn, "cairn_owner")) as connection,
        connection.transaction(),
    ):
        await connection.execute("SELECT set_config('cairn.team_id', %s, true)", (TEAM,))
        await connection.execute(
            SQL("WITH proposed AS ({}), ").format(_PROPOSE)
            + SQL(
                "started AS (INSERT INTO app.run (team_id, proposal_id, kind, params, requested_by, approved_by) "
                "SELECT team_id, id, 'bench1', '{}', 'shell:bench', 'shell:bench' FROM proposed RETURNING team_id, id) "
                "INSERT INTO app.stage (team_id, run_id, seq, name, queue) SELECT team_id, id, 0, 'one', %(queue)s "
                "FROM started"
            ),
            {"team": TEAM, "kind": ONE.kind, "count": count, "queue": QUEUE},
        )
        await connection.execute(
            "UPDATE app.stage SET job_id = app.defer_job(queue, 'stage', "
            "jsonb_build_object('team_id', team_id, 'run_id', run_id, 'seq', seq)) WHERE job_id IS NULL"
        )


async def _fill_bare(database: Database, dsn: str, count: int) -> None:
    del database
    async with bare_app(dsn, _CONCURRENCY).open_async() as app:
        await app.tasks[BARE_TASK].batch_defer_async(*({} for _ in range(count)))


async def _until_empty(dsn: str, within_s: float = 600.0) -> None:
    give_up_at_s = time.perf_counter() + within_s
    while await _value(dsn, _IS_ANY_OPEN) and time.perf_counter() < give_up_at_s:  # noqa: ASYNC110  # the queue is in the database
        await asyncio.sleep(0.05)


async def _open_jobs(dsn: str) -> float:
    return await _value(dsn, "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')")


async def _value(dsn: str, query: Any) -> float:
    async with await psycopg.AsyncConnection.connect(role_conninfo(dsn, "cairn_owner")) as connection:
        row = await (await connection.execute(query)).fetchone()
    return float(row[0]) if row else 0.0


@asynccontextmanager
async def _fresh(server: str, name: str) -> AsyncIterator[tuple[Database, str]]:
    name = f"bench{name}"
    async with await psycopg.AsyncConnection.connect(server, autocommit=True) as connection:
        await connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    dsn = make_conninfo(server, dbname=name)
    await migrate(dsn)
    async with Database(dsn) as database:
        yield database, dsn


async def _timed(work: Callable[[], Awaitable[Any]]) -> float:
    began_s = time.perf_counter()
    await work()
    return time.perf_counter() - began_s


def _figure(
    case: str, metric: str, value: float, unit: str, beside: float | None = None, *, reference: str = REFERENCE
) -> Figure:
    return {
        "case": case, "metric": metric, "value": value, "unit": unit,
        "reference": reference if beside else None, "ratio": value / beside if beside else None,
    }  # fmt: skip
