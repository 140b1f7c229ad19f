"""What a text quotes: words in quotation marks, and quoted lines."""

import re
from collections.abc import Iterator
from typing import Final

LEAST_WORDS: Final = 4
"""Shorter ones are names, labels and emphasis."""

_MARKS: Final = (('"', '"'), ("“", "”"), ("„", "“"), ("„", "”"), ("«", "»"), ("»", "«"), ("「", "」"), ("『", "』"))
_QUOTED: Final = tuple(re.compile(rf"{re.escape(begin)}([^{begin}{end}\n]+){re.escape(end)}") for begin, end in _MARKS)
_LINE: Final = re.compile(r"(?m)^ {0,3}> ?(.+)$")
_NOT_WORDS: Final = re.compile(r"[\s*_`]+")


def quotes(text: str) -> Iterator[str]:
    """Yield what a text says to be somebody's own words."""
    for pattern in _QUOTED:
        for match in pattern.finditer(text):
            if len(match[1].split()) >= LEAST_WORDS:
                yield match[1]
    yield from (match[1] for match in _LINE.finditer(text))


def folded(text: str) -> str:
    """Return a text as quotes of it are compared: whatever blanks, case, emphasis and ends of sentences it has."""
    return _NOT_WORDS.sub(" ", text.translate(_TYPED)).casefold().strip(" .,;:!?…")


_TYPED: Final = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "„": '"'})  # noqa: RUF001  # as phones type them
