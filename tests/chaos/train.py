"""The child stage of the chaos runs: writes its state into a file, as a trainer does, and each step into a trace."""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agents.engine.child_stage import ChildStage
from agents.errors import UserError

STEPS = 12


def run(stage: ChildStage) -> Mapping[str, Any]:
    """Go on from the checkpoint file, and return what was learned."""
    trace = Path(stage.params["trace"])
    _note(trace, {"begin": stage.attempt, "at_s": time.time(), "pid": os.getpid(), "guard": os.getppid()})
    if stage.attempt == 1 and stage.params.get("fails_at") == "train":
        raise UserError("train was told to fail. Retry the run.")
    if stage.attempt == 1 and stage.params.get("hangs_at") == "train":
        time.sleep(600)
    state = _state(stage)
    for step in range(stage.checkpoint.get("step", 0), STEPS):
        # What the file says and what the checkpoint says are one state.
        if len(state["losses"]) != step:
            raise RuntimeError(f"the state has {len(state['losses'])} steps, the checkpoint {step}")
        time.sleep(0.4 if stage.params.get("slow_at") == "train" else 0.02)
        state["losses"].append(1 / (step + 1))
        state_file = stage.scratch / "state.json"
        state_file.write_text(json.dumps(state))
        stage.save({"step": step + 1}, {"state": state_file})
        _note(trace, {"step": step, "attempt": stage.attempt})
        stage.progress(step + 1, STEPS, "steps")
        if stage.stopping:
            stage.hand_over()
    return {"loss": state["losses"][-1]}


def _state(stage: ChildStage) -> dict[str, Any]:
    if not stage.checkpoint:
        return {"losses": []}
    read: dict[str, Any] = json.loads(stage.fetch("state").read_text())
    return read


def _note(trace: Path, what: Mapping[str, Any]) -> None:
    with trace.open("a") as file:
        file.write(json.dumps(what) + "\n")
