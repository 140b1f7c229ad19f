"""Documents as they are found and as they are read."""

from collections.abc import Sequence
from dataclasses import dataclass


class Unreadable(Exception):  # noqa: N818  # a document's state with its reason, not a failure of the program
    """A document that gives no text; the message says why, for people.

    Args:
        reason: What is wrong with the file.
        may_pass: Trying again may help, although the file stays the same.
    """

    def __init__(self, reason: str, *, may_pass: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.may_pass = may_pass


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of a source: its path inside the source, with slashes, its size in bytes and its content's digest."""

    uri: str
    size: int
    sha256: bytes
    # Why it cannot be indexed, known before it is read; None where it can.
    refusal: str | None = None
    # The refusal may pass although the file stays the same.
    may_pass: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document's text; every span of a chunk or a citation counts the characters of `text`."""

    text: str
    title: str
    # Where each page begins, for kinds of documents that have pages.
    page_starts: Sequence[int] = ()
    is_markdown: bool = False
    # Something a reader should know about how the text was read.
    note: str | None = None
