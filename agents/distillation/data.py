"""The data that a run is proposed with: read, checked against the task, and bound to the approval by digests."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final

from agents.distillation.documents import evaluated
from agents.distillation.examples import Example, Input, read_examples, read_inputs
from agents.distillation.filtering import Dropped, reasons_in_words, worth_asking
from agents.distillation.gate import SMALLEST_GOLDEN
from agents.distillation.origins import KeptFile, Query, origin_words
from agents.distillation.similarity import folded
from agents.distillation.spec import DistillationSpec
from agents.distillation.tables import csv_lines, is_csv
from agents.errors import UserError, quoted
from agents.evaluation.tasks import Classification, Extraction, canonical_record, read, read_golden

FEWEST_EXAMPLES: Final = 20
"""Examples below which nothing can be trained that would mean anything."""

MOST_LABELS: Final = 100
"""Different outputs up to which a file is taken to hold labels."""

LARGEST_LEAK: Final = 0.5
"""The share of the golden set that may stand among the examples; fewer are dropped, more mean that they are one set."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """What was read: what it is called, what it holds, how many rows, and whether a copy was kept of it.

    A file stays where it lies; what a query returned, or was dropped in a thread, is only in the copy.
    """

    path: str
    sha256: str
    rows: int
    is_kept: bool = False

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        kept = {"kept": True} if self.is_kept else {}
        return {"path": self.path, "sha256": self.sha256, "rows": self.rows, **kept}


@dataclass(frozen=True, slots=True)
class Data:
    """What files hold; `files` by what they are for: golden, labelled, inputs.

    Attributes:
        inputs: Those that are worth asking a teacher for.
        leaking: How many labelled examples have a golden input; the filter drops them.
        not_asked: The inputs whose examples would be dropped whatever a teacher answered.
    """

    golden: Sequence[Example]
    labelled: Sequence[Example]
    inputs: Sequence[Input]
    files: Mapping[str, DataFile]
    leaking: int = 0
    not_asked: tuple[Dropped, ...] = ()


def origins(spec: DistillationSpec) -> dict[str, str | Query | KeptFile]:
    """Return where the data of a spec comes from, by what it is for."""
    given = {"golden": spec.data.golden, "labelled": spec.data.labelled, "inputs": spec.data.inputs}
    return {use: origin for use, origin in given.items() if origin is not None}


def read_data(spec: DistillationSpec, texts: Mapping[str, str]) -> Data:
    """Return the data of a spec.

    Args:
        spec: What is wanted.
        texts: What each of its origins holds, by what it is for.

    Raises:
        UserError: A file cannot be read, holds too little or outputs that are none of the task, or what is trained on
            is what is tested on.
    """
    found = origins(spec)
    names = {use: origin_words(origin) for use, origin in found.items()}
    lines = {use: lines_of(texts[use], name) for use, name in names.items()}
    rows = {use: sum(1 for line in held if line.strip()) for use, held in lines.items()}
    files = {
        use: DataFile(name, text_sha256(texts[use]), rows[use], is_kept=not isinstance(found[use], str))
        for use, name in names.items()
    }
    golden = _examples(spec, lines["golden"], names["golden"])
    _require_golden(spec, golden)
    labelled: Sequence[Example] = ()
    if "labelled" in names:
        labelled = _examples(spec, lines["labelled"], names["labelled"])
        _require_labelled(spec, labelled)
    inputs: Sequence[Input] = read_inputs(lines["inputs"], names["inputs"]) if "inputs" in names else ()
    trained = {"labelled": [each.input for each in labelled], "inputs": [each.text for each in inputs]}
    leaking = {use: _leaking(golden, given, names["golden"], names[use]) for use, given in trained.items() if given}
    own = own_inputs(spec, labelled)
    inputs, not_asked = worth_asking(inputs, own, golden, spec.filter, is_quick=True)
    data = Data(golden, labelled, inputs, files, leaking.get("labelled", 0), not_asked)
    _require_enough(spec, data)
    return data


def without_near(spec: DistillationSpec, data: Data) -> Data:
    """Return data without the inputs that are nearly the same as others, or in another language.

    Raises:
        UserError: Too few examples can come of the rest.
    """
    inputs, more = worth_asking(data.inputs, own_inputs(spec, data.labelled), data.golden, spec.filter)
    found = replace(data, inputs=inputs, not_asked=(*data.not_asked, *more))
    _require_enough(spec, found)
    return found


def own_inputs(spec: DistillationSpec, labelled: Sequence[Example]) -> tuple[Input, ...]:
    """Return the inputs of the team's own examples that the filter keeps as far as their outputs go."""
    task = evaluated(spec)
    return tuple(Input(labelled_id(each.id), each.input) for each in labelled if read(task, each.output).is_valid)


def labelled_id(each_id: str) -> str:
    """Return what the filter calls a labelled example, since ids of two files may be the same."""
    return f"l-{each_id}"


def lines_of(text: str, name: str) -> list[str]:
    """Return the lines of a file of JSON Lines, or those that a CSV file makes.

    Raises:
        UserError: It is a CSV file that cannot be read.
    """
    # Not by splitlines: a line of JSON may hold other characters that end lines.
    return csv_lines(text, name) if is_csv(name) else text.split("\n")


def data_summary(text: str, name: str) -> dict[str, Any]:
    """Return what a file holds, in short: rows, how many have an output, and its outputs where they are few.

    Raises:
        UserError: It is not such a file; the text names the line.
    """
    lines = lines_of(text, name)
    rows = read_inputs(lines, name)
    outputs = [json.loads(line).get("output") for line in lines if line.strip()]
    given = [output for output in outputs if output not in {None, ""}] if all(map(_is_plain, outputs)) else None
    if given is None:
        return {"rows": len(rows), "with_output": sum(output is not None for output in outputs), "labels": []}
    labels = sorted({str(output).strip() for output in given})
    are_labels = len(labels) <= MOST_LABELS and len(labels) * 2 <= len(given) and max(map(len, labels), default=0) <= 80
    return {"rows": len(rows), "with_output": len(given), "labels": labels if are_labels else []}


def _is_plain(output: Any) -> bool:
    return output is None or isinstance(output, str)


def text_sha256(text: str) -> str:
    """Return what stands for a text."""
    return sha256(text.encode()).hexdigest()


def _examples(spec: DistillationSpec, lines: Sequence[str], name: str) -> tuple[Example, ...]:
    """Return examples; records that a table holds as text become the text that a student is to write."""
    found = read_examples(lines, name)
    task = evaluated(spec)
    if not isinstance(task, Extraction):
        return found
    read_as = [(each, read(task, each.output)) for each in found]
    return tuple(
        replace(each, output=canonical_record(record.value)) if record.is_valid else each for each, record in read_as
    )


def _leaking(golden: Sequence[Example], inputs: Sequence[str], golden_name: str, name: str) -> int:
    """Return how many inputs are golden ones.

    Raises:
        UserError: So much of the golden set is among them that nothing would be tested.
    """
    tested = {folded(each.input) for each in golden}
    same = [text for text in inputs if folded(text) in tested]
    shared = {folded(text) for text in same}
    if len(shared) >= LARGEST_LEAK * len(tested):
        raise UserError(
            f"{len(shared):,} of the {len(tested):,} golden inputs of {golden_name} stand in {name} too, such as "
            f"{quoted(same[0])}: a student would be tested on what it was trained on. Keep the golden set out of the "
            "training data; a few that slip in are dropped and counted."
        )
    return len(same)


def _require_golden(spec: DistillationSpec, golden: Sequence[Example]) -> None:
    task, path = evaluated(spec), origin_words(spec.data.golden)
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


def _require_enough(spec: DistillationSpec, data: Data) -> None:
    """Make sure that a teacher is not paid for what cannot become enough to learn from."""
    synthesised = spec.data.synthesis.count if spec.data.synthesis is not None else 0
    own = len(own_inputs(spec, data.labelled))
    if spec.teacher is None or own + len(data.inputs) + synthesised >= FEWEST_EXAMPLES:
        return
    why = f" Left out: {reasons_in_words(data.not_asked)}." if data.not_asked else ""
    raise UserError(
        f"{own} labelled examples, {len(data.inputs)} inputs and {synthesised} to be written make fewer than the "
        f"{FEWEST_EXAMPLES} that teach anything.{why} Give more in data.inputs, or have the teacher write some "
        "(data.synthesis)."
    )


def _require_labelled(spec: DistillationSpec, labelled: Sequence[Example]) -> None:
    task, path = evaluated(spec), origin_words(spec.data.labelled or "")
    usable = [each for each in labelled if read(task, each.output).is_valid]
    if len(usable) < FEWEST_EXAMPLES and spec.teacher is None:
        odd = next((each for each in labelled if not read(task, each.output).is_valid), None)
        why = f" {quoted(odd.id)}: {read(task, odd.output).problem}." if odd is not None else ""
        raise UserError(
            f"{path} has {len(usable)} examples with outputs of the task, and fewer than {FEWEST_EXAMPLES} teach "
            f"nothing.{why} Give more, or a teacher."
        )
