"""Files of examples under the allowed folders; nothing outside them is ever read."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from agents.adapters.sources.folder import SourceError
from agents.errors import UserError

MOST_BYTES = 512 * 1024 * 1024
"""A million examples of half a page each."""


class DataFiles:
    """Reads files that people name by their path.

    Args:
        allowed_roots: A file can be read if it lies in one of these.
    """

    def __init__(self, allowed_roots: Sequence[str]) -> None:
        self._allowed_roots = allowed_roots

    def read(self, location: str, source: str | None = None) -> str:
        """Return the text of a file; for a thread, not the event loop.

        Args:
            location: Its path.
            source: The folder of a registered source, in which it may lie too.

        Raises:
            UserError: It lies elsewhere, is no plain file, is too large, or no text in UTF-8; the text says which.
        """
        path = Path(os.path.realpath(Path(location).expanduser()))
        roots = [Path(os.path.realpath(root)) for root in self._allowed_roots]
        # Whoever registered it was allowed to; a link that leads elsewhere by now is not followed.
        roots += [Path(source)] if source is not None else []
        if not any(path.is_relative_to(root) for root in roots):
            allowed = ", ".join(map(str, roots)) or "none yet"
            raise SourceError(
                f"{path} lies outside the folders that data may be read from ({allowed}). Move it into one, or have "
                "CAIRN_ALLOWED_ROOTS extended by whoever runs Cairn."
            )
        try:
            # No link is followed any more, and a pipe is not waited for.
            opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(opened, "rb") as file:
                found = os.fstat(file.fileno())
                if not stat.S_ISREG(found.st_mode):
                    raise SourceError(f"{path} is no file. Name a file of JSON Lines.")
                if found.st_size > MOST_BYTES:
                    raise SourceError(f"{path} has {found.st_size:,} bytes, and {MOST_BYTES:,} are read at most.")
                content = file.read(MOST_BYTES)
        except OSError as cause:
            raise SourceError(f"{path} cannot be read: {cause.strerror}. Correct the path or its rights.") from cause
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as cause:
            raise UserError(f"{path} is no text in UTF-8: byte {cause.start}. Convert it, then try again.") from cause
