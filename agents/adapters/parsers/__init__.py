"""Parsers, by the endings of the files they read. To add one: a class with Parser's methods, and a line here."""

from pathlib import PurePosixPath

from agents.adapters.parsers.markup import HtmlParser
from agents.adapters.parsers.pdf import PdfParser
from agents.adapters.parsers.text import MarkdownParser, TextParser
from agents.ports import Parser

PARSERS: tuple[Parser, ...] = (MarkdownParser(), TextParser(), HtmlParser(), PdfParser())
_BY_SUFFIX = {suffix: parser for parser in PARSERS for suffix in parser.suffixes}

# A file larger than this is a data dump or a film rather than a document.
LARGEST_FILE_BYTES = 64 * 1024 * 1024

# Part of a generation's fingerprint: the same bytes give the same text as long as it is the same.
FINGERPRINT = "+".join(parser.fingerprint for parser in PARSERS)


def parser_for(name: str) -> Parser | None:
    """Return the parser of a file by its ending, or None."""
    return _BY_SUFFIX.get(PurePosixPath(name).suffix.lower())


def refusal(name: str, size: int) -> str | None:
    """Return why a file cannot be indexed, as far as its name and size say it; None where it can."""
    if parser_for(name) is None:
        ending = PurePosixPath(name).suffix
        known = ", ".join(sorted(_BY_SUFFIX))
        return f"No parser reads {ending or 'files without an ending'}; these are read: {known}."
    if size > LARGEST_FILE_BYTES:
        return f"Larger than {LARGEST_FILE_BYTES // 1024**2} MB ({size / 1024**2:.0f} MB)."
    return None if size else "Empty file."
