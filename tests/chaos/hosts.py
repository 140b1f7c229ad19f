"""Hosts of a case's own: a Postgres that may be restarted, and a disk that may be filled."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agents.store.embedded import start_embedded, stop_embedded
from agents.store.migrate import migrate
from tests.chaos.arena import Arena, open_arena


@asynccontextmanager
async def own_server(arena: Arena, data: Path) -> AsyncIterator[Arena]:
    """Start a Postgres under `data` and open an arena on it."""
    await asyncio.to_thread(data.mkdir)
    dsn = await start_embedded(data)
    try:
        await migrate(dsn)
        async with open_arena(dsn, arena.home, arena.figures) as own:
            own.server = data
            yield own
    finally:
        await stop_embedded(data)


@asynccontextmanager
async def small_disk(place: Path, *, mebibytes: int) -> AsyncIterator[Path]:
    """Put a disk of that size in the place; skips the test where this process may not."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount the small disk that this test fills")
    await asyncio.to_thread(place.mkdir, exist_ok=True)
    await _done("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=0755", "cairn-chaos", str(place))
    try:
        yield place
    finally:
        # Lazy: a process that is being killed may still stand in it.
        await _done("umount", "-l", str(place))


def fill(file: Path) -> None:
    """Write into the file until its disk is full."""
    with file.open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(65536))
        except OSError:
            return


async def _done(*command: str) -> None:
    await asyncio.to_thread(subprocess.run, command, check=True)
