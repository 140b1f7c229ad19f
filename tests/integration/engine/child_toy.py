"""A toy of a child stage, which does in each step what its parameters say."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from agents.engine.child_stage import ChildStage
from agents.errors import UserError


def run(stage: ChildStage) -> Mapping[str, Any]:
    """Go through `steps`, saving after each; what goes wrong goes wrong in attempts up to `wrong_attempts`."""
    print("it prints,", "which is no message")
    print("to both", file=sys.stderr)
    subprocess.run(["echo", "and so does what it starts"], check=True)
    below = subprocess.Popen(["sleep", "600"])
    stage.log(f"pids {os.getpid()} {below.pid} {os.getppid()}")
    first = stage.checkpoint.get("step", 0)
    for step in range(first, stage.params.get("steps", 3)):
        time.sleep(stage.params.get("step_s", 0))
        if step == stage.params.get("wrong_at") and stage.attempt <= stage.params.get("wrong_attempts", 1):
            _go_wrong(stage, stage.params["wrong"])
        if stage.params.get("heeds") and stage.stopping:
            stage.save({"step": step, "by": os.getpid(), "stopped": True})
            stage.hand_over()
        stage.log(f"step {step}")
        if stage.params.get("flood"):
            print("\n".join(f"line {number} {'x' * 100}" for number in range(1_000)))
        stage.progress(step + 1, stage.params.get("steps", 3), "steps", f"step {step}")
        files = {}
        if stage.params.get("files"):
            path = stage.scratch / f"weights-{step}"
            path.write_text(f"weights of step {step}")
            files = {"weights": path}
        stage.save({"step": step + 1, "by": os.getpid()}, files)
    below.kill()
    below.wait()
    return {
        "from": first,
        "previous": {name: dict(result) for name, result in stage.previous.items()},
        "modules": sorted({name.partition(".")[0] for name in sys.modules}),
        "environment": sorted(os.environ),
        "weights": stage.fetch("weights").read_text() if stage.params.get("files") else None,
        "scratch": str(stage.scratch),
        "prefix": sys.prefix,
        "search_path": os.environ.get("PYTHONPATH", ""),
        "gpus": os.environ.get("CUDA_VISIBLE_DEVICES"),
    }


def _go_wrong(stage: ChildStage, how: str) -> None:  # noqa: PLR0912  # a list of all that can go wrong
    out = stage._channel._writing
    match how:
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "exits":
            os._exit(3)
        case "leaves":
            os._exit(0)
        case "user_error":
            raise UserError("The dataset has 3 rows; 100 are the least. Add rows and retry.")
        case "fault":
            raise RuntimeError("a secret that must not be shown")
        case "system_exit":
            sys.exit("a secret that must not be shown")
        case "memory":
            print(len(bytearray(2 << 30)))
        case "hangs":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "garbage":
            os.write(out, b"\xff\xfenonsense\n")
        case "unknown":
            os.write(out, b'{"say": "dance"}\n')
        case "no_figure":
            os.write(out, b'{"say": "progress", "done": NaN, "total": 1, "unit": "steps", "note": ""}\n')
        case "long_line":
            os.write(out, b"x" * 300_000)
        case "foreign_file":
            stage.save({}, {"passwd": stage.scratch / ".." / ".." / "etc" / "passwd"})
        case "no_json":
            stage.save({"when": object()})
        case "no_text":
            stage.save({"text": "\0"})
    time.sleep(600)
