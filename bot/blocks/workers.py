"""Workers as lines: what each has, how it stands, what it does, and what waits for one."""

from datetime import timedelta

from agents.runs.needs import gpus_text, size_text
from agents.runs.workers import WaitingStage, WorkerStage, WorkerState, WorkersView, WorkerView
from bot.blocks.elements import escaped
from bot.blocks.words import duration, listed

NONE_YET = "No worker is there, so runs wait. Start one on any host that reaches the database: `cairn worker`"
_MARK = {WorkerState.LIVE: "🟢", WorkerState.DRAINING: "🟡", WorkerState.AWAY: "⚪"}


def worker_line(worker: WorkerView) -> str:
    """Return a worker as one line of a list."""
    has = [listed(worker.queues), *([f"GPUs {gpus_text(worker.gpus)}"] if worker.gpus else [])]
    has += [f"{size_text(worker.memory_bytes)} of memory", f"{size_text(worker.disk_bytes)} of free disk"]
    state = _state(worker)
    return f"{_MARK[worker.state]} *{escaped(worker.name)}* · {state} · {' · '.join(has)}{_doing(worker)}"


def waiting_line(stage: WaitingStage) -> str:
    """Return a stage that waits as one line of a list."""
    return f"⏸ {_title(stage)}, {escaped(stage.name)}: {escaped(stage.reason)} · `{stage.run_id}`"


def workers_text(view: WorkersView) -> str:
    """Return all workers and what waits for them as mrkdwn."""
    lines = ["*Workers*", *([worker_line(worker) for worker in view.workers] or [NONE_YET])]
    if view.waiting:
        lines += ["", "*Waiting for a worker*", *(waiting_line(stage) for stage in view.waiting)]
    return "\n".join(lines)


def _state(worker: WorkerView) -> str:
    match worker.state:
        case WorkerState.AWAY:
            return f"away, last seen {duration(worker.silent_for / timedelta(seconds=1))} ago"
        case WorkerState.DRAINING:
            return "finishing what it holds"
        case WorkerState.LIVE:
            return "ready" if not worker.stages else "at work"


def _doing(worker: WorkerView) -> str:
    return "".join(f"\n      ▸ {_title(stage)}, {escaped(stage.name)} · `{stage.run_id}`" for stage in worker.stages)


def _title(stage: WorkerStage | WaitingStage) -> str:
    return escaped(f"{stage.kind.capitalize()} {stage.subject}".strip())
