"""How a process of one GPU speaks with the stage: JSON lines over a socket in the stage's folder."""

import contextlib
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from agents.adapters.trainers.stage import TrainingStage


@contextlib.contextmanager
def relayed(stage: TrainingStage, path: Path) -> Iterator[None]:
    """Answer for the stage at a socket, to one process at a time, while the block lasts."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        answering = threading.Thread(target=_answer_all, args=(stage, listening), name="relay", daemon=True)
        answering.start()
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                # Closing alone does not wake the thread that waits in it.
                listening.shutdown(socket.SHUT_RDWR)
            answering.join(timeout=5)
            path.unlink(missing_ok=True)


class SilentStage:
    """The stage for all processes but the first: it says nothing, or each thing would be said often.

    Args:
        given: What does not change: params, previous, checkpoint and scratch.
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.params: Mapping[str, Any] = given["params"]
        self.previous: Mapping[str, Mapping[str, Any]] = given["previous"]
        self.checkpoint: Mapping[str, Any] = given["checkpoint"]
        self.scratch = Path(given["scratch"])

    @property
    def stopping(self) -> bool:
        """Whether to save and stop."""
        return bool(self._ask("stopping"))

    def progress(self, done: float, total: float | None, unit: str, note: str = "") -> None:
        """Report how far the stage is."""
        self._ask("progress", done, total, unit, note)

    def log(self, line: str) -> None:
        """Say something to whoever looks at the stage."""
        self._ask("log", line)

    def save(self, checkpoint: Mapping[str, Any], files: Mapping[str, Path] | None = None) -> None:
        """Record where a later attempt goes on; return when that is safe."""
        self._ask("save", dict(checkpoint), {name: str(path) for name, path in (files or {}).items()})
        self.checkpoint = dict(checkpoint)

    def fetch(self, name: str) -> Path:
        """Return the path of the newest file that was saved under the name."""
        return Path(self._ask("fetch", name))

    def hand_over(self, reason: str | None = None) -> NoReturn:
        """Refuse: only the stage's own process can."""
        raise RuntimeError("a process beside the stage's own cannot hand the stage over")

    def _ask(self, what: str, *details: Any) -> Any:
        """Return what the stage answers: nothing here."""


class RelayedStage(SilentStage):
    """The stage for the first process, which speaks for all of them.

    Args:
        path: The socket.
        given: What does not change: params, previous, checkpoint and scratch.
    """

    def __init__(self, path: Path, given: Mapping[str, Any]) -> None:
        super().__init__(given)
        self._connected = socket.socket(socket.AF_UNIX)
        self._connected.connect(str(path))
        self._lines = self._connected.makefile("rw", encoding="utf-8")

    def close(self) -> None:
        """Say no more."""
        self._lines.close()
        self._connected.close()

    def _ask(self, what: str, *details: Any) -> Any:
        self._lines.write(json.dumps([what, *details]) + "\n")
        self._lines.flush()
        return json.loads(self._lines.readline())


def _answer_all(stage: TrainingStage, listening: socket.socket) -> None:
    while True:
        try:
            connected, _ = listening.accept()
        except OSError:
            return
        with connected, connected.makefile("rw", encoding="utf-8") as lines:
            for line in lines:
                what, *details = json.loads(line)
                lines.write(json.dumps(_answer(stage, what, details)) + "\n")
                lines.flush()


def _answer(stage: TrainingStage, what: str, details: list[Any]) -> Any:
    match what, details:
        case "stopping", []:
            return stage.stopping
        case "progress", [done, total, unit, note]:
            stage.progress(done, total, unit, note)
        case "log", [line]:
            stage.log(line)
        case "save", [checkpoint, files]:
            stage.save(checkpoint, {name: Path(path) for name, path in files.items()})
        case "fetch", [name]:
            return str(stage.fetch(name))
        case _:
            raise ValueError(f"a question that nobody knows: {what}")
    return None
