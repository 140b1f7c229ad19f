"""The stage that trains under the engine: a worker, its guard, Postgres, and a Python of the stage's own."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from agents.adapters.artifacts import open_artifacts
from agents.engine.stage import Interpreter, StageContext, Stages
from agents.engine.worker import run_worker
from agents.runs import Recipe, RunState, RunView, StageSpec
from agents.services.runs import Runs
from agents.stages.distil.children import TRAIN
from agents.store import artifacts as stored
from agents.store.db import Database
from tests.integration.engine.conftest import eventually
from tests.integration.training.conftest import chats
from tests.people import make_people

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="finds the process to kill under /proc"),
    pytest.mark.integration,
    pytest.mark.training,
    pytest.mark.timeout(900),
]

TEAM, QUEUE, APPROVER = "T0LOCAL", "gpu", "U0BOB"
RECIPES = {"distil": Recipe("distil", (StageSpec("prepare", QUEUE), StageSpec("train", QUEUE, "child")))}


class Deps:
    """What the stages are handed: the Python that trains, and a folder with the rows."""

    def __init__(self, python: Path, rows: Path) -> None:
        self.training = Interpreter(str(python), {"OMP_NUM_THREADS": "1"}, "CAIRN_TRAIN_PYTHON")
        self.rows = rows


async def prepare(context: StageContext[Deps]) -> dict[str, Any]:
    """Keep the rows, as the stages before training do."""
    for name in ("train.jsonl", "validation.jsonl"):
        await context.artifacts.save(name, context.deps.rows / name)
    return {}


async def test_a_killed_training_goes_on_under_the_engine_and_its_student_is_kept(
    database: Database, dsn: str, python: Path, bases: Path, tmp_path: Path
) -> None:
    (tmp_path / "train.jsonl").write_text(chats())
    (tmp_path / "validation.jsonl").write_text(chats(8))
    stages: Stages = {("distil", "prepare"): prepare, ("distil", "train"): TRAIN}
    stop = asyncio.Event()
    artifacts = open_artifacts(str(tmp_path / "artifacts"), tmp_path)
    deps = Deps(python, tmp_path)
    working = asyncio.create_task(
        run_worker(database, dsn, stages, deps, queues=[QUEUE], stop=stop, lease_s=30, grace_s=0.2, artifacts=artifacts)
    )
    recipe = {"base": str(bases / "llama"), "batch": 8, "max_steps": 40, "save_every": 4, "log_every": 2}
    runs = Runs(database, make_people(approvers={APPROVER}), RECIPES)
    proposal = await runs.propose(
        TEAM, kind="distil", params={"training": recipe}, estimate={}, requested_by="U0ALICE", channel="C1"
    )
    run_id = await runs.approve(TEAM, proposal.id, proposal.params_hash, APPROVER)
    assert run_id is not None

    async def has_saved() -> bool:
        async with database.team(TEAM) as connection:
            found = await connection.execute(
                "SELECT checkpoint FROM app.stage WHERE run_id = %s AND seq = 1", (run_id,)
            )
            row = await found.fetchone()
        return row is not None and row["checkpoint"].get("step", 0) >= 4

    await eventually(has_saved, within_s=300)
    os.kill(await eventually(lambda: asyncio.to_thread(_trainer, python), within_s=30), signal.SIGKILL)

    async def is_over() -> RunView | None:
        view = await runs.view(TEAM, run_id)
        return view if view.state.is_over else None

    view: RunView = await eventually(is_over, within_s=400)
    stop.set()
    await working
    assert view.state is RunState.DONE, view.error
    stage = view.stages[1]
    result = stage.result or {}
    assert stage.attempt == 2
    assert (result["steps"], result["loss_curve"][-1][0]) == (40, 40)
    assert stage.progress is not None
    assert (stage.progress.done, stage.progress.total, stage.progress.unit) == (40, 40, "steps")
    async with database.team(TEAM) as connection:
        kept = {each.name: each.sha256 for each in await stored.of_run(connection, TEAM, run_id)}
    assert result["files"].items() <= kept.items()
    assert set(result["files"]) == {"adapter/adapter_config.json", "adapter/adapter_model.safetensors"}


def _trainer(python: Path) -> int | None:
    """Return the process of the stage: what runs the module under that Python, below a guard of this process."""
    for found in Path("/proc").glob("[0-9]*"):
        try:
            argv = (found / "cmdline").read_bytes().split(b"\0")
            guard = _parent(found)
            if argv[:3] == [str(python).encode(), b"-m", b"agents.engine.child_main"] and (
                _parent(Path("/proc") / guard) == str(os.getpid())
            ):
                return int(found.name)
        except OSError:
            continue
    return None


def _parent(process: Path) -> str:
    return (process / "stat").read_text().rpartition(")")[2].split()[1]
