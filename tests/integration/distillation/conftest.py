"""A desk at which students are made."""

from pathlib import Path

import pytest

from agents.store.db import Database
from tests.integration.distillation.desk import Desk


@pytest.fixture
def desk(database: Database, dsn: str, tmp_path: Path) -> Desk:
    return Desk(database, dsn, tmp_path)
