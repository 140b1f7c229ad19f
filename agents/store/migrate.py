"""Bring a database to this version's schema: roles, our migrations, procrastinate's and LangGraph's.

The release before may go on working meanwhile. A migration that does not get its locks soon gives up, so that
nothing queues up behind it, and goes on from there when the command is run again.
"""

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
from psycopg.sql import SQL, Identifier
from yoyo import get_backend, read_migrations

import sql
from agents.errors import UserError
from agents.store.db import Connection, one, role_conninfo, rows, run

POSTGRES_AT_LEAST = 160000
PGVECTOR_AT_LEAST = (0, 8)
_TURN = {"lock": 0x6361_6972}  # "cair": one migration at a time on a database.
_TABLE = "cairn_migration"
# Ours name their own limits. Of the others a lock is not waited for long either, but how long they work is theirs to
# know: an index takes its time.
_LOCK_TIMEOUT = "-c lock_timeout=4s"

# What others' work on the same tables looks like to a migration.
_IN_THE_WAY = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.QueryCanceled,
    psycopg.errors.DeadlockDetected,
)


class SchemaError(UserError):
    """The database cannot be brought to, or is beyond, this version's schema."""


class NewerSchemaError(SchemaError):
    """A newer version of Cairn has migrated the database."""


async def migrate(dsn: str, *, app_dsn: str | None = None) -> int:
    """Apply what is missing and return how many migrations were applied; safe to call from many processes.

    Args:
        dsn: A login that may create roles and owns the database.
        app_dsn: The login of Cairn's processes, where that is another one: it is admitted to the working roles.

    Raises:
        SchemaError: Postgres or pgvector is too old, a login may not do what it has to, a lock was not to be had, or
            the data is newer.
    """
    async with await _connect(dsn) as login, _turn(login):
        await _check_server(login)
        try:
            await login.execute(_statement("bootstrap"))
        except psycopg.errors.InsufficientPrivilege as cause:
            raise SchemaError(
                f"The database login may not prepare Cairn's roles ({cause.diag.message_primary}). Give it CREATEROLE "
                "and ownership of the database, or run `cairn migrate` as an administrator, whose login "
                "DATABASE_OWNER_URL may name."
            ) from cause
        await _check_pgvector(login)
        applied = await asyncio.to_thread(_apply, dsn)
        await _prepare_langgraph(dsn)
        async with await _connect(role_conninfo(dsn, "cairn_owner")) as owner:
            for script in ("langgraph", "grants"):
                await owner.execute(_statement(script))
        if app_dsn is not None:
            await _admit(login, app_dsn)
    return applied


async def ensure(dsn: str, owner_dsn: str | None = None) -> None:
    """Migrate where something is missing, as `owner_dsn` if there is one.

    Raises:
        SchemaError: As `migrate` does.
    """
    try:
        is_behind = bool(await pending(dsn))
    except psycopg.errors.InsufficientPrivilege:
        is_behind = True
    if is_behind:
        await migrate(owner_dsn or dsn, app_dsn=dsn if owner_dsn else None)


async def refuse_if_behind(dsn: str) -> None:
    """Let no process of this version work on an older schema; one that is newer goes on under it as before.

    Raises:
        SchemaError: Something is missing, or the login is not admitted to the working roles.
    """
    try:
        missing = await pending(dsn)
    except psycopg.OperationalError:
        # The server is away: what works waits for it, and an older schema is found out then.
        return
    except psycopg.errors.InsufficientPrivilege as cause:
        raise SchemaError(
            f"The login of DATABASE_URL may not take Cairn's working roles ({cause.diag.message_primary}). "
            "Run `cairn migrate` with DATABASE_OWNER_URL, which admits it."
        ) from cause
    except NewerSchemaError:
        return
    if missing:
        raise SchemaError(
            f"The database is {len(missing)} migrations behind this version. Run `cairn migrate`, then start again; "
            "the release before may go on working meanwhile."
        )


async def pending(dsn: str) -> list[str]:
    """Return the names of the migrations that this version has and the database lacks.

    Raises:
        NewerSchemaError: The data is newer.
    """
    async with await _connect(dsn) as connection:
        applied, of_langgraph = await _applied(connection)
    known = await asyncio.to_thread(_known)
    _refuse_newer(applied, known)
    missing = [migration.id for migration in known if migration.hash not in applied]
    return missing + [f"langgraph {version}" for version in range(of_langgraph, len(AsyncPostgresSaver.MIGRATIONS))]


async def _applied(connection: Connection) -> tuple[set[str], int]:
    """Return the hashes of what was applied, and how many of LangGraph's own migrations were."""
    if not await _says(connection, "schema.is_made"):
        return set(), 0
    # Before the first migration of this release ran, only the owner may read these tables.
    for role in ("cairn_app", "cairn_owner"):
        try:
            await connection.execute(SQL("SET ROLE {}").format(Identifier(role)))
            hashes = {row["migration_hash"] for row in await rows(connection, "schema.applied")}
            is_made = await _says(connection, "schema.langgraph_is_made")
            return hashes, await _says(connection, "schema.langgraph_applied") if is_made else 0
        except psycopg.errors.InsufficientPrivilege as cause:
            refusal = cause
    raise refusal


async def _says(connection: Connection, query: str) -> Any:
    row = await one(connection, query)
    return next(iter(row.values())) if row else None


@asynccontextmanager
async def _turn(login: Connection) -> AsyncIterator[None]:
    # Never a blocking pg_advisory_lock: LangGraph's CREATE INDEX CONCURRENTLY would wait for it for ever.
    while True:
        row = await one(login, "schema.try_turn", _TURN)
        if row and row["is_ours"]:
            break
        await asyncio.sleep(0.2)
    try:
        yield
    finally:
        await run(login, "schema.end_turn", _TURN)


async def _check_server(login: Connection) -> None:
    if login.info.server_version < POSTGRES_AT_LEAST:
        found = login.info.server_version // 10000
        raise SchemaError(f"Postgres {found} is too old for Cairn, which needs 16 or newer. Upgrade the server.")
    vector = await one(login, "schema.pgvector")
    if vector is None or vector["offered"] is None:
        raise SchemaError("The server has no pgvector. Install pgvector 0.8 or newer on it and start again.")


async def _check_pgvector(login: Connection) -> None:
    vector = await one(login, "schema.pgvector")
    installed = str(vector["installed"] if vector else "0")
    if tuple(int(part) for part in installed.split(".")[:2]) < PGVECTOR_AT_LEAST:
        raise SchemaError(
            f"pgvector {installed} is too old for Cairn, which needs 0.8 or newer. "
            "Upgrade it on the server, then run `ALTER EXTENSION vector UPDATE`."
        )


async def _admit(login: Connection, app_dsn: str) -> None:
    """Let the login of Cairn's processes take the working roles, which is all that it needs."""
    async with await _connect(app_dsn) as connection:
        app = await one(connection, "schema.login")
    here = await one(login, "schema.login")
    assert app is not None and here is not None  # noqa: S101, PT018  # a SELECT without FROM answers with a row
    if (app["database"], app["started_at"]) != (here["database"], here["started_at"]):
        raise SchemaError(
            f"DATABASE_URL leads to the database {app['database']}, DATABASE_OWNER_URL to {here['database']} or to "
            "another server. Correct one of them: the second is for the same database, with the login that migrates."
        )
    if app["is_admitted"]:
        return
    try:
        await login.execute(SQL("SELECT set_config('cairn.login', {}, false)").format(app["name"]))
        await login.execute(_statement("admit"))
    except psycopg.errors.InsufficientPrivilege as cause:
        raise SchemaError(
            f"The login that migrates may not admit {app['name']} to the working roles "
            f"({cause.diag.message_primary}). Run as an administrator: "
            f'GRANT cairn_app, cairn_engine TO "{app["name"]}"'
        ) from cause


def _backend(dsn: str) -> Any:
    given = conninfo_to_dict(role_conninfo(dsn, "cairn_owner"))
    given["options"] = f"{given['options']} {_LOCK_TIMEOUT}"
    name = given.pop("dbname", "postgres")
    url = f"postgresql+psycopg:///{name}?" + "&".join(f"{key}={quote(str(value))}" for key, value in given.items())
    return get_backend(url, migration_table=_TABLE)


def _known() -> Any:
    return read_migrations(str(sql.MIGRATIONS), str(procrastinate.schema.migrations_path))


def _refuse_newer(applied: set[str], known: Any) -> None:
    beyond = applied - {migration.hash for migration in known}
    if beyond:
        raise NewerSchemaError(
            f"This data was made by a newer Cairn (migrations that this version does not know: {len(beyond)}). "
            "Start the newer version, or point Cairn at another data directory or database."
        )


def _apply(dsn: str) -> int:
    backend = _backend(dsn)
    try:
        known = _known()
        _refuse_newer(set(backend.get_applied_migration_hashes()), known)
        missing = backend.to_apply(known)
        for migration in missing:
            try:
                _apply_one(backend, migration)
            except _IN_THE_WAY as cause:
                raise SchemaError(
                    f"The migration {migration.id} gave up: {cause.diag.message_primary}. Something else works on the "
                    "same tables. Nothing of this migration was applied, those before it were. "
                    "Run `cairn migrate` again in a quieter moment."
                ) from cause
        return len(missing)
    finally:
        backend.connection.close()


def _apply_one(backend: Any, migration: Any) -> None:
    # A session of its own, with which the limits that it sets end. Its mark is part of its transaction: yoyo itself
    # marks it after the commit, and what is killed in between could never be migrated again.
    with backend.copy() as session, session.transaction():
        migration.process_steps(session, "apply")
        session.mark_one(migration)


async def _prepare_langgraph(dsn: str) -> None:
    conninfo = role_conninfo(dsn, "cairn_owner", search_path="langgraph,public")
    async with await _connect(conninfo, prepare_threshold=0) as owner:
        await AsyncPostgresSaver(owner).setup()


async def _connect(conninfo: str, **options: Any) -> Connection:
    return await AsyncConnection.connect(conninfo, autocommit=True, row_factory=dict_row, **options)


def _statement(name: str) -> SQL:
    # The statement comes from a file of this package, never from input.
    return SQL(sql.script(name))
