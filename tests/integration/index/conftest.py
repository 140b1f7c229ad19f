"""Fixtures of the index tests."""

from pathlib import Path

import pytest

from agents.store.db import Database
from tests.integration.index.desk import CountingEmbedder, Desk


@pytest.fixture(scope="session")
def embedder() -> CountingEmbedder:
    return CountingEmbedder()


@pytest.fixture
def desk(database: Database, dsn: str, tmp_path: Path, embedder: CountingEmbedder) -> Desk:
    root = tmp_path / "documents"
    root.mkdir()
    embedder.embedded.clear()
    return Desk(database, dsn, root.resolve(), embedder)
