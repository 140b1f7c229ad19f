"""Files kept under one place by key, whole or not at all, checked as they come back; in threads, block by block."""

import contextlib
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import IO, Protocol, TypeVar
from uuid import uuid4

from agents.adapters.artifacts.directory import sync_directory
from agents.runs.artifacts import ArtifactDamagedError, ArtifactMissingError, ArtifactPlaceError
from agents.threads import go_on, in_thread

_BLOCK = 4 * 1024 * 1024

T = TypeVar("T")


class Upload(Protocol):
    """A file on its way; unseen until `commit`."""

    def write(self, block: bytes, /) -> object:
        """Take the next bytes."""

    def commit(self) -> None:
        """Let the file be seen, as it is written down for good."""

    def discard(self) -> None:
        """Drop what was taken; raises nothing, since it is called while something else is wrong."""


class Files(Protocol):
    """How files are read and written at one kind of place."""

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What it raises where the place fails; FileNotFoundError where there is no such file."""

    def upload(self, key: str, size: int) -> Upload:
        """Begin a file of about `size` bytes."""

    def read(self, key: str) -> AbstractContextManager[IO[bytes]]:
        """Open a file."""

    def size(self, key: str) -> int | None:
        """Return the bytes of a file; None where there is none."""

    def delete(self, key: str) -> None:
        """Remove a file, if it is there."""


class Artifacts:
    """The files under one place, by key.

    Args:
        place: Where they lie, as a URL without a slash at its end.
        files: How they are read and written there.
        is_shared: Every worker reaches the same files at this place.
    """

    def __init__(self, place: str, files: Files, *, is_shared: bool) -> None:
        self._place = place
        self._files = files
        self._is_shared = is_shared

    @property
    def place(self) -> str:
        """Where the files lie, as a URL without a slash at its end."""
        return self._place

    @property
    def is_shared(self) -> bool:
        """Whether every worker reaches the same files at this place."""
        return self._is_shared

    async def put(self, key: str, path: Path, sha256: str) -> int:
        """Keep a copy of the file at `path` under `key` and return its bytes; seen as a whole or not at all.

        Raises:
            ArtifactPlaceError: The place does not answer, or refuses.
            ValueError: The file is not, or no longer, the one with this SHA-256.
        """
        return await in_thread(lambda stop: self._put(key, path, sha256, stop))

    async def get(self, key: str, to: Path, sha256: str) -> None:
        """Copy the file under `key` to `to`, which is there as a whole or not at all.

        Raises:
            ArtifactMissingError: There is none.
            ArtifactDamagedError: It is not the one with this SHA-256.
            ArtifactPlaceError: The place does not answer, or refuses.
        """
        await in_thread(lambda stop: self._get(key, to, sha256, stop))

    async def size(self, key: str) -> int | None:
        """Return the bytes under `key`; None where there is nothing."""
        return await in_thread(lambda _: self._asked(lambda: self._files.size(key)))

    async def delete(self, key: str) -> None:
        """Remove what is under `key`, if anything is."""
        await in_thread(lambda _: self._asked(lambda: self._files.delete(key)))

    def _put(self, key: str, path: Path, sha256: str, stop: threading.Event) -> int:
        digest, size = hashlib.sha256(), 0
        with path.open("rb") as source:
            upload = self._asked(lambda: self._files.upload(key, os.fstat(source.fileno()).st_size))
            try:
                for block in _blocks(source, stop):
                    digest.update(block)
                    size += len(block)
                    self._asked(partial(upload.write, block))
                if digest.hexdigest() != sha256:
                    raise ValueError(f"{path.name} changed while it was being saved")
                self._asked(upload.commit)
            except BaseException:
                upload.discard()
                raise
        return size

    def _get(self, key: str, to: Path, sha256: str, stop: threading.Event) -> None:
        digest = hashlib.sha256()
        with self._reading(key) as source, _replacing(to) as copy:
            while block := self._asked(lambda: source.read(_BLOCK)):
                go_on(stop)
                digest.update(block)
                copy.write(block)
            if digest.hexdigest() != sha256:
                raise ArtifactDamagedError(
                    f"The file at {self._place}/{key} is damaged: its SHA-256 begins with {digest.hexdigest()[:12]}, "
                    f"saved was {sha256[:12]}. Put it back from a backup, or start a new run."
                )

    def _reading(self, key: str) -> AbstractContextManager[IO[bytes]]:
        try:
            return self._asked(lambda: self._files.read(key))
        except ArtifactPlaceError as cause:
            if isinstance(cause.__cause__, FileNotFoundError):
                raise ArtifactMissingError(
                    f"There is no file at {self._place}/{key} any more, or this host does not reach it. Put it back, "
                    "or set CAIRN_ARTIFACTS to one place for all workers and start a new run."
                ) from cause
            raise

    def _asked(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except self._files.errors as cause:
            raise ArtifactPlaceError(
                f"Artifacts are kept at {self._place}, which fails: {cause}. Check that place, its space and the "
                "rights to it, then retry the run."
            ) from cause


def _blocks(source: IO[bytes], stop: threading.Event) -> Iterator[bytes]:
    while block := source.read(_BLOCK):
        go_on(stop)
        yield block


@contextlib.contextmanager
def _replacing(to: Path) -> Iterator[IO[bytes]]:
    """Write a file beside `to`, which takes its place once all of it is there."""
    part = to.with_name(f".{to.name}.{uuid4().hex}.part")
    try:
        with part.open("xb") as copy:
            yield copy
            copy.flush()
            os.fsync(copy.fileno())
        part.replace(to)
        sync_directory(to.parent)
    finally:
        part.unlink(missing_ok=True)
