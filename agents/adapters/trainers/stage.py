"""What the code that trains is given: the stage's own process, or a process of one GPU that speaks with it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn, Protocol


class TrainingStage(Protocol):
    """The part of a child stage that training, predictions and baselines need; the engine says what each does."""

    params: Mapping[str, Any]
    checkpoint: Mapping[str, Any]
    previous: Mapping[str, Mapping[str, Any]]
    scratch: Path

    @property
    def stopping(self) -> bool:
        """Whether to save and stop."""

    def progress(self, done: float, total: float | None, unit: str, note: str = "") -> None:
        """Report how far the stage is."""

    def log(self, line: str) -> None:
        """Say something to whoever looks at the stage."""

    def save(self, checkpoint: Mapping[str, Any], files: Mapping[str, Path] | None = None) -> None:
        """Record where a later attempt goes on; return when that is safe."""

    def fetch(self, name: str) -> Path:
        """Return the path of the newest file that was saved under the name."""

    def hand_over(self, reason: str | None = None) -> NoReturn:
        """Leave the rest to another attempt."""
