"""Cuts a document into chunks that an embedder reads whole, along its headings, paragraphs and sentences.

The chunks of a text lie in order and do not overlap; between them is nothing but white space. Each carries the
headings it stands under, which are embedded and searched with it.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from agents.knowledge.documents import Parsed
from agents.knowledge.sentences import Span, sentences, trimmed
from agents.knowledge.structure import Block, Kind, blocks, parts
from agents.knowledge.tokens import Tokens

# Part of a generation's fingerprint: raise it when the same text may give other chunks.
FINGERPRINT = "blocks-1"

# A heading begins a chunk of its own unless what stands before it is shorter than this: a few words alone say
# too little to be found by.
_SMALL_TOKENS = 64
_HEADING_TOKENS = 40
# Text of few tokens can still be long (a drawing in dashes, base64), and Postgres takes 1 MB for a tsvector.
_LONGEST_CHARS = 6000
# BERT tokenizers make at most this many tokens of one word; longer words become one "unknown".
_WORD_TOKENS = 100
_SEPARATOR = " > "

Tokenize = Callable[[str], Tokens]
Split = Callable[[int, int], Iterator[Span]]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Characters [start, end) of a document's text, and where they stand."""

    start: int
    end: int
    content: str
    # The title and the headings above, from the highest down.
    heading: str
    page: int | None = None

    @property
    def embedded_text(self) -> str:
        """The text whose embedding stands for the chunk."""
        return f"{self.heading}\n{self.content}" if self.heading else self.content


def chunks(document: Parsed, tokenize: Tokenize, max_tokens: int) -> list[Chunk]:
    """Return the chunks of a document; none of them has more than `max_tokens` tokens, its headings included.

    Args:
        document: What was parsed.
        tokenize: Where the tokens of a text lie, as the embedder sees them.
        max_tokens: Tokens that the embedder reads, without the marks it adds.

    Raises:
        ValueError: `max_tokens` leaves no room for a word under its headings.
    """
    if max_tokens < _HEADING_TOKENS + _WORD_TOKENS:
        raise ValueError(f"chunks need room for {_HEADING_TOKENS + _WORD_TOKENS} tokens, not {max_tokens}")
    packer = _Packer(document, tokenize, max_tokens)
    for block in blocks(document.text, is_markdown=document.is_markdown):
        packer.add(block)
    packer.flush()
    return packer.made


class _Packer:
    """Fills one chunk after the other with the blocks of a document, in order."""

    def __init__(self, document: Parsed, tokenize: Tokenize, max_tokens: int) -> None:
        self.made: list[Chunk] = []
        self._document = document
        self._text = document.text
        self._tokens = tokenize(document.text)
        self._headings = _Headings(document.title, tokenize)
        self._max_tokens = max_tokens
        # The chunk in hand: where it lies, what it stands under, and its tokens without the headings.
        self._start = self._end = 0
        self._heading = ""
        self._room = max_tokens

    def add(self, block: Block) -> None:
        if block.kind is Kind.HEADING:
            if self._size() >= _SMALL_TOKENS:
                self.flush()
            self._headings.enter(block.level, block.words)
        finer: tuple[Split, ...] = (self._sentences, self._words)
        self._place(block.start, block.end, (lambda _start, _end: parts(self._text, block), *finer))

    def flush(self) -> None:
        if self._end > self._start:
            starts = self._document.page_starts
            page = bisect_right(starts, self._start) if starts else None
            content = self._text[self._start : self._end]
            self.made.append(Chunk(self._start, self._end, content, self._heading, page))
        self._start = self._end = 0

    def _place(self, start: int, end: int, finer: tuple[Split, ...]) -> None:
        if self._end > self._start and self._fits(self._start, end, self._room):
            self._end = end
        elif self._size() < _SMALL_TOKENS and self._end > self._start and finer:
            # Rather than leave a chunk of a few words behind, fill it with a part of what follows.
            self._divide(start, end, finer)
        elif self._fits(start, end, self._max_tokens - self._headings.tokens()):
            self._begin(start, end)
        elif finer:
            self._divide(start, end, finer)
        else:
            # One word, longer than a chunk may be. Each slice is a word again, of few tokens, but of more than the
            # whole had: nothing may join the last one.
            for first in range(start, end, _LONGEST_CHARS):
                self._begin(first, min(end, first + _LONGEST_CHARS))
            self.flush()

    def _divide(self, start: int, end: int, finer: tuple[Split, ...]) -> None:
        for first, last in finer[0](start, end):
            self._place(first, last, finer[1:])

    def _begin(self, start: int, end: int) -> None:
        self.flush()
        self._start, self._end = start, end
        self._heading = self._headings.path()
        self._room = self._max_tokens - self._headings.tokens()

    def _fits(self, start: int, end: int, room: int) -> bool:
        return end - start <= _LONGEST_CHARS and self._tokens.between(start, end) <= room

    def _size(self) -> int:
        return self._tokens.between(self._start, self._end)

    def _sentences(self, start: int, end: int) -> Iterator[Span]:
        return sentences(self._text, start, end)

    def _words(self, start: int, end: int) -> Iterator[Span]:
        starts = [begin for begin in self._tokens.words_between(start, end) if begin > start]
        for first, last in pairwise((start, *starts, end)):
            yield from trimmed(self._text, first, last)


class _Headings:
    """The title and the headings in force, shortened to what a chunk can spare for them."""

    def __init__(self, title: str, tokenize: Tokenize) -> None:
        self._title = title
        self._tokenize = tokenize
        self._open: list[tuple[int, str]] = []
        self._shortened = self._shorten()

    def enter(self, level: int, words: str) -> None:
        """Go on below a heading of `level`, which ends those of its level and below."""
        self._open = [(above, name) for above, name in self._open if above < level]
        if words:
            self._open.append((level, words))
        self._shortened = self._shorten()

    def path(self) -> str:
        return self._shortened[0]

    def tokens(self) -> int:
        return self._shortened[1]

    def _shorten(self) -> tuple[str, int]:
        """Return the path, without its highest parts or its end where it is too long, and its tokens."""
        names = [name for _, name in self._open]
        if self._title and self._title not in names[:1]:
            names.insert(0, self._title)
        while True:
            path = _SEPARATOR.join(names)
            tokens = self._tokenize(path)
            if len(tokens.starts) <= _HEADING_TOKENS:
                return path, len(tokens.starts)
            if len(names) == 1:
                break
            del names[0]
        begun = [tokens.starts[number] for number in tokens.word_starts if number <= _HEADING_TOKENS]
        path = path[: begun[-1]].rstrip()
        return path, len(self._tokenize(path).starts)
