"""The part of the Hugging Face Hub that fetching a model needs, on loopback."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class ModelHub:
    """A hub with one model, of one commit.

    Attributes:
        name: Its id.
        folder: Its files.
        token: Whoever shows it has accepted the licence; None where everybody has.
        seen: The tokens that were shown.
        fetched: The files that were fetched.
    """

    def __init__(self, name: str, folder: Path, token: str | None = None) -> None:
        self.name = name
        self.folder = folder
        self.token = token
        self.seen: set[str | None] = set()
        self.fetched: list[str] = []
        self.url = ""

    @contextmanager
    def serving(self) -> Iterator["ModelHub"]:
        """Answer at `url` while the block lasts."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def answer(self, path: str, token: str | None) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body."""
        self.seen.add(token)
        api, files = f"/api/models/{self.name}/", f"/{self.name}/resolve/{COMMIT}/"
        if not path.startswith((api, files)):
            return 401, {"X-Error-Code": "RepoNotFound"}, b"{}"
        if path.startswith(api):
            return 200, {"Content-Type": "application/json"}, json.dumps(self._api(path.removeprefix(api))).encode()
        if self.token not in {None, token}:
            return 403, {"X-Error-Code": "GatedRepo"}, b"{}"
        content = (self.folder / path.removeprefix(files)).read_bytes()
        self.fetched.append(path.removeprefix(files))
        return 200, {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Repo-Commit": COMMIT}, content

    def _api(self, what: str) -> Any:
        if what.startswith("revision/"):
            return {"id": self.name, "sha": COMMIT, "siblings": []}
        return [
            {"type": "file", "path": path.name, "size": path.stat().st_size, "oid": "0" * 40}
            for path in sorted(self.folder.iterdir())
        ]


def _handler(hub: ModelHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(is_whole=True)

        def do_HEAD(self) -> None:
            self._send(is_whole=False)

        def log_message(self, *_: Any) -> None:
            """Write nothing into the output of the tests."""

        def _send(self, *, is_whole: bool) -> None:
            shown = self.headers.get("Authorization", "").removeprefix("Bearer ") or None
            status, headers, body = hub.answer(self.path.partition("?")[0], shown)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if is_whole:
                self.wfile.write(body)

    return Handler
