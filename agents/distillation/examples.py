"""Examples, as files of JSON Lines hold them, and how such a file is read with care."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Literal

from agents.errors import UserError, quoted
from agents.evaluation.tasks import canonical_record

Source = Literal["labelled", "teacher", "synthetic"]
"""Whose an example's output is: the team's own, the teacher's for an input of the team's, or all the teacher's."""

MOST_ROWS: Final = 1_000_000
LONGEST_TEXT: Final = 200_000


@dataclass(frozen=True, slots=True)
class Example:
    """An input and the output that belongs to it, as the student is to write it.

    `output` is the label of a classification, canonical JSON of an extraction, or a text. `rationale` is
    what the teacher thought in words before it.
    """

    id: str
    input: str
    output: str
    source: Source = "labelled"
    rationale: str | None = None

    def row(self) -> dict[str, Any]:
        """Return the object of its line."""
        row: dict[str, Any] = {"id": self.id, "input": self.input, "output": self.output, "source": self.source}
        return row if self.rationale is None else row | {"rationale": self.rationale}


@dataclass(frozen=True, slots=True)
class Input:
    """An input without an output."""

    id: str
    text: str


def read_examples(lines: Iterable[str], name: str) -> tuple[Example, ...]:
    """Return the examples of a file; an output that is an object is taken as its canonical text.

    Args:
        lines: Of the file.
        name: What the file is called, for errors.

    Raises:
        UserError: A line is no such object, an id stands twice, or there are none.
    """
    return tuple(_examples(lines, name))


def read_inputs(lines: Iterable[str], name: str) -> tuple[Input, ...]:
    """Return the inputs of a file; outputs are not looked at.

    Raises:
        UserError: As of `read_examples`.
    """
    return tuple(Input(each_id, text) for each_id, text, _ in _rows(lines, name))


def jsonl(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as JSON Lines."""
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def dataset_sha256(examples: Sequence[Example]) -> str:
    """Return what stands for a data set whatever the order of its rows and their ids."""
    digest = sha256()
    for line in sorted(json.dumps([each.input, each.output], ensure_ascii=False) for each in examples):
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()


def _examples(lines: Iterable[str], name: str) -> Iterator[Example]:
    for each_id, text, row in _rows(lines, name):
        output = row.get("output")
        if isinstance(output, dict | list):
            try:
                output = canonical_record(output)
            except ValueError as cause:  # 1e999 is JSON, and infinite once read
                raise UserError(
                    f"{name}: the output of {quoted(each_id)} holds a number that is too large. Correct it."
                ) from cause
        if not isinstance(output, str) or not output.strip():
            raise UserError(f'{name}: the example {quoted(each_id)} has no "output". Give the text or the record.')
        yield Example(each_id, text, output.strip())


def _rows(lines: Iterable[str], name: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield id, input and the whole object of each line that is not empty."""
    seen: set[str] = set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        row = _row(line, f"{name}, line {number}")
        each_id = str(row.get("id", f"line-{number}"))
        if each_id in seen:
            raise UserError(f"{name}, line {number}: the id {quoted(each_id)} stands there already. Give each its own.")
        if len(seen) == MOST_ROWS:
            raise UserError(f"{name} has more than {MOST_ROWS:,} rows. Split it, or take a sample.")
        seen.add(each_id)
        yield each_id, row["input"], row
    if not seen:
        raise UserError(f'{name} holds no rows. Write one JSON object a line, with "input" and "output".')


def _row(line: str, place: str) -> Mapping[str, Any]:
    try:
        row = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as cause:
        raise UserError(f"{place} is not JSON: {quoted(line.strip())}. Write one object a line.") from cause
    if not isinstance(row, dict):
        raise UserError(f'{place} is no object: {quoted(line.strip())}. Write {{"input": …, "output": …}}.')
    text = row.get("input")
    if not isinstance(text, str) or not text.strip():
        raise UserError(f'{place} has no "input": {quoted(row)}. Give the text.')
    if len(text) > LONGEST_TEXT:
        raise UserError(f"{place}: its input has {len(text):,} characters, and {LONGEST_TEXT:,} are read at most.")
    # Half a character of UTF-16, which JSON can write and neither Postgres nor a tokeniser takes.
    if _has_half([text, row.get("output")]):
        raise UserError(f"{place} holds a character that is none, such as a lone surrogate or NUL. Take it out.")
    return row


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _has_half(value: Any) -> bool:
    """Return whether a text anywhere in a value holds a lone surrogate or NUL."""
    if isinstance(value, str):
        return "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, dict):
        return any(_has_half(key) or _has_half(each) for key, each in value.items())
    return isinstance(value, list) and any(map(_has_half, value))
