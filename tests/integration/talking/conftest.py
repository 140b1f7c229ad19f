"""Threads on a database of a test's own."""

import pytest

from agents.store.db import Database
from tests.integration.talking.calls import Threads


@pytest.fixture
def threads(database: Database) -> Threads:
    return Threads(database)
