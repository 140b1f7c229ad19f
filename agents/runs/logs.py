"""The log of a stage as values: what a line may hold, how much is kept, and how it reads as a text."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

Level = Literal["info", "warning", "error"]

LONGEST_LINE = 2_000
# Of a stage's log at most this much is kept, half of it from its beginning and half from its end.
MOST_LINES = 5_000
MOST_BYTES = 1_000_000

# What moves a terminal's cursor or changes its colours, and other characters that show nothing.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a stage's log; `n` counts within the attempt, also lines that were left out."""

    seq: int
    attempt: int
    n: int
    at: datetime
    level: Level
    line: str


def clean_lines(text: str) -> tuple[str, ...]:
    """Return a text as the lines that a log takes: printable, each of a bounded length, none of them empty."""
    # Names of files can hold bytes that are no text, which Postgres refuses.
    readable = _ESCAPES.sub("", text).encode("utf-8", "replace").decode("utf-8")
    lines = (_INVISIBLE.sub("", line).rstrip() for line in readable.splitlines())
    return tuple(line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…" for line in lines if line)


def line_text(line: LogLine) -> str:
    """Return a line with its time, and its level where that is not the usual one."""
    level = "" if line.level == "info" else f"{line.level}: "
    return f"{line.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} {level}{line.line}"


def log_texts(lines: Iterable[LogLine], names: Sequence[str], former: LogLine | None = None) -> Iterator[str]:
    """Yield a log as lines of text: a heading for each attempt, and a note where lines were left out.

    Args:
        lines: Of one or several stages, in order.
        names: Of the run's stages, by place.
        former: The line before them, where it was shown already.
    """
    for line in lines:
        same = former is not None and (former.seq, former.attempt) == (line.seq, line.attempt)
        if not same:
            yield f"== {names[line.seq]}, attempt {line.attempt} =="
        expected = former.n + 1 if former is not None and same else 0
        if line.n > expected:
            yield f"... {line.n - expected} lines left out ..."
        yield line_text(line)
        former = line
