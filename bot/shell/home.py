"""The data directory of a laptop's Cairn: who uses it, and its Postgres for as long as somebody does.

Every process that needs the embedded Postgres holds a shared lock on `users.lock`; the last one out stops the
server. `cairn local` holds `local.lock` alone and leaves its address in it.
"""

import fcntl
import json
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from agents.errors import UserError
from agents.store.embedded import start_embedded, stop_embedded

# A fresh cluster takes 50 MB, its write-ahead log 64 MB and more; below this a start would end half-way.
DISK_NEEDED_BYTES = 300_000_000


def prepare(data: Path) -> Path:
    """Make the data directory and return its real path.

    Raises:
        UserError: It cannot be made or written, or its disk is full.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        (data / "run").mkdir(exist_ok=True)
        probe = data / "run" / f"probe-{os.getpid()}"
        probe.write_bytes(b"x" * 4096)
        probe.unlink()
    except OSError as cause:
        raise UserError(
            f"The data directory {data} cannot be written ({cause.strerror}). Choose another with --data DIR."
        ) from cause
    free = shutil.disk_usage(data).free
    if free < DISK_NEEDED_BYTES:
        raise UserError(
            f"Only {free // 1_000_000} MB are free where {data} lies; Cairn needs "
            f"{DISK_NEEDED_BYTES // 1_000_000} MB to start. Free some space, or choose another disk with --data DIR."
        )
    return data.resolve()


@asynccontextmanager
async def embedded_dsn(data: Path) -> AsyncIterator[str]:
    """Hold the Postgres under `data`, started if need be; the last holder stops it."""
    data = prepare(data)
    with (data / "run" / "users.lock").open("a+") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield await start_embedded(data)
        finally:
            fcntl.flock(users, fcntl.LOCK_UN)
            if _alone(users):
                await stop_embedded(data)


@contextmanager
def only_local(data: Path) -> Iterator[Path]:
    """Hold the place of the one `cairn local` on this data and yield the file for its address.

    Raises:
        UserError: Another one runs; the text says where.
    """
    path = prepare(data) / "run" / "local.lock"
    with path.open("a+") as held:
        if not _alone(held):
            other = running_local(data) or {}
            raise UserError(
                f"Cairn already runs on {data} (process {other.get('pid', 'unknown')}). "
                f"Open {other.get('url', 'its page')}, or start a second one with another --data DIR."
            )
        try:
            yield path
        finally:
            path.write_text("")


def running_local(data: Path) -> dict[str, Any] | None:
    """Return pid and url of the `cairn local` that runs on this data, or None."""
    path = data / "run" / "local.lock"
    try:
        with path.open("r") as held:
            if _alone(held):
                return None
            found = json.loads(held.read() or "{}")
            return found if isinstance(found, dict) else {}
    except FileNotFoundError:
        return None


def _alone(held: Any) -> bool:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
