"""A desk for what is remembered and forgotten."""

from collections.abc import AsyncIterator

import pytest

from agents.store.checkpoints import Checkpoints
from agents.store.db import Database
from tests.integration.memory.desk import Desk, make_desk


@pytest.fixture
async def checkpoints(dsn: str) -> AsyncIterator[Checkpoints]:
    async with Checkpoints(dsn) as opened:
        yield opened


@pytest.fixture
def desk(database: Database, checkpoints: Checkpoints) -> Desk:
    return make_desk(database, checkpoints)
