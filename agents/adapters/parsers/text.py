"""Markdown and plain text: the file's own characters, so that spans count the characters of the file."""

import codecs
from pathlib import PurePosixPath

from agents.knowledge.documents import Parsed, Unreadable
from agents.knowledge.structure import title_of

# Longest first: the mark of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# Of the control characters, text has these; many others mean that the bytes are no text.
_TEXT_CONTROLS = frozenset("\t\n\r\f\x1b")
_MOST_CONTROLS = 0.01


class MarkdownParser:
    """Markdown as it stands."""

    suffixes = (".md", ".markdown", ".mdx", ".mdown")
    fingerprint = "markdown-1"

    def parse(self, content: bytes, name: str) -> Parsed:
        """Return the characters of the file."""
        text, note = decoded(content)
        return Parsed(text, title_of(text, stem(name)), is_markdown=True, note=note)


class TextParser:
    """Plain text as it stands."""

    suffixes = (".txt", ".text", ".rst", ".log")
    fingerprint = "text-1"

    def parse(self, content: bytes, name: str) -> Parsed:
        """Return the characters of the file."""
        text, note = decoded(content)
        return Parsed(text, stem(name), note=note)


def stem(name: str) -> str:
    """Return a file's name without folders and ending, as a title."""
    return PurePosixPath(name).stem


def decoded(content: bytes) -> tuple[str, str | None]:
    """Return the characters of a text file, and what had to be guessed or replaced.

    Raises:
        Unreadable: The bytes are no text.
    """
    text, note = _decoded(content)
    if sum(character < " " and character not in _TEXT_CONTROLS for character in text) > len(text) * _MOST_CONTROLS:
        raise Unreadable("Not a text file, though its name says so: it holds binary data.")
    # Postgres stores no NUL. One character takes the place of one, so that spans stay right.
    return text.replace("\0", _REPLACEMENT), note


def _decoded(content: bytes) -> tuple[str, str | None]:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            try:
                return content.decode(encoding), None
            except UnicodeDecodeError:
                text = content.decode(encoding, "replace")
                return text, f"{text.count(_REPLACEMENT)} characters were not valid {encoding} and were replaced."
    try:
        text = content.decode()
    except UnicodeDecodeError:
        # Every byte is a character in Latin-1, so this cannot fail, only be wrong.
        return content.decode("cp1252", "replace"), "Not valid UTF-8; read as Western European (Windows-1252)."
    if wide := _wide_encoding(content):
        return content.decode(wide, "replace"), f"Read as {wide}, judging by its zero bytes."
    return text, None


def _wide_encoding(content: bytes) -> str | None:
    """Return UTF-16 without a mark by its sign: in Latin script, every other byte is zero."""
    pairs = len(content) // 2
    if pairs and content[1::2].count(0) > pairs * 0.8:
        return "utf-16-le"
    return "utf-16-be" if pairs and content[0::2].count(0) > pairs * 0.8 else None
