"""Artifacts in an object store, through fsspec: S3 and what speaks like it."""

import contextlib
from contextlib import AbstractContextManager
from typing import IO, Any
from urllib.parse import urlsplit

from agents.errors import UserError

# An upload to S3 has at most 10,000 parts of at least 5 MiB.
_LEAST_PART = 8 * 1024 * 1024
_MOST_PARTS = 9_000
_ONLY_HERE = frozenset({"memory", "http", "https", "data", "zip", "tar"})


def remote(url: str) -> "Remote":
    """Return the object store behind a URL.

    Raises:
        UserError: It cannot be used; the text says what to install or to write instead.
    """
    # Imported where it is needed: a quarter of a second, which no shell command on a folder should wait for.
    import fsspec  # noqa: PLC0415  # see above

    protocol = urlsplit(url).scheme
    if protocol in _ONLY_HERE or "::" in url:
        raise UserError(
            f"CAIRN_ARTIFACTS={url!r} cannot be used: {protocol} keeps nothing that another host could read. "
            "Name a folder from its root, or a URL such as s3://BUCKET/PREFIX."
        )
    try:
        # An instance of the cache would still talk to the endpoint that the environment named when it was made.
        filesystem, root = fsspec.url_to_fs(url, skip_instance_cache=True)
    except ImportError as cause:
        how = "pip install 'cairn-slack[s3]'" if protocol in {"s3", "s3a"} else f"({cause})"
        raise UserError(
            f"CAIRN_ARTIFACTS={url!r} cannot be used: the package for {protocol} is not installed. "
            f"Install it and start again: {how}"
        ) from cause
    except ValueError as cause:
        raise UserError(
            f"CAIRN_ARTIFACTS={url!r} cannot be used: {cause}. Name a folder from its root, or a URL such as "
            "s3://BUCKET/PREFIX."
        ) from cause
    if not root.strip("/"):
        raise UserError(f"CAIRN_ARTIFACTS={url!r} names no bucket. Write it as {protocol}://BUCKET/PREFIX.")
    return Remote(filesystem, root, _errors(protocol))


class Remote:
    """Files in an object store, through fsspec."""

    def __init__(self, filesystem: Any, root: str, errors: tuple[type[Exception], ...]) -> None:
        self._filesystem = filesystem
        self._root = root.rstrip("/")
        self.errors = errors

    def upload(self, key: str, size: int) -> "_Upload":
        """Begin a file, in parts large enough for its size."""
        part = max(_LEAST_PART, size // _MOST_PARTS)
        return _Upload(self._filesystem.open(self._path(key), "wb", block_size=part, autocommit=False))

    def read(self, key: str) -> AbstractContextManager[IO[bytes]]:
        """Open a file."""
        opened: AbstractContextManager[IO[bytes]] = self._filesystem.open(self._path(key), "rb", cache_type="none")
        return opened

    def size(self, key: str) -> int | None:
        """Return the bytes of a file; None where there is none."""
        try:
            return int(self._filesystem.size(self._path(key)))
        except FileNotFoundError:
            return None

    def delete(self, key: str) -> None:
        """Remove a file, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            self._filesystem.rm_file(self._path(key))

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"


class _Upload:
    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, block: bytes) -> object:
        return self._file.write(block)

    def commit(self) -> None:
        self._file.close()
        self._file.commit()

    def discard(self) -> None:
        # The upload is left to the place's own clearing where it cannot even be called off.
        with contextlib.suppress(Exception):
            self._file.discard()
        # fsspec ends a file that is not closed, and so sends what it has of it, when it is collected.
        self._file.closed = True


def _errors(protocol: str) -> tuple[type[Exception], ...]:
    if protocol not in {"s3", "s3a"}:
        return (OSError,)
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415  # there with s3fs alone

    # Missing keys and an unreachable endpoint come as botocore's own; the answers of the store as OSError.
    return (OSError, BotoCoreError)
