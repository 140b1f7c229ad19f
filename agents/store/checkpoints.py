"""LangGraph's checkpoints: a saver for one turn of one thread, seeing one team's rows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from agents.store.db import Connection, role_conninfo, run

# Longer than any turn without a model takes; a turn that waits longer fails and is tried again by the inbox.
WAIT_FOR_FORMER_TURN_S = 60


def thread_id(team_id: str, channel: str, thread_ts: str) -> str:
    """Return LangGraph's id of a thread; its first part is what row level security compares with the team."""
    return f"{team_id}:{channel}:{thread_ts}"


class Checkpoints:
    """A pool of connections for savers; open it with `async with`."""

    def __init__(self, dsn: str, *, max_size: int = 8) -> None:
        # A pool of its own: the saver needs autocommit, no prepared statements and LangGraph's schema, and the team
        # is set for the session, not for a transaction.
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            role_conninfo(dsn, "cairn_app", search_path="langgraph,public"),
            connection_class=AsyncConnection[DictRow],
            kwargs={"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row},
            min_size=1,
            max_size=max_size,
            check=AsyncConnectionPool.check_connection,
            reset=_leave,
            open=False,
        )

    async def __aenter__(self) -> "Checkpoints":
        await self._pool.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pool.close()

    @asynccontextmanager
    async def saver(self, team_id: str, thread: str) -> AsyncIterator[AsyncPostgresSaver]:
        """Lend a saver for one turn of `thread`; turns of one thread wait for each other."""
        async with self._pool.connection() as connection:
            await run(
                connection,
                "checkpoints.enter_team",
                {"team_id": team_id, "lock_timeout": f"{WAIT_FOR_FORMER_TURN_S}s"},
            )
            await run(connection, "checkpoints.enter_thread", {"thread_id": thread})
            # No module may be imported while a checkpoint is read: the state is plain JSON.
            yield AsyncPostgresSaver(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=None))


async def _leave(connection: Connection) -> None:
    await run(connection, "checkpoints.leave")
