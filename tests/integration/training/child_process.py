"""The real process of the stage that trains, and a worker in its place that keeps what it saves in a folder."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from agents.adapters.trainers.weights import sha256_of
from tests.integration.training.forking import ForkedProcess, Forks

REPOSITORY = Path(__file__).resolve().parents[3]

# What a test counts in to say when a process is to end.
_COUNTED = ("steps", "answers")


@dataclass
class Attempt:
    """What came of one process: what it said last, and all that it reported on the way."""

    end: dict[str, Any] | None = None
    progress: list[dict[str, Any]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    output: str = ""

    @property
    def result(self) -> dict[str, Any]:
        assert self.end is not None, self.output
        assert self.end["say"] == "result", self.end.get("text", self.end)
        found: dict[str, Any] = self.end["result"]
        return found

    @property
    def error(self) -> str:
        assert self.end is not None, self.output
        assert self.end["say"] == "error", self.end.get("text", self.end)
        return str(self.end["text"])


class Training:
    """A run of the stage, over as many processes as it takes.

    Args:
        python: The Python that trains.
        folder: Where the files are kept; scratch folders come beside them.
        recipe: The settings of the training.
        files: The files that an earlier stage has saved.
        prediction: What is to be predicted with, where it is that stage.
        previous: The results of the earlier stages.
        forks: Starts processes whose environment is as usual; each is a fresh Python without.
    """

    def __init__(
        self,
        python: Path,
        folder: Path,
        recipe: Mapping[str, Any],
        files: Mapping[str, str],
        *,
        prediction: Mapping[str, Any] | None = None,
        previous: Mapping[str, Any] | None = None,
        forks: Forks | None = None,
    ) -> None:
        self.forks = forks
        self._python = python
        self._folder = folder
        self.recipe = dict(recipe)
        self._params = {
            "training": self.recipe,
            "prediction": prediction or {"instructions": {"student": "Say what is wished for."}},
        }
        self.previous = dict(previous or {})
        self.kept = folder / "kept"
        self.checkpoint: dict[str, Any] = {}
        self.checkpoints: list[dict[str, Any]] = []
        self._attempts = 0
        for name, text in files.items():
            self._keep(name, text.encode())

    def run(
        self,
        *,
        kill_at: int | None = None,
        stop_at: int | None = None,
        module: str = "agents.adapters.trainers.child",
        environment: Mapping[str, str] | None = None,
        on_save: Callable[[dict[str, Any]], None] | None = None,
    ) -> Attempt:
        """Start a process and answer it until it ends, or has reached the step at which it is killed or told to stop.

        Where it answers, answers count as steps. It is killed before the checkpoint of that step, if there is one.
        """
        self._attempts += 1
        scratch = self._folder / f"scratch-{self._attempts}"
        scratch.mkdir(parents=True)
        attempt = Attempt()
        output = (scratch / "output").open("wb")
        process = self._started(module, scratch, output, environment)
        assert process.stdin is not None
        assert process.stdout is not None

        def answer(what: Mapping[str, Any]) -> None:
            assert process.stdin is not None
            process.stdin.write(json.dumps(what).encode() + b"\n")
            process.stdin.flush()

        try:
            answer(self._given(scratch))
            for line in process.stdout:
                said = json.loads(line)
                match said:
                    case {"say": "progress"}:
                        attempt.progress.append(said)
                        if said["unit"] in _COUNTED and said["done"] == kill_at:
                            break
                        if said["unit"] in _COUNTED and said["done"] == stop_at:
                            process.send_signal(signal.SIGTERM)
                    case {"say": "log"}:
                        attempt.log.append(said["line"])
                    case {"say": "save"}:
                        self._save(said)
                        if on_save is not None:
                            on_save(said["checkpoint"])
                        answer({})
                    case {"say": "fetch"}:
                        answer({"path": str(self._fetch(said["name"], scratch))})
                    case {"say": "ready"} | {"say": "beat"}:
                        pass
                    case _:
                        attempt.end = said
        finally:
            # One that was forked is gone as soon as it has ended, and nothing of its group may be left.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            process.stdin.close()
            process.stdout.close()
            output.close()
            attempt.output = (scratch / "output").read_text("utf-8", "replace")
            shutil.rmtree(scratch)
        return attempt

    def _started(
        self, module: str, scratch: Path, output: BinaryIO, environment: Mapping[str, str] | None
    ) -> ForkedProcess | subprocess.Popen[bytes]:
        if self.forks is not None and environment is None:
            return self.forks.start(module, scratch, output)
        return subprocess.Popen(
            [str(self._python), "-m", "agents.engine.child_main", module],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=output,
            cwd=scratch, env=child_environment(environment or {}), start_new_session=True,
        )  # fmt: skip

    def digests(self, form: str) -> dict[str, str]:
        """Return the SHA-256 of each file of the student."""
        return {f"{form}/{path.name}": sha256_of(path) for path in sorted((self.kept / form).iterdir())}

    def _given(self, scratch: Path) -> dict[str, Any]:
        return {
            "run_id": "r0000001",
            "seq": 0,
            "attempt": self._attempts,
            "params": self._params,
            "checkpoint": self.checkpoint,
            "previous": self.previous,
            "scratch": str(scratch),
            "beat_s": 1.0,
        }

    def _save(self, said: Mapping[str, Any]) -> None:
        for name, path in said["files"].items():
            self._keep(name, Path(path).read_bytes())
        self.checkpoint = said["checkpoint"]
        self.checkpoints.append(said["checkpoint"])

    def _keep(self, name: str, content: bytes) -> None:
        kept = self.kept / name
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(content)

    def _fetch(self, name: str, scratch: Path) -> Path:
        fetched = scratch / f"fetched-{name.replace('/', '-')}"
        shutil.copyfile(self.kept / name, fetched)
        return fetched


def child_environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return what a worker lets through, and the way to this checkout; one thread, as small models are fastest."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    return {
        **kept,
        "PYTHONPATH": str(REPOSITORY),
        "CUDA_VISIBLE_DEVICES": "",
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        **given,
    }
