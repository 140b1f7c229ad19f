"""What a line of a log may hold, and how a log reads as a text."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.runs.logs import LONGEST_LINE, LogLine, clean_lines, log_texts

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@given(st.text(st.characters(codec=None), max_size=300) | st.text("\x1b[]0;m\x07\r\n\x00\ud800 a", max_size=80))
def test_any_text_becomes_lines_that_postgres_and_a_terminal_take(text: str) -> None:
    for line in clean_lines(text):
        assert 1 <= len(line) <= LONGEST_LINE
        assert line.strip()
        line.encode("utf-8")
        assert all(character == "\t" or character >= " " for character in line)
        assert not any("\x7f" <= character <= "\x9f" for character in line)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ()),
        ("\n \n", ()),
        ("one", ("one",)),
        ("one\r\ntwo\n", ("one", "two")),
        # What progress bars do: each turn of the line is one.
        ("10%\r20%\r", ("10%", "20%")),
        ("\x1b[1;31mred\x1b[0m", ("red",)),
        ("\x1b]0;title\x07after", ("after",)),
        ("a\tb", ("a\tb",)),
        ("x" * LONGEST_LINE, ("x" * LONGEST_LINE,)),
        ("x" * (LONGEST_LINE + 1), ("x" * (LONGEST_LINE - 1) + "…",)),
    ],
)
def test_a_text_becomes_its_printable_lines(text: str, lines: tuple[str, ...]) -> None:
    assert clean_lines(text) == lines


def make_line(n: int, *, seq: int = 0, attempt: int = 1, **more: str) -> LogLine:
    values = {"level": "info", "line": f"line {n}", **more}
    return LogLine(seq, attempt, n, NOW, **values)  # type: ignore[arg-type]  # literal level


def test_a_log_says_which_attempt_wrote_it_and_where_lines_are_missing() -> None:
    lines = [
        make_line(0),
        make_line(1, level="warning"),
        make_line(5),
        make_line(2, attempt=2),
        make_line(0, seq=1),
    ]
    assert list(log_texts(lines, ["list", "ingest"])) == [
        "== list, attempt 1 ==",
        "2026-11-23 12:00:00 line 0",
        "2026-11-23 12:00:00 warning: line 1",
        "... 3 lines left out ...",
        "2026-11-23 12:00:00 line 5",
        "== list, attempt 2 ==",
        "... 2 lines left out ...",
        "2026-11-23 12:00:00 line 2",
        "== ingest, attempt 1 ==",
        "2026-11-23 12:00:00 line 0",
    ]


def test_times_are_shown_in_utc() -> None:
    line = LogLine(0, 1, 0, NOW.astimezone(timezone(timedelta(hours=-5))), "info", "here")
    assert list(log_texts([line], ["list"]))[1] == "2026-11-23 12:00:00 here"
