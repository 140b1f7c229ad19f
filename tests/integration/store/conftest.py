"""Databases with and without the rows of another team."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from agents.store.db import role_conninfo
from tests.conftest import TEMPLATE
from tests.integration.store.test_tenancy import fill


@pytest.fixture
def seeded(dsn: str) -> str:
    """A database in which the other team has one row in every table."""
    fill(dsn)
    return dsn


@pytest.fixture
def without(postgres: str) -> Iterator[str]:
    """A database in which the other team has nothing."""
    name = f"without_{uuid4().hex[:12]}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(TEMPLATE)))
    dsn = make_conninfo(postgres, dbname=name)
    with psycopg.connect(role_conninfo(dsn, "cairn_owner"), autocommit=True) as owner:
        # That there is a partition is no secret, and the planner looks at it.
        owner.execute("CREATE TABLE app.rag_chunk_1 PARTITION OF app.rag_chunk FOR VALUES IN (1)")
        owner.execute("ALTER TABLE app.rag_chunk_1 ENABLE ROW LEVEL SECURITY")
    yield dsn
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))
