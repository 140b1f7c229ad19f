"""Child stages under a Python of their own, which has other packages than the worker's."""

import asyncio
import dataclasses
import sys
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agents.engine.stage import Interpreter, Stages
from agents.engine.worker import run_worker
from agents.runs import RunState, RunView
from agents.store.db import Database
from tests.integration.engine.conftest import LEASE_S, eventually
from tests.integration.engine.toys import CHILD_CODE, QUEUE, STAGES, TEAM, make_runs, start_run

pytestmark = pytest.mark.integration


async def run_under(database: Database, dsn: str, interpreter: Interpreter) -> RunView:
    """Return how a run ended whose child stage the worker's deps give this Python."""
    code = dataclasses.replace(CHILD_CODE, interpreter=lambda deps: deps["interpreter"])
    stages: Stages = {**STAGES, ("child", "work"): code, ("child", "last"): _last}
    stop = asyncio.Event()
    running = asyncio.create_task(
        run_worker(
            database,
            dsn,
            stages,
            {"interpreter": interpreter},
            queues=[QUEUE],
            stop=stop,
            lease_s=LEASE_S,
            grace_s=0.2,
        )
    )
    runs = make_runs(database)
    run_id = await start_run(runs, kind="child")

    async def is_over() -> RunView | None:
        view = await runs.view(TEAM, run_id)
        return view if view.state.is_over else None

    view: RunView = await eventually(is_over)
    stop.set()
    await running
    return view


async def _last(_: Any) -> Mapping[str, Any]:
    return {}


async def test_a_child_stage_runs_under_the_python_that_its_deps_name(
    database: Database, dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The checkout would be found in the folder that the worker stands in.
    monkeypatch.chdir(tmp_path)
    await asyncio.to_thread(venv.create, tmp_path / "other", symlinks=True)
    python = tmp_path / "other" / "bin" / "python"
    site = next((tmp_path / "other").glob("lib/python3*/site-packages"))
    # The toy lies outside the package.
    (site / "toy.pth").write_text(str(Path(__file__).parents[3]))
    view = await run_under(database, dsn, Interpreter(str(python), {"HF_TOKEN": "hf_of_a_test"}))
    assert view.state is RunState.DONE, view.error
    result = view.stages[1].result or {}
    assert result["prefix"] == str(tmp_path / "other")
    assert result["prefix"] != sys.prefix
    assert "HF_TOKEN" in result["environment"], "what is given on purpose arrives"
    assert [Path(part).name for part in result["search_path"].split(":")] == [".code"], "none of the worker's packages"


async def test_a_python_that_is_not_there_fails_the_run_with_the_setting_to_correct(
    database: Database, dsn: str
) -> None:
    view = await run_under(database, dsn, Interpreter("/nowhere/python", setting="CAIRN_TRAIN_PYTHON"))
    assert view.state is RunState.FAILED
    assert view.error is not None
    assert view.error.startswith("The Python of this stage, '/nowhere/python', is no program on ")
    assert view.error.endswith("Correct CAIRN_TRAIN_PYTHON and retry the run.")
