"""A child stage without a worker: its files lie in a folder, and it ends where a test wants it to."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from agents.engine.child_stage import HandedOver


class Killed(BaseException):
    """The process of the stage was killed, so nothing that it would have done after that was done."""


class FolderStage:
    """One attempt at a stage; `again` is the next one.

    Args:
        kept: The folder with the files of the run.
        params: Of the run.
        kill_at_save: The save, counted from 1, that it is killed in: nothing of it is recorded.
        stop_at_save: The save after which the worker wants it to stop.
    """

    def __init__(
        self,
        kept: Path,
        params: Mapping[str, Any],
        *,
        checkpoint: Mapping[str, Any] | None = None,
        kill_at_save: int | None = None,
        stop_at_save: int | None = None,
    ) -> None:
        self.params = params
        self.checkpoint: Mapping[str, Any] = checkpoint or {}
        self.previous: Mapping[str, Mapping[str, Any]] = {}
        self.scratch = Path(tempfile.mkdtemp(dir=kept.parent))
        self.kept = kept
        self.saved: list[list[str]] = []
        self.told: list[tuple[float, float | None, str]] = []
        self.lines: list[str] = []
        self.stopping = False
        self._kill_at_save = kill_at_save
        self._stop_at_save = stop_at_save

    def again(self) -> "FolderStage":
        """Return the next attempt, which nothing ends."""
        return FolderStage(self.kept, self.params, checkpoint=self.checkpoint)

    def progress(self, done: float, total: float | None, unit: str, note: str = "") -> None:
        self.told.append((done, total, note))

    def log(self, line: str) -> None:
        self.lines.append(line)

    def save(self, checkpoint: Mapping[str, Any], files: Mapping[str, Path] | None = None) -> None:
        if len(self.saved) + 1 == self._kill_at_save:
            raise Killed
        for name, path in (files or {}).items():
            (self.kept / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, self.kept / name)
        self.checkpoint = dict(checkpoint)
        self.saved.append(sorted(files or {}))
        self.stopping |= len(self.saved) == self._stop_at_save

    def fetch(self, name: str) -> Path:
        fetched = self.scratch / f"fetched-{name.replace('/', '-')}"
        shutil.copyfile(self.kept / name, fetched)
        return fetched

    def hand_over(self, reason: str | None = None) -> NoReturn:
        raise HandedOver
