"""A desk for decisions that are watched."""

import pytest

from agents.store.db import Database
from tests.integration.watch.desk import Clock, Desk, make_desk


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(database: Database, clock: Clock) -> Desk:
    return make_desk(database, clock)
