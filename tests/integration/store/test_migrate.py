import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from agents.store.db import Database, role_conninfo
from agents.store.embedded import start_embedded, stop_embedded
from agents.store.migrate import SchemaError, migrate, pending

pytestmark = pytest.mark.integration


async def test_migrating_twice_changes_nothing(dsn: str) -> None:
    assert await pending(dsn) == []
    assert await migrate(dsn) == 0


async def test_many_processes_may_migrate_an_empty_database_at_once(postgres: str) -> None:
    name = f"empty_{uuid4().hex[:12]}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    empty = make_conninfo(postgres, dbname=name)
    counts = await asyncio.gather(*(migrate(empty) for _ in range(3)))
    assert sorted(counts)[:2] == [0, 0]
    assert max(counts) > 0
    assert await pending(empty) == []


@pytest.fixture
def plain_login() -> Iterator[str]:
    """The DSN of an empty database on a server of its own, whose owner may create roles and nothing more."""
    home = Path(mkdtemp(prefix="cairn-plain-"))
    try:
        server = asyncio.run(start_embedded(home))
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("CREATE ROLE joe LOGIN CREATEROLE")
            connection.execute("CREATE DATABASE joes OWNER joe")
        # As an administrator does where pgvector is not a trusted extension.
        with psycopg.connect(make_conninfo(server, dbname="joes"), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION vector")
        yield make_conninfo(server, user="joe", dbname="joes")
    finally:
        asyncio.run(stop_embedded(home))
        shutil.rmtree(home, ignore_errors=True)


async def test_a_login_that_is_no_superuser_prepares_its_own_database(plain_login: str) -> None:
    assert await migrate(plain_login) > 0
    assert await migrate(plain_login) == 0
    async with Database(plain_login, max_size=2) as database, database.team("T1") as connection:
        row = await (await connection.execute("SELECT current_user AS role, session_user AS login")).fetchone()
    assert row == {"role": "cairn_app", "login": "joe"}


async def test_a_login_that_may_not_create_roles_is_told_what_it_lacks(plain_login: str) -> None:
    with psycopg.connect(plain_login, autocommit=True) as joe:
        joe.execute("CREATE ROLE jim LOGIN")
    with pytest.raises(SchemaError, match=r"may not prepare.*CREATEROLE.*administrator"):
        await migrate(make_conninfo(plain_login, user="jim"))


async def test_data_of_a_newer_version_is_refused_with_the_next_step(dsn: str) -> None:
    with psycopg.connect(role_conninfo(dsn, "cairn_owner"), autocommit=True) as owner:
        owner.execute(
            "INSERT INTO cairn_migration (migration_hash, migration_id, applied_at_utc) "
            "VALUES ('f00d', '9999_future', now())"
        )
    with pytest.raises(SchemaError, match=r"newer Cairn.*another data directory"):
        await migrate(dsn)


async def test_the_app_role_sees_no_queue_and_owns_nothing(database: Database) -> None:
    async with database.team("T1") as connection:
        row = await (await connection.execute("SELECT current_user AS who")).fetchone()
        assert row == {"who": "cairn_app"}
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute("SELECT id FROM procrastinate_jobs")
    async with database.team("T1") as connection:
        owned = await connection.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = 'cairn_app'"
        )
        assert await owned.fetchall() == []


async def test_every_table_with_a_team_is_under_row_level_security(database: Database) -> None:
    async with database.engine() as connection:
        open_tables = await connection.execute(
            "SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
            "WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'app'::regnamespace "
            "AND a.attname = 'team_id' AND NOT c.relrowsecurity"
        )
        assert await open_tables.fetchall() == []


async def test_no_team_set_sees_no_row(database: Database) -> None:
    async with database.team("T1") as connection:
        await connection.execute("INSERT INTO app.audit (team_id, who, action, subject) VALUES ('T1', 'u', 'a', 's')")
    async with database.team("") as connection:
        row = await (await connection.execute("SELECT count(*) AS n FROM app.audit")).fetchone()
    assert row == {"n": 0}
