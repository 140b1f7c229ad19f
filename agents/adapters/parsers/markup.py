"""HTML as Markdown: headings, lists, tables and code keep their shape, scripts and styles go."""

import asyncio
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from agents.adapters.parsers.text import decoded, stem
from agents.knowledge.documents import Parsed, Unreadable
from agents.knowledge.structure import title_of

if TYPE_CHECKING:
    import xberg

# https://html.spec.whatwg.org/multipage/parsing.html#determining-the-character-encoding
_NAMED_ENCODING = re.compile(rb"<meta[^>]*charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)
_NAMED_WITHIN = 1024
_MARKUP_BYTES = re.compile(rb"<\s*[!a-zA-Z]")


class HtmlParser:
    """Web pages."""

    suffixes = (".html", ".htm", ".xhtml")
    fingerprint = "html-xberg-1.3.9-1"

    def parse(self, content: bytes, name: str) -> Parsed:
        """Return the page as Markdown.

        Raises:
            Unreadable: There is no markup or no text in it.
        """
        if not _MARKUP_BYTES.search(content):
            raise Unreadable("Not an HTML file, though its name says so: it holds no markup.")
        page = _decoded(content)
        found = extracted(page.encode(), "text/html", _config())
        text = clean(found.content)
        if not text.strip():
            raise Unreadable("No text in it: the page may be filled in by scripts.")
        return Parsed(text, title_of(text, _title(page) or stem(name)), is_markdown=True)


@cache
def _config() -> "xberg.ExtractionConfig":
    import xberg  # noqa: PLC0415  # see extracted

    return xberg.ExtractionConfig(
        use_cache=False,
        disable_ocr=True,
        output_format="markdown",
        escape_markdown=False,
        html_options=xberg.ConversionOptions(extract_metadata=False),
    )


def _decoded(content: bytes) -> str:
    """Return the page's characters, by the encoding that it names itself where that holds."""
    named = _NAMED_ENCODING.search(content, 0, _NAMED_WITHIN)
    if named is not None:
        try:
            return content.decode(named.group(1).decode("ascii"))
        except (LookupError, UnicodeDecodeError):
            return decoded(content)[0]
    return decoded(content)[0]


def _title(page: str) -> str:
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415  # see extracted

    named = LexborHTMLParser(page).css_first("title")
    return " ".join(clean(named.text()).split()) if named else ""


def extracted(content: bytes, mime_type: str, config: "xberg.ExtractionConfig") -> Any:
    """Return what xberg makes of a file's bytes.

    Raises:
        Unreadable: It cannot read them.
    """
    # The child that parses pays for this import, 50 MB and a third of a second, not every process that knows the
    # names of the parsers.
    import xberg  # noqa: PLC0415

    given = xberg.ExtractInput(kind="bytes", bytes=content, mime_type=mime_type)
    try:
        result = asyncio.run(xberg.extract(given, config))
    # Some of its errors arrive as plain RuntimeErrors.
    except (xberg.XbergError, RuntimeError) as cause:
        raise Unreadable(_reason(cause)) from cause
    if not result.results:
        raise Unreadable(_reason(*result.errors))
    return result.results[0]


def clean(text: str) -> str:
    """Return `text` with what Postgres cannot store replaced."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def _reason(*causes: object) -> str:
    said = "; ".join(" ".join(str(cause).split())[:200] for cause in causes) or "no result"
    return f"Damaged or not what its name says: {said}."
