"""`cairn workers`: the workers, what they have and do, and what waits for one."""

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from agents.runs.needs import gpus_text, size_text
from agents.runs.workers import WaitingStage, WorkerState, WorkersView, WorkerView, gpu_documents
from bot.blocks.words import duration
from bot.shell.session import open_session

_WAITING_LISTED = 1_000


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--data", type=click.Path(path_type=Path), help="Data directory, as for `cairn local`.")
def workers(as_json: bool, data: Path | None) -> None:
    """List the workers, what each does for this workspace, and the stages that wait for one."""
    view = asyncio.run(_view(data))
    click.echo(json.dumps(workers_document(view)) if as_json else "\n".join(workers_lines(view)))


async def _view(data: Path | None) -> WorkersView:
    async with open_session(data) as session:
        return await session.services.workers.view(session.team_id, _WAITING_LISTED)


def workers_document(view: WorkersView) -> dict[str, Any]:
    """Return workers and waiting stages as plain JSON; sizes in bytes."""
    return {
        "workers": [_worker_document(worker) for worker in view.workers],
        "waiting": [
            {"run_id": stage.run_id, "kind": stage.kind, "name": stage.subject, "stage": stage.name,
             "queue": stage.queue, "reason": stage.reason}
            for stage in view.waiting
        ],
    }  # fmt: skip


def workers_lines(view: WorkersView) -> list[str]:
    """Return workers and waiting stages for a terminal."""
    lines = []
    for worker in view.workers:
        has = f"{size_text(worker.memory_bytes)} memory, {size_text(worker.disk_bytes)} free disk"
        queues = ",".join(worker.queues)
        lines.append(
            f"{worker.name}  {_state(worker)}  {queues}  {gpus_text(worker.gpus)}, {has}  {worker.version}"
            f"  on {worker.host} since {worker.started_at:%Y-%m-%d %H:%M}"
        )
        for stage in worker.stages:
            on = f" on {', '.join(stage.gpus)}" if stage.gpus else ""
            lines += [f"  {stage.run_id}  {stage.kind} {stage.subject}: {stage.name}{on}"]
    if not lines:
        lines = ["No worker is there, so runs wait. Start one: cairn worker"]
    if view.waiting:
        lines += ["", "Waiting for a worker:", *(_waiting_line(stage) for stage in view.waiting)]
    return lines


def _state(worker: WorkerView) -> str:
    if worker.state is WorkerState.AWAY:
        return f"away, last seen {duration(worker.silent_for / timedelta(seconds=1))} ago"
    return str(worker.state)


def _waiting_line(stage: WaitingStage) -> str:
    return f"  {stage.run_id}  {stage.kind} {stage.subject}: {stage.name} {stage.reason}"


def _worker_document(worker: WorkerView) -> dict[str, Any]:
    return {
        "name": worker.name,
        "host": worker.host,
        "version": worker.version,
        "queues": list(worker.queues),
        "concurrency": worker.concurrency,
        "gpus": gpu_documents(worker.gpus),
        "memory_bytes": worker.memory_bytes,
        "disk_bytes": worker.disk_bytes,
        "cores": worker.cores,
        "state": str(worker.state),
        "started_at": _instant(worker.started_at),
        "seen_at": _instant(worker.seen_at),
        "draining_since": _instant(worker.draining_since),
        "stages": [
            {"run_id": stage.run_id, "kind": stage.kind, "name": stage.subject, "stage": stage.name,
             "gpus": list(stage.gpus)}
            for stage in worker.stages
        ],
    }  # fmt: skip


def _instant(value: datetime | None) -> str | None:
    return value.isoformat() if value is not None else None
