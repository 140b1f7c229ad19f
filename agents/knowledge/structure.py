"""What a text is made of: headings, paragraphs, lists and tables, code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from agents.knowledge.sentences import Span, sentences, trimmed

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t\r]*$")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t\r]*$")
# A list's item or a table's row.
_ITEM = re.compile(r"^[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+\S|\||:?-{2,}:?[ \t]*\|)", re.MULTILINE)
_FRONT_MATTER = re.compile(r"---[ \t\r]*\n(?:.*\n)*?(?:---|\.\.\.)[ \t\r]*(?:\n|\Z)")
_TITLE = re.compile(r"^title:[ \t]*(.+?)[ \t\r]*$", re.MULTILINE)
# Emphasis, links (their text stays), tags, and the marks of template languages.
_MARKUP = re.compile(r"\*+|`+|(?<!\w)_+|_+(?!\w)|!?\[([^\]]*)\]\([^)]*\)|<[^>]{0,200}>|\{[%{#][^}]{0,200}[}%#]\}?")


class Kind(Enum):
    """How a block may be divided: not at all, at sentences, before items and rows, or at line ends."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST = "list"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a text that belongs together: characters [start, end), with no white space at either end."""

    start: int
    end: int
    kind: Kind
    # Of a heading: 1 for the highest, and its words without markup.
    level: int = 0
    words: str = ""


def front_matter(text: str) -> str:
    """Return the YAML head that a Markdown file may begin with, or an empty string."""
    found = _FRONT_MATTER.match(text)
    return found.group() if found else ""


def title_of(text: str, otherwise: str) -> str:
    """Return a Markdown text's title: its head's, else its first heading of level one, else `otherwise`."""
    head = front_matter(text)
    named = _TITLE.search(head)
    if named and (title := named.group(1).strip("\"'").strip()):
        return title
    for block in blocks(text, is_markdown=True):
        if block.kind is Kind.HEADING and block.level == 1 and block.words:
            return block.words
    return otherwise


def blocks(text: str, *, is_markdown: bool) -> Iterator[Block]:
    """Yield the blocks of `text` in order; between them, and before a Markdown head's end, lies nothing to read."""
    start = len(front_matter(text)) if is_markdown else 0
    gathered = _Gathered(text)
    fence = ""
    for line_start, line_end in _lines(text, start):
        line = text[line_start:line_end]
        opened = _FENCE.match(line) if is_markdown else None
        if fence:
            gathered.add(line_start, line_end)
            # The mark that ends code is the one that began it, at least as long, and alone.
            if opened and opened.group(1).startswith(fence) and not line[opened.end() :].strip():
                fence = ""
                yield from gathered.close(Kind.CODE)
        elif opened:
            yield from gathered.close()
            fence = opened.group(1)
            gathered.add(line_start, line_end)
        elif not line.strip():
            yield from gathered.close()
        elif is_markdown and (heading := _HEADING.match(line)):
            yield from gathered.close()
            yield from _heading(text, line_start, line_end, len(heading.group(1)), heading.group(2))
        elif is_markdown and gathered.lines == 1 and (underline := _UNDERLINE.match(line)) and not gathered.is_item():
            words = text[gathered.start : gathered.end]
            yield from _heading(text, gathered.start, line_end, 1 if "=" in underline.group(1) else 2, words)
            gathered.clear()
        else:
            gathered.add(line_start, line_end)
    yield from gathered.close(Kind.CODE if fence else None)


def parts(text: str, block: Block) -> Iterator[Span]:
    """Yield the parts that a block may be divided into: a heading whole, sentences, items or lines."""
    if block.kind is Kind.HEADING:
        yield block.start, block.end
    elif block.kind is Kind.CODE:
        for start, end in _lines(text, block.start, block.end):
            yield from trimmed(text, start, end)
    elif block.kind is Kind.LIST:
        # A line that begins no item goes on with the one before.
        begins = [found.start() for found in _ITEM.finditer(text, block.start, block.end)]
        for start, end in pairwise(sorted({block.start, *begins, block.end})):
            yield from trimmed(text, start, end)
    else:
        yield from sentences(text, block.start, block.end)


class _Gathered:
    """The lines of the block that is being read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.clear()

    def clear(self) -> None:
        self.start = self.end = self.lines = 0

    def add(self, start: int, end: int) -> None:
        self.start = self.start if self.lines else start
        self.end = end
        self.lines += 1

    def is_item(self) -> bool:
        return bool(_ITEM.match(self._text, self.start, self.end))

    def close(self, kind: Kind | None = None) -> Iterator[Block]:
        if self.lines:
            if kind is None:
                # A list may follow its introduction without an empty line, a table its header.
                is_list = _ITEM.search(self._text, self.start, self.end)
                kind = Kind.LIST if is_list else Kind.PARAGRAPH
            for start, end in trimmed(self._text, self.start, self.end):
                yield Block(start, end, kind)
        self.clear()


def _heading(text: str, start: int, end: int, level: int, words: str) -> Iterator[Block]:
    for first, last in trimmed(text, start, end):
        yield Block(first, last, Kind.HEADING, level, plain(words))


def plain(text: str) -> str:
    """Return the words of Markdown on one line, without its marks and the targets of its links."""
    return " ".join(_MARKUP.sub(lambda found: found.group(1) or " ", text).split())


def _lines(text: str, start: int, end: int | None = None) -> Iterator[Span]:
    end = len(text) if end is None else end
    while start < end:
        after = text.find("\n", start, end) + 1 or end
        yield start, after
        start = after
