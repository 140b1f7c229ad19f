"""Quotes and the check that each must pass before it leaves."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Citation:
    """Words of a document: `quote` is its text's characters [start, end)."""

    document: str
    quote: str
    start: int
    end: int
    link: str | None = None


def verify(quote: str, start: int, end: int, text: str, *, text_start: int = 0) -> bool:
    """Return whether `quote`, to the character, stands at [start, end).

    Args:
        quote: What is claimed to be written there.
        start: First character, counted in the document.
        end: One after the last.
        text: The document's text, or the part of it that begins at `text_start`.
        text_start: Where `text` begins in the document.
    """
    first, last = start - text_start, end - text_start
    return bool(quote.strip()) and 0 <= first < last <= len(text) and text[first:last] == quote
