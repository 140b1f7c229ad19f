import asyncio
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from agents.store.db import Database, role_conninfo
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
