"""The data card: what a data set holds, where it came from, what was left out and why, on one page of Markdown."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from agents.distillation.examples import Example, dataset_sha256
from agents.distillation.filtering import Filtered
from agents.distillation.splitting import Split
from agents.evaluation.tasks import Classification, Task

_SOURCES = {
    "labelled": "the team's own, with the team's outputs",
    "teacher": "the team's own, with the teacher's outputs",
    "synthetic": "written by the teacher, input and output",
}
_MOST_LABELS = 100


@dataclass(frozen=True, slots=True)
class DataCardInputs:
    """What a card says beside the examples. `terms` are those that were acknowledged of the teacher's provider."""

    name: str
    version: int
    made_on: dt.date
    licence: str
    teacher: str | None = None
    terms: str | None = None


def data_card(about: DataCardInputs, task: Task, found: Filtered, parts: Split, golden: Sequence[Example]) -> str:
    """Return the data card as Markdown."""
    lines = [
        f"# Data card: {_plain(about.name)}, version {about.version}",
        "",
        f"Made on {about.made_on.isoformat()} for a task of {task.kind}.",
        "",
        *_table(
            ("part", "examples", "sha256 of inputs and outputs"),
            [
                ("train", len(parts.train), dataset_sha256(parts.train)),
                ("validation", len(parts.validation), dataset_sha256(parts.validation)),
                ("golden (never trained on)", len(golden), dataset_sha256(golden)),
            ],
        ),
        "## Sources",
        "",
        *_table(("source", "kept"), _sources(found.kept)),
        f"- Teacher: {_plain(about.teacher or 'none')}",
        f"- Terms of its provider: {_plain(about.terms or ('none' if about.teacher is None else 'not stated'))}",
        f"- Licence of the team's data: {_plain(about.licence)}",
        "",
        "## Dropped",
        "",
        f"{len(found.dropped):,} of {len(found.kept) + len(found.dropped):,}, each for the first reason that applied.",
        "",
        *_table(("reason", "examples"), list(found.counts.items())),
        "## Lengths",
        "",
        *_table(
            ("characters", "half at most", "the longest"),
            [
                _lengths("input", [each.input for each in found.kept]),
                _lengths("output", [each.output for each in found.kept]),
            ],
        ),
    ]
    if isinstance(task, Classification):
        lines += ["## Labels", "", *_labels(task, found.kept)]
    return "\n".join(lines).rstrip() + "\n"


def _sources(kept: Sequence[Example]) -> list[tuple[object, ...]]:
    counted = Counter[str](each.source for each in kept)
    return [(f"{source}: {told}", counted[source]) for source, told in _SOURCES.items()]


def _lengths(name: str, texts: Sequence[str]) -> tuple[object, ...]:
    lengths = sorted(map(len, texts)) or [0]
    return name, lengths[(len(lengths) - 1) // 2], lengths[-1]


def _labels(task: Classification, kept: Sequence[Example]) -> list[str]:
    """Return how many examples each label has, the rarest first, since they are what to look at."""
    counted = Counter(each.output for each in kept)
    rows = sorted(((label, counted[label]) for label in task.labels), key=lambda row: (row[1], row[0]))
    more = [f"… and {len(rows) - _MOST_LABELS:,} more frequent ones.", ""] if len(rows) > _MOST_LABELS else []
    return [*_table(("label", "examples"), list(rows[:_MOST_LABELS])), *more]


def _table(head: Sequence[str], rows: Sequence[tuple[object, ...]]) -> list[str]:
    """Return a table, its numbers to the right, and the empty line behind it."""
    first = rows[0]
    rule = "|".join("---:" if isinstance(cell, int) else "---" for cell in first)
    written = [" | ".join(f"{cell:,}" if isinstance(cell, int) else _plain(str(cell)) for cell in row) for row in rows]
    return [f"| {' | '.join(head)} |", f"|{rule}|", *(f"| {row} |" for row in written), ""]


def _plain(text: str) -> str:
    """Return a text as one line that no table or markup of the card is broken by."""
    plain = " ".join(text.split())
    for mark in "\\|`*_<>[]#":
        plain = plain.replace(mark, f"\\{mark}")
    return plain
