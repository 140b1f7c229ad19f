"""Following a run from a shell to its end, as its worker where none runs on this data."""

import asyncio
from contextlib import aclosing

from rich.console import Console

from agents.engine.worker import run_worker
from agents.runs.views import RunView
from agents.wiring import STAGES, end_cancelled_for_ever, local_host, open_artifacts
from bot.shell.follow import Bars
from bot.shell.processes import run_together
from bot.shell.session import Session

QUEUES = ("cpu", "gpu")
"""Those that the one worker of a machine serves."""


async def work_on(session: Session, run_id: str) -> RunView:
    """Follow a run to its end; where no worker runs on this data, be one meanwhile."""
    stop = asyncio.Event()
    worker = None if session.has_worker else asyncio.create_task(_be_worker(session, stop))
    try:
        return await _follow(session, run_id, worker)
    finally:
        stop.set()
        if worker is not None:
            await worker


async def _be_worker(session: Session, stop: asyncio.Event) -> None:
    settings, services = session.settings, session.services
    assert settings.database_url is not None  # noqa: S101  # an open session has one
    host = local_host(settings)
    keeper = services.stage_deps.keeper
    await run_together(
        stop,
        run_worker(
            services.database, settings.database_url, STAGES, services.stage_deps,
            queues=QUEUES, stop=stop, lease_s=settings.lease_s, artifacts=open_artifacts(settings),
            capacity=await host.capacity(), free_disk=host.free_disk_bytes,
        ),
        end_cancelled_for_ever(services.database, services.stage_deps, stop),
        *([keeper.keep(stop)] if keeper is not None else []),
    )  # fmt: skip


async def _follow(session: Session, run_id: str, worker: asyncio.Task[None] | None) -> RunView:
    outputs = session.services.outputs
    async with aclosing(outputs.follow(session.team_id, run_id)) as changed:
        with Bars(Console(stderr=True)) as bars:
            async for view in changed:
                bars.show(view, await outputs.of_run(session.team_id, run_id))
                if worker is not None and worker.done():
                    await worker
    return view
