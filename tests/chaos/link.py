"""The way between a worker and Postgres, which can be cut and mended."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo


class Link:
    """Carries bytes both ways until it is cut; then it carries none and closes nothing, as a dead network does."""

    def __init__(self, dsn: str, socket: Path) -> None:
        self.dsn = make_conninfo(dsn, host=str(socket.parent), port=5432)
        self._target = Path(str(conninfo_to_dict(dsn)["host"])) / ".s.PGSQL.5432"
        self._is_whole = asyncio.Event()
        self._is_whole.set()
        self._carrying: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        """Let nothing through from now on."""
        self._is_whole.clear()

    def mend(self) -> None:
        """Let everything through again, also what waited."""
        self._is_whole.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection to its end."""
        await self._is_whole.wait()
        there_reader, there_writer = await asyncio.open_unix_connection(str(self._target))
        ways = {
            asyncio.create_task(self._carry(reader, there_writer)),
            asyncio.create_task(self._carry(there_reader, writer)),
        }
        self._carrying |= ways
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.wait(ways)
        self._carrying -= ways
        writer.close()
        there_writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while part := await reader.read(65536):
                await self._is_whole.wait()
                writer.write(part)
                await writer.drain()


@asynccontextmanager
async def open_link(dsn: str, folder: Path) -> AsyncIterator[Link]:
    """Open a link to the server of `dsn`, whose own end is a socket in the folder, which is there."""
    link = Link(dsn, folder / ".s.PGSQL.5432")
    server = await asyncio.start_unix_server(link.serve, folder / ".s.PGSQL.5432")
    try:
        yield link
    finally:
        link.mend()
        server.close()
