"""What a text says in somebody's words: quotations and quoted lines, and whether they stand so in a source."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

FEWEST_WORDS: Final = 4
"""Fewer words in quotation marks are a name, a label or a term."""

FEWEST_WIDE: Final = 8
"""Characters that count as that many words where a script writes no blanks between them."""

_PAIRS: Final = (
    re.compile(r"“([^”]*)(?:”|$)"),
    re.compile(r"„([^“”]*)(?:[“”]|$)"),
    re.compile(r"«([^»]*)(?:»|$)"),
    re.compile(r"»([^«]*)(?:«|$)"),
    re.compile(r"‹([^›]*)(?:›|$)"),  # noqa: RUF001  # a mark of quotation
    re.compile(r"「([^」]*)(?:」|$)"),
    re.compile(r"『([^』]*)(?:』|$)"),
    re.compile(r"(?<![\w’])‘(.*?)(?:’(?!\w)|$)", re.DOTALL),  # noqa: RUF001  # as above
    re.compile(r"(?<![\w'])'(.*?)(?:'(?!\w)|$)", re.DOTALL),
    re.compile(r"(?<!\d)\"([^\"]*)(?:\"|$)"),
)
# The end of a quotation whose beginning nobody saw.
_ONLY_CLOSED: Final = re.compile(r"^([^“„”]*)”")
_QUOTED_LINE: Final = re.compile(r"(?m)^[ \t]*(?:(?:[-*+•]|\d{1,3}[.)])[ \t]+)*(?:>|&gt;)+[ \t]?(.*)$")
_LEFT_OUT: Final = re.compile(r"\s*(?:\[\s*(?:\.{3}|…)\s*\]|\(\s*(?:\.{3}|…)\s*\)|\.{3}|…)\s*")
_MARKS: Final = re.compile(r"[*_`~\u200b-\u200f\u2060\ufeff\u00ad]")
_STRAIGHT: Final = str.maketrans(dict.fromkeys("“”„«»‹›「」『』", '"') | dict.fromkeys("‘’‚", "'"))  # noqa: RUF001  # as above
_EDGES: Final = " \t\n.,;:!?-–—\"'()[]。、！？"  # noqa: RUF001  # punctuation may belong to the sentence around
_WORD: Final = re.compile(r"\w+")
_WIDE: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def quotations(text: str) -> Iterator[str]:
    """Yield what a text gives as somebody's words and is long enough to be such."""
    for pattern in _PAIRS:
        yield from (match[1].strip() for match in pattern.finditer(text) if _is_long(match[1]))
    if (match := _ONLY_CLOSED.match(text)) is not None and _is_long(match[1]):
        yield match[1].strip()
    yield from (match[1].strip() for match in _QUOTED_LINE.finditer(text) if _is_long(match[1]))


class Quotable:
    """Texts whose words may be quoted.

    Args:
        texts: What may be quoted, each a whole.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts: Sequence[str] = [_folded(text) for text in texts]

    def holds(self, quotation: str) -> bool:
        """Return whether the words stand in one of the texts, blanks aside; "…" may stand for words left out."""
        folded = (_folded(part).strip(_EDGES) for part in _LEFT_OUT.split(quotation))
        parts = [part for part in folded if part]
        return any(_stand(parts, text) for text in self._texts)


def _stand(parts: Sequence[str], text: str) -> bool:
    """Return whether the parts stand in the text in their order, each as whole words."""
    at = 0
    for part in parts:
        found = text.find(part, at)
        while found >= 0 and not _is_whole(text, found, found + len(part)):
            found = text.find(part, found + 1)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _is_whole(text: str, start: int, end: int) -> bool:
    around = (text[start - 1 : start] + text[start], text[end - 1] + text[end : end + 1])
    return not any(len(each) == 2 and each.isalnum() and not _WIDE.search(each) for each in around)


def _is_long(words: str) -> bool:
    return len(_WORD.findall(words)) >= FEWEST_WORDS or len(_WIDE.findall(words)) >= FEWEST_WIDE


def _folded(text: str) -> str:
    plain = _MARKS.sub("", unicodedata.normalize("NFKC", text)).translate(_STRAIGHT)
    return " ".join(plain.split())
