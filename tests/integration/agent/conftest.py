"""Checkpoints on the test's database."""

from collections.abc import AsyncIterator

import pytest

from agents.store.checkpoints import Checkpoints


@pytest.fixture
async def checkpoints(dsn: str) -> AsyncIterator[Checkpoints]:
    async with Checkpoints(dsn) as opened:
        yield opened
