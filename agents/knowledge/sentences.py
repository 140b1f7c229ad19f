"""Where sentences begin and end, by punctuation; made for prose in languages that write sentences like English."""

import re
from collections.abc import Iterator

Span = tuple[int, int]

_QUOTES = r"\"'\u201c\u201d\u2018\u2019\u00ab\u00bb"
# An end mark with what may close after it, then a space, then something a sentence begins with. Chinese and
# Japanese marks (the full stop, and the full-width exclamation and question mark) need no space.
_END = re.compile(
    rf"[.!?\u2026]+[{_QUOTES})\]*_]*(?=\s+[{_QUOTES}(\[*_]*[^\Wa-z_])|[\u3002\uff01\uff1f]+[\u300d\u300f{_QUOTES}]*"
)
# The word before the full stop is short for something.
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Za-z]|e\.g|i\.e|etc|vs|cf|approx|dept|est|fig|figs|inc|jr|ltd|mr|mrs|ms|dr|no|nos|pp|prof|sec|"
    r"sr|st|vol|u\.s|jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec))\.$",
    re.IGNORECASE,
)
_LONGEST_ABBREVIATION = 12


def sentences(text: str, start: int = 0, end: int | None = None) -> Iterator[Span]:
    """Yield the sentences of text[start:end] as spans of `text` without the white space around them."""
    end = len(text) if end is None else end
    begin = start
    for mark in _END.finditer(text, start, end):
        if not _ABBREVIATION.search(text, max(begin, mark.end() - _LONGEST_ABBREVIATION), mark.end()):
            yield from trimmed(text, begin, mark.end())
            begin = mark.end()
    yield from trimmed(text, begin, end)


def trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield [start, end) without the white space around it, or nothing where there is nothing else."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if end > start:
        yield start, end
