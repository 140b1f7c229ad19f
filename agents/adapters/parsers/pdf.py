"""PDF as Markdown with its pages; pages that are pictures give no text and are not guessed at."""

from functools import cache
from typing import TYPE_CHECKING

from agents.adapters.parsers.markup import clean, extracted
from agents.adapters.parsers.text import stem
from agents.knowledge.documents import Parsed, Unreadable
from agents.knowledge.structure import title_of

if TYPE_CHECKING:
    import xberg

# The mark stands at the start, or after what a mail program or a printer put before it.
_MARK = b"%PDF-"
_MARK_WITHIN = 1024
_SENTENCE_ENDS = '.!?:;…"”)\N{RIGHT SINGLE QUOTATION MARK}'


class PdfParser:
    """PDF files with a text layer."""

    suffixes = (".pdf",)
    fingerprint = "pdf-xberg-1.3.9-1"

    def parse(self, content: bytes, name: str) -> Parsed:
        """Return the text of the pages, one after the other.

        Raises:
            Unreadable: It is no PDF, is locked by a password, or has no text layer.
        """
        if _MARK not in content[:_MARK_WITHIN]:
            raise Unreadable("Not a PDF, though its name says so.")
        try:
            found = extracted(content, "application/pdf", _config())
            pages = [page.content for page in found.pages or ()]
            title = (found.metadata.title if found.metadata else None) or ""
        except Unreadable as cause:
            pages, title = _plain_pages(content, cause), ""
        text, starts = _joined([clean(page).strip() for page in pages])
        if not text:
            raise Unreadable("No text in it: probably a scan. Run it through text recognition (OCR) first.")
        return Parsed(text, _title(clean(title), text, name), starts, is_markdown=True)


@cache
def _config() -> "xberg.ExtractionConfig":
    import xberg  # noqa: PLC0415  # see markup.extracted

    return xberg.ExtractionConfig(
        use_cache=False,
        disable_ocr=True,
        output_format="markdown",
        escape_markdown=False,
        pages=xberg.PageConfig(extract_pages=True),
    )


def _title(named: str, text: str, name: str) -> str:
    """Return the title that the file gives itself, unless it is what a program put there for want of one."""
    named = " ".join(named.split())
    return named if named and named.lower() != "untitled" else title_of(text, stem(name))


def _plain_pages(content: bytes, cause: Unreadable) -> list[str]:
    """Return the pages' text without headings and tables, by another reader, where the first one failed."""
    import pypdfium2  # type: ignore[import-untyped]  # noqa: PLC0415  # ships no types; rarely needed

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as second:
        if "password" in str(second).lower():
            raise Unreadable("Locked by a password.") from second
        raise cause from second
    try:
        pages = []
        for page in document:
            text = page.get_textpage()
            pages.append(text.get_text_range().replace("\r\n", "\n"))
            text.close()
            page.close()
        return pages
    finally:
        document.close()


def _joined(pages: list[str]) -> tuple[str, tuple[int, ...]]:
    """Return the pages as one text, and where each begins in it."""
    text, starts = "", []
    for page in pages:
        if text and page:
            # A paragraph that goes on on the next page stays one paragraph.
            goes_on = text[-1] not in _SENTENCE_ENDS and page[0].islower()
            text += "\n" if goes_on else "\n\n"
        starts.append(len(text))
        text += page
    return text, tuple(starts)
