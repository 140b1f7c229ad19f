"""What the code of a child stage is given: plain, synchronous, and without a way to Postgres or to keys.

The module of such a stage has `def run(stage: ChildStage) -> Mapping[str, Any]`, which returns the stage's result. It
may be killed at any moment and started again, so it begins from `stage.checkpoint` and saves where it stands. Errors
that a person can mend are raised as UserError.

Only the standard library is imported here: each start of a stage pays for it.
"""

import json
import math
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn


class HandedOver(BaseException):  # a signal to stop, which no `except Exception` may swallow
    """The stage has saved what it had and leaves the rest to another attempt."""

    def __init__(self, reason: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason


class Channel:
    """The lines between this process and its worker, each a JSON object.

    Args:
        reading: The descriptor with the worker's answers.
        writing: The descriptor that the worker reads.
    """

    def __init__(self, reading: int, writing: int) -> None:
        self._answers = os.fdopen(reading, "rb")
        self._writing = writing
        # A beat must not get in between the parts of another line.
        self._one_line = threading.Lock()

    def say(self, what: str, **details: Any) -> None:
        """Tell the worker something."""
        line = json.dumps({"say": what, **details}, allow_nan=False, separators=(",", ":")).encode() + b"\n"
        with self._one_line:
            while line:
                line = line[os.write(self._writing, line) :]

    def hear(self) -> dict[str, Any]:
        """Return what the worker says next; EOFError where it is gone."""
        line = self._answers.readline()
        if not line.endswith(b"\n"):
            raise EOFError("the worker is gone")
        heard: dict[str, Any] = json.loads(line)
        return heard


class ChildStage:
    """One attempt at one stage, seen from its own process.

    Attributes:
        run_id: Which run.
        seq: The stage's place in it, from 0.
        attempt: How often a worker took the stage up, from 1.
        params: The run's parameters, as approved.
        checkpoint: What the last `save` recorded, in this attempt or an earlier one; empty at first.
        previous: The results of the earlier stages, by name.
        scratch: A folder of this attempt's own, which is removed in its end.
    """

    def __init__(self, channel: Channel, given: Mapping[str, Any]) -> None:
        self.run_id: str = given["run_id"]
        self.seq: int = given["seq"]
        self.attempt: int = given["attempt"]
        self.params: Mapping[str, Any] = given["params"]
        self.checkpoint: Mapping[str, Any] = given["checkpoint"]
        self.previous: Mapping[str, Mapping[str, Any]] = given["previous"]
        self.scratch = Path(given["scratch"])
        self._channel = channel
        # Whoever asks the worker for something waits for its answer before the next one asks.
        self._one_question = threading.Lock()
        # Not a threading.Event: a signal handler that sets one can wait for ever for the code that it interrupted.
        self._is_stopping = False

    @property
    def stopping(self) -> bool:
        """Whether the worker is about to stop: save, and call `hand_over`, or be killed within its grace."""
        return self._is_stopping

    def stop(self) -> None:
        """Let `stopping` be true; called where the worker asks for it."""
        self._is_stopping = True

    def progress(self, done: float, total: float | None, unit: str, note: str = "") -> None:
        """Report how far the stage is; cheap, so call it as often as there is news.

        Args:
            done: Units done, counted from the start of the stage and not of the attempt.
            total: Units in all; None while unknown.
            unit: What is counted, in the plural, such as "steps".
            note: What is in hand, for people.

        Raises:
            ValueError: A figure is not finite.
        """
        if not math.isfinite(done) or not math.isfinite(total or 0):
            raise ValueError(f"progress of {done} out of {total} {unit} is no figure")
        self._channel.say("progress", done=done, total=total, unit=unit, note=note)

    def log(self, line: str) -> None:
        """Say something to whoever looks at the stage; what it prints is taken down as well."""
        self._channel.say("log", line=line)

    def save(self, checkpoint: Mapping[str, Any], files: Mapping[str, Path] | None = None) -> None:
        """Record where a later attempt goes on, together with the files that it needs; return when that is safe.

        Args:
            checkpoint: Plain JSON, which replaces the former one.
            files: Files in `scratch`, each by the name under which `fetch` finds it; a former one of that name is
                replaced.
        """
        given = {name: str(path) for name, path in (files or {}).items()}
        self._ask("save", checkpoint=dict(checkpoint), files=given)
        self.checkpoint = dict(checkpoint)

    def fetch(self, name: str) -> Path:
        """Return the path in `scratch` of the newest file that any stage of this run saved under the name."""
        return Path(self._ask("fetch", name=name)["path"])

    def hand_over(self, reason: str | None = None) -> NoReturn:
        """Leave the rest to another attempt, which begins at the last checkpoint in a process of its own.

        Args:
            reason: Why, for people, as a clause without a subject; None where it is that `stopping` is true.
        """
        raise HandedOver(reason)

    def _ask(self, what: str, **details: Any) -> dict[str, Any]:
        with self._one_question:
            self._channel.say(what, **details)
            return self._channel.hear()
