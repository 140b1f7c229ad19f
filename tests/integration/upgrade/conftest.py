"""The release before this one as processes of its own, and empty databases for it."""

import contextlib
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

HERE = Path(__file__).parent
# agents, sql and bot/__init__.py as released.
ARCHIVE = HERE / "release_0.1.0.tar.xz"


class OldRelease:
    """Runs commands of old_release.py with that release's code, and ends what is left of them."""

    def __init__(self, root: Path, log: Path) -> None:
        self.root = root
        self._log = log
        self._started: list[subprocess.Popen[str]] = []

    def start(self, command: str, dsn: str, *rest: str) -> "subprocess.Popen[str]":
        arguments = [sys.executable, str(HERE / "old_release.py"), str(self.root), command, dsn, *rest]
        environment = {**os.environ, "PYTHONPATH": str(self.root), "PYTHONDONTWRITEBYTECODE": "1"}
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                arguments, stdout=subprocess.PIPE, stderr=log, text=True, env=environment, cwd=self.root
            )
        self._started.append(process)
        return process

    def run(self, command: str, dsn: str, *rest: str) -> Any:
        """Return what the command printed, once it has ended."""
        process = self.start(command, dsn, *rest)
        printed, _ = process.communicate(timeout=200)
        assert process.returncode == 0, self._log.read_text()
        return json.loads(printed) if printed else None

    def work(self, dsn: str, flag: Path) -> "subprocess.Popen[str]":
        """Start a worker and return once it is about to take stages."""
        process = self.start("work", dsn, str(flag))
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", self._log.read_text()
        return process

    def end(self) -> None:
        for process in self._started:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()


@pytest.fixture
def old(tmp_path: Path) -> Iterator[OldRelease]:
    root = (tmp_path / "release").resolve()
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(root, filter="data")
    release = OldRelease(root, tmp_path / "old.log")
    yield release
    release.end()


@pytest.fixture
def empty(postgres: str) -> Iterator[str]:
    """The DSN of a database in which nothing is."""
    name = f"upgrade_{uuid4().hex[:12]}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    yield make_conninfo(postgres, dbname=name)
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))
