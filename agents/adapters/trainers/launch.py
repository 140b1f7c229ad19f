"""Training on several GPUs of one host: a process for each, started by accelerate, with the weights shared by FSDP2."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agents.adapters.trainers.assignment import Assignment, write_assignment
from agents.adapters.trainers.relay import relayed
from agents.adapters.trainers.shrinking import OutOfMemory
from agents.adapters.trainers.stage import TrainingStage
from agents.errors import UserError

# What lies in the folder that they share.
ASSIGNMENT, STAGE, SOCKET, ENDED = "assignment.json", "stage.json", "relay", "ended.json"


def fsdp2_config(gpus: int, dtype: str) -> Mapping[str, Any]:
    """Return accelerate's configuration for that many GPUs of this host.

    Weights, gradients and moments are sharded by layer and gathered one layer at a time. Checkpoints are gathered on
    the first process, so that they are the files that one GPU would write.
    """
    return {
        "compute_environment": "LOCAL_MACHINE",
        "debug": False,
        "distributed_type": "FSDP",
        "downcast_bf16": "no",
        "enable_cpu_affinity": False,
        "fsdp_config": {
            "fsdp_version": 2,
            "fsdp_auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
            "fsdp_reshard_after_forward": True,
            "fsdp_state_dict_type": "FULL_STATE_DICT",
            # Only the first process reads the weights, where each would need room for all of them.
            "fsdp_cpu_ram_efficient_loading": True,
            "fsdp_offload_params": False,
            # The trainer does it, which also knows what adapters need.
            "fsdp_activation_checkpointing": False,
        },
        "machine_rank": 0,
        "main_training_function": "main",
        "mixed_precision": "bf16" if dtype == "bf16" else "no",
        "num_machines": 1,
        "num_processes": gpus,
        "rdzv_backend": "static",
        "same_network": True,
        "use_cpu": False,
    }


def accelerate_command(gpus: int, dtype: str, folder: Path) -> Sequence[str]:
    """Return the command that starts a module once for each GPU; its configuration is written into the folder."""
    config = folder / "accelerate.json"
    config.write_text(json.dumps(fsdp2_config(gpus, dtype)))
    # Port 0 takes a free one, since another training may run on this host.
    options = ["--config_file", str(config), "--main_process_port", "0"]
    return [sys.executable, "-m", "accelerate.commands.launch", *options, "-m"]


def train_in_ranks(command: Sequence[str], assignment: Assignment, stage: TrainingStage) -> dict[str, Any] | None:
    """Train as training.train does, in processes that `command` starts with the name of their module after it.

    Raises:
        OutOfMemory: One of them had too little.
        UserError: As raised in one of them.
        RuntimeError: They ended otherwise; what they wrote says how.
    """
    folder = stage.scratch / "ranks"
    folder.mkdir(exist_ok=True)
    ended = folder / ENDED
    ended.unlink(missing_ok=True)
    write_assignment(assignment, folder / ASSIGNMENT)
    given = {
        "params": dict(stage.params),
        "previous": dict(stage.previous),
        "checkpoint": dict(stage.checkpoint),
        "scratch": str(stage.scratch),
    }
    (folder / STAGE).write_text(json.dumps(given), "utf-8")
    # Several processes that each take all cores would wait for one another.
    environment = {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // assignment.processes)), **os.environ}
    with relayed(stage, folder / SOCKET):
        argv = [*command, "agents.adapters.trainers.ranks", str(folder)]
        done = subprocess.run(argv, check=False, env=environment)
    how = json.loads(ended.read_text("utf-8")) if ended.exists() else {}
    match how:
        case {"out_of_memory": True}:
            raise OutOfMemory
        case {"error": str(text)}:
            raise UserError(text)
        case {"figures": figures}:
            return dict(figures) if figures is not None else None
    raise RuntimeError(f"the processes that train ended with status {done.returncode} and without a result")
