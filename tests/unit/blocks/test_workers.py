"""Workers as people read them, in Slack and in a shell."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from agents.runs.needs import GIB, Gpu
from agents.runs.workers import WaitingStage, WorkerStage, WorkerState, WorkersView, WorkerView
from bot.blocks.help import home_view
from bot.blocks.say import say_message
from bot.blocks.workers import NONE_YET, waiting_line, worker_line, workers_text
from bot.shell.workers import workers_document, workers_lines
from tests.unit.blocks.checks import check_message, check_view

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
GPU = Gpu("GPU-1f", "NVIDIA H100", 81_559 * 1024**2)
STAGE = WorkerStage("abc123", "index", "handbook", "ingest", ("GPU-1f",))
BOX = WorkerView(
    name="gpu-1",
    host="gpu-1.example",
    version="0.1.0",
    queues=("cpu", "gpu"),
    concurrency=2,
    gpus=(GPU,),
    memory_bytes=64 * GIB,
    disk_bytes=500 * GIB,
    cores=16,
    state=WorkerState.LIVE,
    started_at=NOW,
    seen_at=NOW,
    draining_since=None,
    silent_for=timedelta(seconds=1),
)
WAITING = WaitingStage("def456", "distil", "<!channel>", "train", "gpu", "needs 2x80 GB; gpu-1 has 1x48 GB")


def test_a_worker_says_what_it_has_and_what_it_does() -> None:
    assert worker_line(BOX) == (
        "🟢 *gpu-1* · ready · `cpu`, `gpu` · GPUs 1x79.6 GB · 64 GB of memory · 500 GB of free disk"
    )
    busy = worker_line(replace(BOX, stages=(STAGE,)))
    assert "at work" in busy
    assert "▸ Index handbook, ingest · `abc123`" in busy
    assert "GPU" not in worker_line(replace(BOX, gpus=()))


def test_a_worker_that_is_away_says_since_when_and_one_that_ends_that_it_does() -> None:
    away = replace(BOX, state=WorkerState.AWAY, silent_for=timedelta(minutes=2))
    assert "away, last seen 2 min ago" in worker_line(away)
    draining = replace(BOX, state=WorkerState.DRAINING, draining_since=NOW, stages=(STAGE,))
    assert "finishing what it holds" in worker_line(draining)
    assert workers_lines(WorkersView((away,), ()))[0].startswith("gpu-1  away, last seen 2 min ago")


def test_what_waits_says_why_and_mentions_nobody() -> None:
    line = waiting_line(WAITING)
    assert "needs 2x80 GB; gpu-1 has 1x48 GB" in line
    assert "<!channel>" not in line


def test_no_worker_at_all_says_how_to_start_one() -> None:
    assert NONE_YET in workers_text(WorkersView((), ()))
    assert "cairn worker" in workers_lines(WorkersView((), ()))[0]
    assert NONE_YET in json.dumps(home_view([], [], []))


def test_many_workers_and_stages_fit_into_a_message_and_the_home_tab() -> None:
    workers = tuple(replace(BOX, name=f"gpu-{number}", stages=(STAGE,) * 20) for number in range(80))
    view = WorkersView(workers, (WAITING,) * 50)
    check_message(say_message(workers_text(view), []))
    check_view(home_view([], [], [], [worker_line(each) for each in workers], [waiting_line(WAITING)] * 50))


def test_a_script_gets_bytes_and_instants() -> None:
    document = workers_document(WorkersView((replace(BOX, stages=(STAGE,)),), (WAITING,)))
    assert json.loads(json.dumps(document)) == document
    (worker,) = document["workers"]
    assert worker["gpus"] == [{"id": "GPU-1f", "name": "NVIDIA H100", "memory_bytes": GPU.memory_bytes}]
    assert worker["stages"] == [
        {"run_id": "abc123", "kind": "index", "name": "handbook", "stage": "ingest", "gpus": ["GPU-1f"]}
    ]
    assert (worker["state"], worker["seen_at"], worker["draining_since"]) == ("live", NOW.isoformat(), None)
    assert document["waiting"][0]["reason"] == WAITING.reason
