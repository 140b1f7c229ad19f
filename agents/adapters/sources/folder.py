"""A folder of files as a source of documents; nothing outside it is ever read."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from agents.errors import UserError
from agents.knowledge.documents import SourceFile, Unreadable

# What tools leave behind; hidden files are skipped as well.
_SKIPPED = frozenset({"__pycache__", "node_modules", "Thumbs.db", "desktop.ini"})

Refusal = Callable[[str, int], str | None]


class SourceError(UserError):
    """The folder cannot be used as a source."""


class Folders:
    """Folders as sources.

    Args:
        allowed_roots: A folder can be registered if it is one of these or lies in one.
        refusal: Why a file cannot be indexed, by name and size; None where it can.
    """

    def __init__(self, allowed_roots: Sequence[str], refusal: Refusal) -> None:
        self._allowed_roots = allowed_roots
        self._refusal = refusal

    def check(self, location: str) -> str:
        """Return the real path of a folder that is to be registered.

        Raises:
            SourceError: It cannot be a source; the text says why.
        """
        return str(checked_folder(location, self._allowed_roots))

    def open(self, location: str) -> "FolderSource":
        """Return a folder that was registered.

        Raises:
            SourceError: It is gone, cannot be read, or a link leads elsewhere now.
        """
        return FolderSource(location, self._refusal)


def checked_folder(location: str, allowed_roots: Sequence[str]) -> Path:
    """Return the folder's real path.

    Raises:
        SourceError: It is no folder, cannot be read, or lies outside the allowed roots.
    """
    folder = Path(os.path.realpath(Path(location).expanduser()))
    if not folder.is_dir():
        raise SourceError(f"{location} is not a folder. Name a folder that this machine can read.")
    roots = [Path(os.path.realpath(root)) for root in allowed_roots]
    if not any(folder.is_relative_to(root) for root in roots):
        allowed = ", ".join(str(root) for root in roots) or "none yet"
        raise SourceError(
            f"{folder} lies outside the folders that may be indexed ({allowed}). "
            "Choose one inside, or have CAIRN_ALLOWED_ROOTS extended by whoever runs Cairn."
        )
    if not os.access(folder, os.R_OK | os.X_OK):
        raise SourceError(f"{folder} cannot be read by the user Cairn runs as. Make it readable, then try again.")
    return folder


class FolderSource:
    """The files below a folder in the order of their paths, without hidden ones and without links."""

    def __init__(self, location: str, refusal: Refusal) -> None:
        # It was checked when it was registered; it must still be the same place.
        self._root = checked_folder(location, (location,))
        if str(self._root) != location:
            raise SourceError(f"{location} leads to {self._root} now. Register the folder again.")
        self._refusal = refusal

    def files(self) -> Iterator[SourceFile]:
        """Yield every file with its size and digest, in the order of the paths."""
        for path in self._walk(self._root):
            yield self._file(path)

    def sizes(self) -> Iterator[tuple[str, int, bool]]:
        """Yield path, bytes and whether it can be indexed, without reading the files."""
        for path in self._walk(self._root):
            uri, size = _uri(path, self._root), path.lstat().st_size
            yield uri, size, self._refusal(uri, size) is None

    def path(self, uri: str) -> Path:
        """Return where the document lies.

        Raises:
            Unreadable: It is gone, or a link took its place.
        """
        path = self._root / uri
        # The real path differs from the path where any part of it is a link, or climbs out.
        if Path(os.path.realpath(path)) != path or not path.is_file():
            raise Unreadable("Gone, or no longer a plain file, since the folder was listed.", may_pass=True)
        return path

    def _file(self, path: Path) -> SourceFile:
        uri, size = _uri(path, self._root), 0
        try:
            os.fsencode(path).decode()
        except UnicodeDecodeError:
            return _refused(uri, 0, "Its name is not valid UTF-8. Rename it, then index again.")
        try:
            size = path.lstat().st_size
            if reason := self._refusal(uri, size):
                return _refused(uri, size, reason)
            with path.open("rb") as file:
                return SourceFile(uri, size, hashlib.file_digest(file, "sha256").digest())
        except OSError as cause:
            return _refused(uri, size, f"Could not be read: {cause.strerror or cause}.", may_pass=True)

    def _walk(self, folder: Path) -> Iterator[Path]:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            # Gone since it was listed, or closed to us: as a hidden folder would be.
            return
        for entry in entries:
            if entry.name.startswith(".") or entry.name in _SKIPPED or entry.name.endswith("~"):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(Path(entry.path))
            elif not entry.is_symlink() and stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
                yield Path(entry.path)


def _uri(path: Path, root: Path) -> str:
    return os.fsencode(path.relative_to(root)).decode("utf-8", "backslashreplace")


def _refused(uri: str, size: int, reason: str, *, may_pass: bool = False) -> SourceFile:
    # Not read, so its size and the reason stand for its content: as long as they stay, nothing changed.
    digest = hashlib.sha256(f"{size} {reason}".encode()).digest()
    return SourceFile(uri, size, digest, reason, may_pass)
