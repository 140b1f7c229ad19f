"""How processes that train together speak with the stage."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import pytest

from agents.adapters.trainers.relay import RelayedStage, SilentStage, relayed


class Stage:
    """Takes down what it is told, and keeps files by name."""

    def __init__(self, scratch: Path) -> None:
        self.params: Mapping[str, Any] = {"training": {}}
        self.previous: Mapping[str, Mapping[str, Any]] = {}
        self.checkpoint: Mapping[str, Any] = {"step": 3}
        self.scratch = scratch
        self.stopping = False
        self.told: list[Any] = []

    def progress(self, done: float, total: float | None, unit: str, note: str = "") -> None:
        self.told.append((done, total, unit, note))

    def log(self, line: str) -> None:
        self.told.append(line)

    def save(self, checkpoint: Mapping[str, Any], files: Mapping[str, Path] | None = None) -> None:
        assert threading.current_thread().name == "relay"
        self.told.append((dict(checkpoint), dict(files or {})))

    def fetch(self, name: str) -> Path:
        return self.scratch / name

    def hand_over(self, reason: str | None = None) -> NoReturn:
        raise AssertionError("it is never asked to")


def test_the_first_process_speaks_for_all(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    given = {"params": stage.params, "previous": {}, "checkpoint": stage.checkpoint, "scratch": str(tmp_path)}
    with relayed(stage, tmp_path / "relay"):
        first = RelayedStage(tmp_path / "relay", given)
        assert first.checkpoint == {"step": 3}
        first.progress(1, 12, "steps", "loss 1.5")
        first.log("step 1")
        first.save({"step": 4}, {"checkpoint.tar": tmp_path / "checkpoint.tar"})
        assert first.checkpoint == {"step": 4}
        assert first.fetch("train.jsonl") == tmp_path / "train.jsonl"
        answers = [first.stopping]
        stage.stopping = True
        assert [*answers, first.stopping] == [False, True]
        first.close()
    assert stage.told == [
        (1, 12, "steps", "loss 1.5"),
        "step 1",
        ({"step": 4}, {"checkpoint.tar": tmp_path / "checkpoint.tar"}),
    ]
    assert not (tmp_path / "relay").exists()


def test_the_other_processes_say_nothing(tmp_path: Path) -> None:
    silent = SilentStage({"params": {}, "previous": {}, "checkpoint": {}, "scratch": str(tmp_path)})
    silent.log("step 1")
    silent.save({"step": 1})
    assert silent.stopping is False


def test_no_process_beside_the_stage_can_hand_it_over(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="cannot hand the stage over"):
        SilentStage({"params": {}, "previous": {}, "checkpoint": {}, "scratch": str(tmp_path)}).hand_over()
