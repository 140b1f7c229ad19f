"""Bring a database to this version's schema: roles, our migrations, procrastinate's and LangGraph's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import procrastinate.schema
import psycopg
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row
from psycopg.sql import SQL
from yoyo import get_backend, read_migrations

import sql
from agents.errors import UserError
from agents.store.db import role_conninfo

POSTGRES_AT_LEAST = 160000
PGVECTOR_AT_LEAST = (0, 8)
_LOCK = 0x6361_6972  # "cair": one migration at a time on a database.
_TABLE = "cairn_migration"


class SchemaError(UserError):
    """The database cannot be brought to, or is beyond, this version's schema."""


async def migrate(dsn: str) -> int:
    """Apply what is missing and return how many migrations were applied; safe to call from many processes.

    Raises:
        SchemaError: Postgres or pgvector is too old, the login may not create roles, or the data is newer.
    """
    async with await AsyncConnection.connect(dsn, autocommit=True) as login, _turn(login):
        await _check_server(login)
        try:
            await login.execute(_statement("bootstrap"))
        except psycopg.errors.InsufficientPrivilege as cause:
            raise SchemaError(
                f"The database login may not prepare Cairn's roles ({cause.diag.message_primary}). "
                "Give it CREATEROLE and ownership of the database, or run `cairn migrate` once as an administrator."
            ) from cause
        await _check_pgvector(login)
        applied = await asyncio.to_thread(_apply, dsn)
        await _prepare_langgraph(dsn)
        async with await AsyncConnection.connect(role_conninfo(dsn, "cairn_owner"), autocommit=True) as owner:
            await owner.execute(_statement("grants"))
    return applied


async def pending(dsn: str) -> list[str]:
    """Return the names of the migrations that this version has and the database lacks."""
    return await asyncio.to_thread(_pending, dsn)


@asynccontextmanager
async def _turn(connection: AsyncConnection) -> AsyncIterator[None]:
    # Never a blocking pg_advisory_lock: LangGraph's CREATE INDEX CONCURRENTLY would wait for it for ever.
    while True:
        row = await (await connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,))).fetchone()
        if row and row[0]:
            break
        await asyncio.sleep(0.2)
    try:
        yield
    finally:
        await connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))


async def _check_server(connection: AsyncConnection) -> None:
    if connection.info.server_version < POSTGRES_AT_LEAST:
        found = connection.info.server_version // 10000
        raise SchemaError(f"Postgres {found} is too old for Cairn, which needs 16 or newer. Upgrade the server.")
    row = await (
        await connection.execute("SELECT default_version FROM pg_available_extensions WHERE name = 'vector'")
    ).fetchone()
    if row is None:
        raise SchemaError("The server has no pgvector. Install pgvector 0.8 or newer on it and start again.")


async def _check_pgvector(connection: AsyncConnection) -> None:
    row = await (await connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'")).fetchone()
    version = tuple(int(part) for part in (row[0] if row else "0").split(".")[:2])
    if version < PGVECTOR_AT_LEAST:
        raise SchemaError(
            f"pgvector {row[0] if row else 'unknown'} is too old for Cairn, which needs 0.8 or newer. "
            "Upgrade it on the server, then run `ALTER EXTENSION vector UPDATE`."
        )


def _backend_url(dsn: str) -> str:
    given = conninfo_to_dict(role_conninfo(dsn, "cairn_owner"))
    name = given.pop("dbname", "postgres")
    return f"postgresql+psycopg:///{name}?" + "&".join(f"{key}={quote(str(value))}" for key, value in given.items())


def _pending(dsn: str) -> list[str]:
    backend = get_backend(_backend_url(dsn), migration_table=_TABLE)
    try:
        return [migration.id for migration in backend.to_apply(_all_migrations())]
    finally:
        backend.connection.close()


def _all_migrations() -> Any:
    return read_migrations(str(sql.MIGRATIONS), str(procrastinate.schema.migrations_path))


def _apply(dsn: str) -> int:
    backend = get_backend(_backend_url(dsn), migration_table=_TABLE)
    try:
        known = _all_migrations()
        beyond = sorted(set(backend.get_applied_migration_hashes()) - {migration.hash for migration in known})
        if beyond:
            raise SchemaError(
                f"This data was made by a newer Cairn (migrations that this version does not know: {len(beyond)}). "
                "Start the newer version, or point Cairn at another data directory or database."
            )
        missing = backend.to_apply(known)
        backend.apply_migrations(missing)
        return len(missing)
    finally:
        backend.connection.close()


async def _prepare_langgraph(dsn: str) -> None:
    conninfo = role_conninfo(dsn, "cairn_owner", search_path="langgraph,public")
    async with await AsyncConnection.connect(
        conninfo, autocommit=True, prepare_threshold=0, row_factory=dict_row
    ) as connection:
        await AsyncPostgresSaver(connection).setup()
        await connection.execute(_statement("langgraph"))


def _statement(name: str) -> SQL:
    # The statement comes from a file of this package, never from input.
    return SQL(sql.script(name))
