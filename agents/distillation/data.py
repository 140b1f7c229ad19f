"""The data that a run is proposed with: read, checked against the task, and bound to the approval by digests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from agents.distillation.documents import evaluated
from agents.distillation.examples import Example, Input, read_examples, read_inputs
from agents.distillation.gate import SMALLEST_GOLDEN
from agents.distillation.spec import DistillationSpec
from agents.errors import UserError, quoted
from agents.evaluation.tasks import Classification, read, read_golden

SMALLEST_LABELLED: Final = 20
"""Labelled examples below which nothing can be trained or filtered that would mean anything."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file that was read: where it lies, what it holds, and how many rows."""

    path: str
    sha256: str
    rows: int

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {"path": self.path, "sha256": self.sha256, "rows": self.rows}


@dataclass(frozen=True, slots=True)
class Data:
    """What files hold; `files` by what they are for: golden, labelled, inputs."""

    golden: Sequence[Example]
    labelled: Sequence[Example]
    inputs: Sequence[Input]
    files: dict[str, DataFile]


def read_data(spec: DistillationSpec, text_of: Callable[[str], str]) -> Data:
    """Return the data of a spec.

    Args:
        spec: What is wanted.
        text_of: Returns the text of the file at a path.

    Raises:
        UserError: A file cannot be read, holds too little, or outputs that are none of the task.
    """
    files: dict[str, DataFile] = {}

    def lines(use: str, path: str) -> list[str]:
        text = text_of(path)
        found = text.split("\n")
        files[use] = DataFile(path, sha256(text.encode()).hexdigest(), sum(1 for each in found if each.strip()))
        return found

    golden = read_examples(lines("golden", spec.data.golden), spec.data.golden)
    _require_golden(spec, golden)
    labelled: Sequence[Example] = ()
    if spec.data.labelled is not None:
        labelled = read_examples(lines("labelled", spec.data.labelled), spec.data.labelled)
        _require_labelled(spec, labelled)
    inputs: Sequence[Input] = ()
    if spec.data.inputs is not None:
        inputs = read_inputs(lines("inputs", spec.data.inputs), spec.data.inputs)
    return Data(golden, labelled, inputs, files)


def _require_golden(spec: DistillationSpec, golden: Sequence[Example]) -> None:
    task, path = evaluated(spec), spec.data.golden
    if len(golden) < SMALLEST_GOLDEN:
        raise UserError(
            f"{path} has {len(golden)} golden examples, and below {SMALLEST_GOLDEN} no score means anything (rule D1). "
            "Collect more, a few hundred if you can, then try again."
        )
    wrong = [each for each in golden if not read_golden(task, each.output).is_valid]
    if wrong:
        problem = read_golden(task, wrong[0].output).problem
        raise UserError(
            f"{path}: {len(wrong)} golden outputs are none of the task, such as {quoted(wrong[0].id)}: {problem}. "
            "Correct them, or the task."
        )
    if isinstance(task, Classification):
        missing = sorted(set(task.labels) - {each.output for each in golden})
        if len(missing) == len(task.labels) - 1:
            raise UserError(f"{path} holds one label only, {golden[0].output!r}: nothing can be told apart by it.")


def _require_labelled(spec: DistillationSpec, labelled: Sequence[Example]) -> None:
    task, path = evaluated(spec), spec.data.labelled
    usable = [each for each in labelled if read(task, each.output).is_valid]
    if len(usable) < SMALLEST_LABELLED and spec.teacher is None:
        odd = next((each for each in labelled if not read(task, each.output).is_valid), None)
        why = f" {quoted(odd.id)}: {read(task, odd.output).problem}." if odd is not None else ""
        raise UserError(
            f"{path} has {len(usable)} examples with outputs of the task, and fewer than {SMALLEST_LABELLED} teach "
            f"nothing.{why} Give more, or a teacher."
        )
