"""A page that shows an indexed document with the cited passage marked, for the local trial."""

from html import escape

from aiohttp import web

from agents.errors import UserError
from agents.services.index import Indexes

DOCUMENTS_PATH = "/documents"
_STYLE = """
body { font: 16px/1.6 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem;
  color: #1d1c1d; }
header { color: #616061; font-size: .9rem; border-bottom: 1px solid #ddd; margin-bottom: 1.5rem;
  padding-bottom: .5rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; }
mark { background: #ffe08a; padding: .1em 0; border-radius: 3px; scroll-margin: 40vh; }
@media (prefers-color-scheme: dark) {
  body { background: #1a1d21; color: #d1d2d3; }
  mark { background: #7a5d00; color: #fff; }
  header { border-color: #444; }
}
"""


class DocumentViewer:
    """Serves `/documents/INDEX/URI?start=..&end=..`: the parsed text, characters [start, end) marked."""

    def __init__(self, team_id: str, indexes: Indexes) -> None:
        self._team_id = team_id
        self._indexes = indexes

    async def show(self, request: web.Request) -> web.Response:
        """Answer with the document as a page; 404 with the reason where there is none."""
        index, uri = request.match_info["index"], request.match_info["uri"]
        try:
            text = await self._indexes.document(self._team_id, index, uri)
        except UserError as cause:
            raise web.HTTPNotFound(text=str(cause)) from cause
        start, end = (_position(request.query.get(name), len(text)) for name in ("start", "end"))
        return web.Response(text=_page(index, uri, text, start, max(start, end)), content_type="text/html")


def _position(given: str | None, length: int) -> int:
    return min(int(given), length) if given and given.isdecimal() else 0


def _page(index: str, uri: str, text: str, start: int, end: int) -> str:
    marked = f'<mark id="cited">{escape(text[start:end])}</mark>' if end > start else ""
    return (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(uri)}</title><style>{_STYLE}</style></head><body>"
        f"<header>{escape(uri)} · index {escape(index)}</header>"
        f"<pre>{escape(text[:start])}{marked}{escape(text[end:])}</pre></body></html>"
    )
