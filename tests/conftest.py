"""Fixtures that many tests share: one embedded Postgres for the session, a fresh migrated database for each test."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from hypothesis import settings
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from agents.store.db import Database
from agents.store.embedded import start_embedded, stop_embedded
from agents.store.migrate import migrate
from tests.vllm.fixtures import generating, vllm

__all__ = ["generating", "vllm"]

TEMPLATE = "cairn_template"
# Each process has a Postgres of its own.
MOST_PROCESSES = 8


# A property that a test records: what its suite measured, as (name, text).
SAID_AT_THE_END = "said at the end"


# A key or a server that whoever runs the tests has set; no test may reach a model that is not its own.
_MODELS = (
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_BASE_URL",
    "CAIRN_OPENAI_API_KEY",
    "CAIRN_OPENAI_BASE_URL",
    "CAIRN_TALKER",
    "CAIRN_SMALL_MODEL",
    "CAIRN_VLLM_URL",
    "CAIRN_VLLM_MODEL",
)


def pytest_configure() -> None:
    """Forget every model and collector that is configured outside; let no property fail by how long it took."""
    for name in [*_MODELS, *(each for each in os.environ if each.startswith("OTEL_"))]:
        os.environ.pop(name, None)
    settings.register_profile("no deadline", settings.default, deadline=None)
    settings.load_profile("no deadline")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the suites measured, whichever process they ran in."""
    told: dict[str, str] = {}
    for report in [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]:
        told.update(value for name, value in report.user_properties if name == SAID_AT_THE_END)
    for name, text in told.items():
        terminalreporter.write_line(f"{name}: {text}")


def pytest_xdist_auto_num_workers() -> int:
    """Return the processes of `-n auto`: one more than cores, since most tests wait."""
    return min(MOST_PROCESSES, (os.cpu_count() or 1) + 1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The DSN of a server with a migrated template database."""
    # Not under pytest's own tmp_path: its private parents keep the unprivileged server user out.
    home = Path(tempfile.mkdtemp(prefix="cairn-test-"))
    try:
        server = asyncio.run(start_embedded(home))
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(TEMPLATE)))
        asyncio.run(migrate(make_conninfo(server, dbname=TEMPLATE)))
        yield server
    finally:
        asyncio.run(stop_embedded(home))
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def dsn(postgres: str) -> Iterator[str]:
    """The DSN of a database of this test's own."""
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(TEMPLATE)))
    yield make_conninfo(postgres, dbname=name)
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    """An open Database on a database of this test's own."""
    async with Database(dsn) as opened:
        yield opened
