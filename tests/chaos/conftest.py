"""Runs the cases side by side, since each of them mostly waits for a lease, and says what they measured."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from tests.chaos.arena import Figures, open_arena
from tests.chaos.cases import CASES
from tests.conftest import TEMPLATE

_AT_ONCE = 4
_FIGURES = Figures()


@pytest.fixture(scope="session")
def figures() -> Figures:
    """What all cases measured."""
    return _FIGURES


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def outcomes(
    request: pytest.FixtureRequest, postgres: str, figures: Figures
) -> AsyncIterator[Mapping[str, "asyncio.Task[None]"]]:
    """The chosen cases, each a task that is under way or waits for its turn."""
    chosen = {item.callspec.params["case"] for item in request.session.items if "outcomes" in item.fixturenames}  # type: ignore[attr-defined]  # a parametrized function
    slots = asyncio.Semaphore(_AT_ONCE)
    # Not under pytest's own folders: sockets' paths are short.
    home = Path(tempfile.mkdtemp(prefix="cairn-chaos-"))

    async def one(name: str) -> None:
        async with slots:
            place = home / f"{list(CASES).index(name):02}"
            place.mkdir()
            async with open_arena(await _database(postgres, place.name), place, figures) as arena:
                try:
                    await CASES[name](arena)
                except BaseException:
                    print(arena.logs())
                    raise

    tasks = {name: asyncio.create_task(one(name), name=name) for name in CASES if name in chosen}
    yield tasks
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)
    shutil.rmtree(home, ignore_errors=True)


async def _database(server: str, name: str) -> str:
    name = f"chaos_{name}"
    async with await psycopg.AsyncConnection.connect(server, autocommit=True) as connection:
        await connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))
        await connection.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(TEMPLATE)))
    return make_conninfo(server, dbname=name)
