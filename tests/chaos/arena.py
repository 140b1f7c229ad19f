"""Where a case of chaos happens: a database, workers as processes, a shop outside, and what must hold in the end."""

import asyncio
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from agents.runs import RunState, RunView, StageState
from agents.services.runs import Runs
from agents.store import audit
from agents.store.db import Database
from agents.store.embedded import start_embedded
from tests.chaos.recipe import NAMES, RECIPES, STEPS
from tests.people import make_people

TEAM = "T0CHAOS"
WHO = "U0BOB"
LEASE_S = 2.0
GRACE_S = 1.0
PATIENCE_S = 90.0


@dataclass(slots=True)
class Figures:
    """What the suite measures, over all its cases."""

    takeovers: list[float] = field(default_factory=list)
    finished_and_run_again: int = 0
    steps_done_again: int = 0
    attempts_nobody_caused: int = 0
    effects_doubled: int = 0
    orphans: int = 0
    runs: int = 0

    @property
    def text(self) -> str:
        """All of them in a line."""
        takeovers = self.takeovers or [0.0]
        return (
            f"{self.runs} runs; takeover p50 {statistics.median(takeovers):.2f}, worst {max(takeovers):.2f} leases; "
            f"finished stages run again {self.finished_and_run_again}; saved steps done again "
            f"{self.steps_done_again}; effects doubled {self.effects_doubled}; orphans {self.orphans}; "
            f"attempts that nobody caused {self.attempts_nobody_caused}"
        )


@dataclass(slots=True)
class Shop:
    """A paid service that takes its time to answer and knows what it sold."""

    url: str = ""
    orders: list[dict[str, Any]] = field(default_factory=list)

    async def sell(self, request: web.Request) -> web.Response:
        """Sell, and answer late: whoever is gone by then was sold something all the same."""
        asked = await request.json()
        order = {"id": f"order-{len(self.orders) + 1}", "key": request.headers["Idempotency-Key"], **asked}
        self.orders.append(order)
        await asyncio.sleep(asked["slow_s"])
        return web.json_response(order)

    async def list(self, _request: web.Request) -> web.Response:
        """Return what was sold."""
        return web.json_response(self.orders)

    def sold(self, run_id: str) -> int:
        """Return how often a run bought."""
        return sum(order["item"] == run_id for order in self.orders)


@dataclass(slots=True)
class Arena:
    """One case's own database and processes."""

    dsn: str
    home: Path
    database: Database
    shop: Shop
    figures: Figures
    runs: Runs
    # Where this arena has a Postgres of its own, its data.
    server: Path | None = None
    started: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    async def worker(
        self, name: str, dsn: str | None = None, environment: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        """Start a worker and return it once it is up."""
        artifacts = self.home / "artifacts"
        artifacts.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "tests.chaos.worker_main", dsn or self.dsn, str(LEASE_S), name]
        process = await asyncio.to_thread(
            _start, [*command, str(artifacts), str(GRACE_S)], self.home / f"{name}.log", environment or {}
        )
        self.started[name] = process
        return process

    def holder(self, view: RunView, stage: str) -> "subprocess.Popen[bytes]":
        """Return the worker that had the stage in hand."""
        owner = view.stages[NAMES.index(stage)].owner
        assert owner is not None
        return self.started[owner]

    async def start(self, **params: Any) -> str:
        """Start a run and return its id."""
        trace = self.home / f"trace-{time.monotonic_ns()}.jsonl"
        trace.touch()
        proposal = await self.runs.propose(
            TEAM,
            kind="chaos",
            params={"shop": self.shop.url, "trace": str(trace), **params},
            estimate={"cost_usd": {"low": 1, "base": 2, "high": 5}},
            requested_by=WHO,
            channel="C1",
        )
        run_id = await self.runs.approve(TEAM, proposal.id, proposal.params_hash, WHO)
        assert run_id is not None
        self.figures.runs += 1
        return run_id

    async def view(self, run_id: str) -> RunView:
        """Return the run as it stands, also while Postgres is away for a moment."""
        return await self.runs.view(TEAM, run_id)

    async def in_hand(self, run_id: str, stage: str) -> RunView:
        """Wait until somebody is in the middle of a stage."""

        async def is_in_hand() -> RunView | None:
            view = await self.view(run_id)
            there = view.stages[NAMES.index(stage)]
            if there.state is not StageState.RUNNING or not await self.has_begun(view, stage):
                return None
            return view

        view: RunView = await eventually(is_in_hand, f"the middle of {stage}")
        return view

    async def has_begun(self, view: RunView, stage: str) -> bool:
        """Whether the code of the stage runs, with some of its steps behind it where it has steps."""
        if view.params.get("hangs_at") == stage:
            return bool(await self.begins(view.id, stage))
        match stage:
            case "collect":
                return len(await self.notes(view.id, "step")) >= 3
            case "train":
                return sum("step" in line for line in self.trace(view)) >= 3
            case "buy":
                return self.shop.sold(view.id) > 0
            case _:
                return bool(await self.begins(view.id, stage))

    async def ended(self, run_id: str, *states: RunState) -> RunView:
        """Wait until the run stands at one of the states, or is over."""

        async def has_ended() -> RunView | None:
            view = await self.view(run_id)
            return view if view.state in states or view.state.is_over else None

        view: RunView = await eventually(has_ended, f"the end of run {run_id}")
        return view

    async def taken_over(self, run_id: str, stage: str, attempt: int = 1) -> float:
        """Wait for the next attempt at a stage; return how many leases that took, and take it down."""
        began_s = time.monotonic()

        async def is_taken() -> bool:
            there = (await self.view(run_id)).stages[NAMES.index(stage)]
            return there.attempt > attempt or there.state is StageState.DONE

        await eventually(is_taken, f"another attempt at {stage}")
        leases = (time.monotonic() - began_s) / LEASE_S
        self.figures.takeovers.append(leases)
        return leases

    async def whole(self, run_id: str, disturbed: Collection[str] = ()) -> RunView:
        """Wait for the end, and require that nothing was lost, doubled or left behind.

        Args:
            run_id: Which run.
            disturbed: The stages at which something was done to the run.
        """
        view = await self.ended(run_id)
        assert view.state is RunState.DONE, f"{view.error}\n{self.logs()}"
        for name, stage in zip(NAMES, view.stages, strict=True):
            begun = await self.begins(run_id, name)
            assert stage.finished_at is not None
            late = [attempt for attempt, at_s in begun if at_s > stage.finished_at.timestamp()]
            self.figures.finished_and_run_again += len(late)
            assert late == [], f"{name} was done, and then begun again"
            attempts = [attempt for attempt, _ in begun]
            assert len(set(attempts)) == len(attempts)
            # On a busy machine a lease can run out by itself, which costs time and nothing else.
            self.figures.attempts_nobody_caused += stage.attempt - 1 if name not in disturbed else 0
        collected = [note["step"] for note in await self.notes(run_id, "step")]
        trained = [line["step"] for line in self.trace(view) if "step" in line]
        self.figures.steps_done_again += len(collected) - len(set(collected)) + len(trained) - len(set(trained))
        assert collected == list(range(STEPS))
        assert trained == sorted(set(trained)), "no step that was saved is done again"
        self.figures.effects_doubled += self.shop.sold(run_id) - 1
        assert self.shop.sold(run_id) == 1
        assert view.result == {"order": view.stages[2].result and view.stages[2].result["order"], "loss": 1 / STEPS}
        await self.gone(self.children(view))
        return view

    async def begins(self, run_id: str, stage: str) -> list[tuple[int, float]]:
        """Return the attempts whose code began, and when, in order."""
        if stage == "train":
            return [(line["begin"], line["at_s"]) for line in self.trace(await self.view(run_id)) if "begin" in line]
        begun = [note for note in await self.notes(run_id, "begin") if note["stage"] == stage]
        return [(note["attempt"], note["at_s"]) for note in begun]

    def trace(self, view: RunView) -> list[Mapping[str, Any]]:
        """Return what the run's child wrote down."""
        return [json.loads(line) for line in Path(view.params["trace"]).read_text().splitlines()]

    def children(self, view: RunView) -> list[int]:
        """Return the processes of the run's children and their guards, of all attempts."""
        return [line[each] for line in self.trace(view) if "begin" in line for each in ("pid", "guard")]

    async def gone(self, pids: list[int]) -> None:
        """Require that the processes end, and soon."""

        async def are_gone() -> bool:
            return not any(map(is_alive, pids))

        try:
            await eventually(are_gone, f"the end of {pids}", within_s=4 * LEASE_S)
        except TimeoutError:
            self.figures.orphans += sum(map(is_alive, pids))
            raise

    async def notes(self, run_id: str, action: str) -> list[Mapping[str, Any]]:
        """Return what the run's stages wrote down, oldest first."""
        async with self.database.team(TEAM) as connection:
            entries = await audit.of_subject(connection, TEAM, f"run:{run_id}")
        return [entry.details for entry in entries if entry.action == action]

    def logs(self) -> str:
        """Return the ends of the workers' logs."""
        return "\n".join(log.read_text(errors="replace")[-3000:] for log in sorted(self.home.glob("*.log")))

    async def restart_server(self) -> None:
        """Have Postgres end at once, as a crash would, and come back."""
        assert self.server is not None
        pid = int((self.server / "pg" / "postmaster.pid").read_text().split()[0])
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGQUIT)
        await eventually(partial(_is_gone, pid), "the end of Postgres")
        await start_embedded(self.server)

    def end(self) -> None:
        """Kill what was started and still runs."""
        for process in self.started.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()


@asynccontextmanager
async def open_arena(dsn: str, home: Path, figures: Figures) -> AsyncIterator[Arena]:
    """Open an arena on a migrated database and clear it up in the end."""
    shop = Shop()
    app = web.Application()
    app.router.add_post("/orders", shop.sell)
    app.router.add_get("/orders", shop.list)
    runner = web.AppRunner(app, handler_cancellation=False, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    shop.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with Database(dsn, max_size=3) as database:
        arena = Arena(dsn, home, database, shop, figures, Runs(database, make_people(admins={WHO}), RECIPES))
        try:
            yield arena
        finally:
            arena.end()
            await runner.cleanup()


async def _is_gone(pid: int) -> bool:
    return not is_alive(pid)


async def eventually(what: Callable[[], Awaitable[Any]], awaited: str, *, within_s: float = PATIENCE_S) -> Any:
    """Return the first true answer of `what`; the time is only where a case that fails gives up."""
    try:
        async with asyncio.timeout(within_s):
            while not (answer := await what()):  # noqa: ASYNC110  # what is waited for is elsewhere
                await asyncio.sleep(0.03)
    except TimeoutError:
        raise TimeoutError(f"waited {within_s:.0f} s for {awaited}") from None
    return answer


def is_alive(pid: int) -> bool:
    """Return whether the process runs; one that waits to be collected by its parent does not."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"


def _start(command: list[str], log: Path, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    with log.open("ab") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, cwd=Path(__file__).parents[2],
            env={**os.environ, **environment},
        )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n", log.read_text()
    return process
