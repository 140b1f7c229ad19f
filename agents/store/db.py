"""Connections to Postgres in one of Cairn's three roles, and how a transaction is bound to a team.

The app role sees one team's rows, the team of the transaction; the engine role claims, posts and reaps across
teams; the owner migrates. A DSN's user is a member of all three and takes the role as it connects, so row level
security holds even where that user is a superuser.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Literal, TypeVar

from psycopg import AsyncConnection, OperationalError
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow, dict_row
from psycopg.sql import SQL, Identifier
from psycopg.sql import Literal as Quoted
from psycopg_pool import AsyncConnectionPool

import sql

Connection = AsyncConnection[DictRow]
T = TypeVar("T")
Role = Literal["cairn_owner", "cairn_app", "cairn_engine"]

# A dead host is noticed within about half a minute instead of the kernel's two hours.
_KEEPALIVE = {
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
# A host that was cut off in the middle of a transaction keeps its rows locked until the server gives it up; none of
# ours waits for anything but Postgres while one is open.
_ABANDONED_AFTER_S = 10

# Looking whether a connection answers costs as much as a short query; one that has just answered is taken as it is.
_FRESH_S = 0.5
_BEGIN_FOR = SQL("BEGIN; SELECT set_config('cairn.team_id', {}, true)")


def role_conninfo(dsn: str, role: Role, search_path: str = "public") -> str:
    """Return `dsn` with the session's role, search path and keepalives set."""
    given = conninfo_to_dict(dsn)
    options = (
        f"{given.pop('options', None) or ''} -c role={role} -c search_path={search_path} "
        f"-c idle_in_transaction_session_timeout={_ABANDONED_AFTER_S}s"
    ).strip()
    settings: dict[str, Any] = {"connect_timeout": "10", **_KEEPALIVE, **given, "options": options}
    return make_conninfo("", **settings)


class Database:
    """Pools of connections in the working roles; open it with `async with`."""

    def __init__(self, dsn: str, *, max_size: int = 8) -> None:
        self.dsn = dsn
        self._app = _pool(role_conninfo(dsn, "cairn_app"), max_size)
        self._engine = _pool(role_conninfo(dsn, "cairn_engine"), max_size)
        self._direct = _pool(role_conninfo(dsn, "cairn_app"), max_size, is_checked=False)

    async def __aenter__(self) -> "Database":
        await self._app.open()
        await self._engine.open()
        await self._direct.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._direct.close()
        await self._engine.close()
        await self._app.close()

    @asynccontextmanager
    async def team(self, team_id: str) -> AsyncIterator[Connection]:
        """Open a transaction that sees and writes the rows of `team_id` only."""
        async with _connection(self._app) as connection:
            # In one message, which psycopg's own transaction() would make two of.
            await connection.execute(_BEGIN_FOR.format(Quoted(team_id)))
            try:
                yield connection
            except BaseException:
                await connection.rollback()
                raise
            await connection.commit()

    async def call(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Return what `work` returns: one call, safe to repeat, of a function that names its team itself.

        It runs on autocommit and on a connection that is not looked at first, which would cost as much as the call.
        """
        try:
            async with _connection(self._direct) as connection:
                return await work(connection)
        except OperationalError:
            await self._direct.check()
        async with _connection(self._direct) as connection:
            return await work(connection)

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[Connection]:
        """Open a transaction across teams, for claims, posting and reaping."""
        async with _connection(self._engine) as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def listening(self, channel: str) -> AsyncIterator[Connection]:
        """Open a connection of its own, as the engine, that hears the channel."""
        async with await AsyncConnection.connect(
            role_conninfo(self.dsn, "cairn_engine"), autocommit=True, row_factory=dict_row
        ) as connection:
            await connection.execute(SQL("LISTEN {}").format(Identifier(channel)))
            yield connection


class _Pooled(AsyncConnection[DictRow]):
    """A connection that knows when it last did something."""

    used_at_s = -math.inf


@asynccontextmanager
async def _connection(pool: AsyncConnectionPool[_Pooled]) -> AsyncIterator[Connection]:
    """Take a connection of the pool, and notice a cancellation that the wait for it swallowed.

    The pool waits with asyncio.wait_for, which before Python 3.12 returns what it waited for where the cancellation
    comes at the same moment (https://github.com/python/cpython/issues/86296). Whoever cancelled would wait for ever.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    async with pool.connection() as connection:
        if task and task.cancelling() > before:
            raise asyncio.CancelledError
        yield connection
        connection.used_at_s = time.monotonic()


async def _check(connection: _Pooled) -> None:
    """Make sure that a connection answers, but for one that has just done so."""
    if time.monotonic() - connection.used_at_s > _FRESH_S:
        await AsyncConnectionPool.check_connection(connection)


def _pool(conninfo: str, max_size: int, *, is_checked: bool = True) -> AsyncConnectionPool[_Pooled]:
    return AsyncConnectionPool(
        conninfo,
        connection_class=_Pooled,
        kwargs={"autocommit": True, "row_factory": dict_row},
        min_size=1,
        max_size=max_size,
        # A connection that died with a restarted server is replaced before it is handed out.
        check=_check if is_checked else None,
        open=False,
    )


async def database_time(dsn: str) -> datetime:
    """Return what the database's clock says, over a connection of its own: it answers, or it is away."""
    async with await AsyncConnection.connect(
        role_conninfo(dsn, "cairn_engine"), autocommit=True, row_factory=dict_row
    ) as connection:
        row = await one(connection, "stage.now")
    assert row is not None  # noqa: S101  # a SELECT without FROM has one row
    now: datetime = row["now"]
    return now


Parameters = Mapping[str, Any]


async def run(connection: Connection, name: str, parameters: Parameters | None = None) -> int:
    """Execute the query `file.name` and return how many rows it touched."""
    cursor = await connection.execute(_text(name), parameters)
    return cursor.rowcount


async def one(connection: Connection, name: str, parameters: Parameters | None = None) -> DictRow | None:
    """Return the first row of the query `file.name`, or None."""
    cursor = await connection.execute(_text(name), parameters)
    return await cursor.fetchone()


async def rows(connection: Connection, name: str, parameters: Parameters | None = None) -> Sequence[DictRow]:
    """Return all rows of the query `file.name`."""
    cursor = await connection.execute(_text(name), parameters)
    return await cursor.fetchall()


def _text(name: str) -> SQL:
    # The statement comes from a file of this package, never from input.
    return SQL(sql.query(name))
