"""Databases that are not Cairn's: one query, in a transaction that can only read, row by row.

What keeps it harmless: the transaction is read only, the query is declared as a cursor (so it is one SELECT, which
Postgres holds it to), time and rows are limited, and a superuser's login is refused, whom that holds back from too
little. What it may read is what its login may.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg.sql import SQL

from agents.errors import UserError, quoted
from agents.store.db import one, run

_CONNECT_S: Final = 10
_AT_ONCE: Final = 1_000
# By the first characters of its SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
_REFUSED: Final = {
    "28": "refuses the login",
    "3D": "has no database of the name that its address gives",
    "53": "takes no more connections",
}


async def read_rows(
    name: str, dsn: str, query: str, *, take: Callable[[Mapping[str, Any]], None], timeout_s: float
) -> None:
    """Read the rows of a query as it returns them.

    Args:
        name: What people call the database; its address stands in no error.
        dsn: Where it is, with its login.
        query: One SELECT.
        take: Given each row, by column; what it raises ends the query.
        timeout_s: For all of it.

    Raises:
        UserError: It does not answer in time, the login may too much, or the query cannot be run.
    """
    try:
        async with asyncio.timeout(timeout_s), await _connect(name, dsn) as connection, connection.transaction():
            await run(connection, "outside.limits", {"timeout_ms": str(int(timeout_s * 1_000))})
            await _require_plain_login(connection, name)
            async with connection.cursor(name="cairn_rows") as cursor:
                cursor.itersize = _AT_ONCE
                # A person's own query: where it is declared as a cursor, Postgres takes no more than one SELECT.
                await cursor.execute(SQL(query))
                async for row in cursor:
                    take(row)
    except TimeoutError as cause:
        raise UserError(
            f"The query of {name} did not end within {timeout_s:g} s. Ask for fewer rows, or for what an index serves."
        ) from cause
    except psycopg.Error as cause:
        raise _in_words(cause, name, query) from cause


async def check(name: str, dsn: str) -> None:
    """Make sure that a database answers, and that its login is held by rights.

    Raises:
        UserError: It does not, or is not.
    """
    async with asyncio.timeout(_CONNECT_S * 2), await _connect(name, dsn) as connection, connection.transaction():
        await _require_plain_login(connection, name)


async def _connect(name: str, dsn: str) -> AsyncConnection[DictRow]:
    try:
        connection = await AsyncConnection[DictRow].connect(
            dsn, row_factory=dict_row, connect_timeout=_CONNECT_S, application_name="cairn"
        )
    except psycopg.Error as cause:
        why = _REFUSED.get((cause.sqlstate or "")[:2], "does not answer")
        # Postgres's own words hold host and user, which are nobody's in a thread.
        raise UserError(
            f"The database {name} {why}. Whoever runs Cairn looks at the address in its variable, and at the network."
        ) from None
    await connection.set_read_only(True)
    return connection


async def _require_plain_login(connection: AsyncConnection[DictRow], name: str) -> None:
    row = await one(connection, "outside.login")
    if row is None or row["is_superuser"]:
        raise UserError(
            f"The login for {name} is a superuser's, which may read more than any table. Give it one that may SELECT "
            "what students are to learn from, and nothing else."
        )


def _in_words(cause: psycopg.Error, name: str, query: str) -> UserError:
    if isinstance(cause, psycopg.errors.QueryCanceled):
        return UserError(f"The query of {name} took too long and was stopped. Ask for fewer rows.")
    if cause.sqlstate is None:
        return UserError(f"The database {name} went away in the middle of the query. Try again.")
    said = (cause.diag.message_primary or "it failed").rstrip(".")
    return UserError(
        f"The query of {name} cannot be run: {said} (SQLSTATE {cause.sqlstate}). It has to be one SELECT that changes "
        f"nothing; it was {quoted(query)}. Correct it and propose again."
    )
