"""Artifacts under a folder: written beside it, then moved to their place by one rename."""

import contextlib
import os
from pathlib import Path
from typing import IO
from uuid import uuid4

_INCOMING = "incoming"


class Directory:
    """Files under a folder."""

    errors = (OSError,)

    def __init__(self, root: Path) -> None:
        self._root = root

    def upload(self, key: str, size: int) -> "_Upload":
        """Begin a file; it is written beside the others."""
        del size
        incoming = self._root / _INCOMING / uuid4().hex
        incoming.parent.mkdir(parents=True, exist_ok=True)
        return _Upload(incoming, self._root / key)

    def read(self, key: str) -> IO[bytes]:
        """Open a file."""
        return (self._root / key).open("rb")

    def size(self, key: str) -> int | None:
        """Return the bytes of a file; None where there is none."""
        try:
            return (self._root / key).stat().st_size
        except FileNotFoundError:
            return None

    def delete(self, key: str) -> None:
        """Remove a file, if it is there."""
        (self._root / key).unlink(missing_ok=True)


class _Upload:
    def __init__(self, incoming: Path, target: Path) -> None:
        self._incoming = incoming
        self._target = target
        self._file = incoming.open("xb")

    def write(self, block: bytes) -> object:
        return self._file.write(block)

    def commit(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._target.parent.mkdir(parents=True, exist_ok=True)
        self._incoming.replace(self._target)
        sync_directory(self._target.parent)

    def discard(self) -> None:
        # On a full disk even closing fails, as it writes what is left.
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self._incoming.unlink(missing_ok=True)


def sync_directory(directory: Path) -> None:
    """Have the kernel write down which files the directory holds."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
