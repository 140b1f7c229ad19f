"""A text that comes in pieces, given out in whole sentences.

A sentence is whole once what follows shows that it has ended: "40." may go on as "40.5", "approx." as anything. Lines
of a list and headings end with their line; a block of code is one sentence; a text without an end is parted at a blank.
"""

import re
from typing import Final

LONGEST: Final = 600
"""Characters after which a sentence without an end is given out, up to a blank."""

_FENCE: Final = re.compile(r"^ {0,3}(```|~~~)", re.MULTILINE)
# What may end a sentence; closing quotes and brackets belong to it.
_END: Final = re.compile(r"(?P<wide>[。！？]+)|(?P<mark>[.!?…]+)[\"'”’»)\]*_]*(?=\s)|(?P<line>\n)")  # noqa: RUF001  # as typed
_CLOSING: Final = "\"'”’»)]*_」』）"  # noqa: RUF001  # as typed
_ABBREVIATIONS: Final = frozenset(
    {
        "e.g", "i.e", "etc", "approx", "ca", "vs", "cf", "nr", "fig", "incl", "excl", "resp", "mr", "mrs", "dr", "z.b",
        "d.h", "u.a", "bzw", "usw", "evtl", "ggf", "inkl", "p.ex", "p.ej", "np", "m.in", "tj", "tzn", "avg", "inc",
    }
)  # fmt: skip
_WORD_BEFORE: Final = re.compile(r"(\S+)$")
_LIST_NUMBER: Final = re.compile(r"(?:^|\n)[ \t>*_-]*\d{1,3}$")


class Sentences:
    """Takes pieces, gives sentences; joined they are the text."""

    def __init__(self) -> None:
        self._text = ""

    def feed(self, piece: str) -> list[str]:
        """Return the sentences that are whole now, each with the blanks and line ends behind it."""
        self._text += piece
        found: list[str] = []
        while end := _end(self._text):
            found.append(self._text[:end])
            self._text = self._text[end:]
        return found

    def rest(self) -> str:
        """Return what is left, which no more follows."""
        rest, self._text = self._text, ""
        return rest


def _end(text: str) -> int:
    """Return where the first sentence of a text ends; 0 where that cannot be told yet."""
    fence = _FENCE.search(text)
    for match in _END.finditer(text):
        if fence is not None and match.start() >= fence.start():
            return _fence_end(text, fence) if not text[: fence.start()].strip() else fence.start()
        end = _behind(text, match)
        if end == len(text):
            # More blanks may follow, or what shows that the sentence goes on.
            return 0
        if _ends(text, match, end):
            return end
    return _overlong(text)


def _behind(text: str, match: re.Match[str]) -> int:
    """Return where what follows an end begins."""
    end = match.end()
    if match["wide"]:
        while end < len(text) and text[end] in _CLOSING:
            end += 1
    while end < len(text) and text[end].isspace():
        end += 1
    return end


def _ends(text: str, match: re.Match[str], end: int) -> bool:
    """Return whether a sentence ends there."""
    before = text[: match.start()]
    if match["line"]:
        # A line that is broken within a paragraph goes on in the next.
        return bool(before.strip()) and (
            "\n" in text[match.end() : end] or not text[end].isalnum() or text[end].isupper() or text[end].isdigit()
        )
    if before.count("`") % 2:
        return False
    if match["wide"]:
        return True
    if text[end].islower():
        return False
    if set(match["mark"]) != {"."}:
        return True
    word = _WORD_BEFORE.search(before)
    last = word[1].lstrip("(\"'“‘*_").lower() if word else ""  # noqa: RUF001  # as typed
    return not (last in _ABBREVIATIONS or (len(last) == 1 and last.isalpha()) or _LIST_NUMBER.search(before))


def _fence_end(text: str, fence: re.Match[str]) -> int:
    """Return where a block of code that begins a text ends, 0 where it is not closed yet."""
    closing = re.compile(rf"^ {{0,3}}{fence[1]}[^\n]*\n\s*(?=\S)", re.MULTILINE).search(text, fence.end())
    return closing.end() if closing is not None else 0


def _overlong(text: str) -> int:
    if len(text) <= LONGEST or _FENCE.search(text) is not None:
        return 0
    for at in range(LONGEST, 0, -1):
        # "40 000" is one figure, and "5 USD" too.
        if text[at - 1].isspace() and not text[at].isspace() and not text[at - 2].isdigit() and not text[at].isdigit():
            return at
    return 0
