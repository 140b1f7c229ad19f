"""Where the data of students comes from, as every face reaches it: allowed files, files of a thread, queries."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from agents.distillation.data import data_summary, origins
from agents.distillation.origins import DATABASE_NAME, KeptFile, Query, folder_of, origin_words
from agents.distillation.spec import DistillationSpec
from agents.distillation.tables import query_line
from agents.errors import UserError
from agents.ports import DataFiles
from agents.store import audit, datasets, outside, rag
from agents.store.datasets import Copy
from agents.store.db import Database

MOST_BYTES: Final = 64 * 1024 * 1024
"""Of a file that is dropped in a thread, and of what a query returns: some 100,000 examples of half a page."""

QUERY_TIMEOUT_S: Final = 120.0


class DataSources:
    """Reads what a specification of data names.

    Args:
        database: Where copies are kept, and which databases a team may ask.
        data_files: Reads files by their path.
        dsn_of: The address of a database by its name; None where the environment names none.
        query_timeout_s: How long a query may take.
    """

    def __init__(
        self,
        database: Database,
        data_files: DataFiles,
        dsn_of: Callable[[str], str | None] = lambda _name: None,
        *,
        query_timeout_s: float = QUERY_TIMEOUT_S,
    ) -> None:
        self._database = database
        self._data_files = data_files
        self._dsn_of = dsn_of
        self._query_timeout_s = query_timeout_s

    async def texts(self, team_id: str, spec: DistillationSpec) -> Mapping[str, str]:
        """Return what each origin of a spec's data holds, by what it is for.

        Raises:
            UserError: One may not or cannot be read; the text says which and why.
        """
        async with self._database.team(team_id) as connection:
            folders = [source.location for source in await rag.sources(connection, team_id)]
        return {use: await self._text(team_id, origin, folders) for use, origin in origins(spec).items()}

    async def keep_results(
        self,
        team_id: str,
        spec: DistillationSpec,
        texts: Mapping[str, str],
        *,
        channel: str | None,
        thread_ts: str | None,
        conversation_id: str | None,
    ) -> None:
        """Keep copies of what queries returned, so that the run trains on what was approved."""
        for use, origin in origins(spec).items():
            if isinstance(origin, Query):
                async with self._database.team(team_id) as connection:
                    await datasets.keep(
                        connection,
                        team_id,
                        name=origin_words(origin),
                        text=texts[use],
                        channel=channel,
                        thread_ts=thread_ts,
                        conversation_id=conversation_id,
                    )

    async def take_file(
        self, team_id: str, name: str, content: bytes, *, channel: str, thread_ts: str | None
    ) -> tuple[str, Mapping[str, Any]]:
        """Keep a file that was dropped in a thread; return its SHA-256 and what it holds in short.

        Raises:
            UserError: It is too large, or not such a file; the text names the line.
        """
        if len(content) > MOST_BYTES:
            raise UserError(
                f"{name} has {len(content):,} bytes, and {MOST_BYTES:,} are taken from a thread. Put it into a folder "
                "that whoever runs Cairn registers: `cairn sources add NAME FOLDER`."
            )
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as cause:
            told = f"{name} is no text in UTF-8: byte {cause.start}. Convert it, then drop it again."
            raise UserError(told) from cause
        summary = await asyncio.to_thread(data_summary, text, name)
        async with self._database.team(team_id) as connection:
            digest = await datasets.keep(
                connection, team_id, name=name, text=text, summary=summary, channel=channel, thread_ts=thread_ts
            )
        return digest, summary

    async def of_thread(
        self, team_id: str, channel: str | None, thread_ts: str | None, conversation_id: str | None
    ) -> Sequence[Copy]:
        """Return the files that were dropped in a thread, or in that of a conversation, the newest first."""
        async with self._database.team(team_id) as connection:
            return await datasets.of_thread(connection, team_id, channel, thread_ts, conversation_id)

    async def databases(self, team_id: str) -> Sequence[str]:
        """Return the names of the databases that the team may ask."""
        async with self._database.team(team_id) as connection:
            return await datasets.databases(connection, team_id)

    async def register_database(self, team_id: str, name: str, who: str) -> None:
        """Let the team ask a database, once it has answered.

        Raises:
            UserError: The name cannot be used, the environment has no address for it, or it does not answer.
        """
        if not re.fullmatch(DATABASE_NAME, name):
            raise UserError(
                f"{name!r} cannot be the name of a database. Use up to 63 lower-case letters, digits, - and _, "
                "beginning with a letter or digit."
            )
        await outside.check(name, self._require_dsn(name))
        async with self._database.team(team_id) as connection:
            if await datasets.add_database(connection, team_id, name, who):
                await audit.add(connection, team_id, audit.Entry(who, "register_database", f"database:{name}"))

    async def _text(self, team_id: str, origin: str | Query | KeptFile, folders: Sequence[str]) -> str:
        if isinstance(origin, Query):
            return await self._asked(team_id, origin)
        if isinstance(origin, KeptFile):
            return await self._kept(team_id, origin)
        return await asyncio.to_thread(self._data_files.read, origin, folder_of(origin, folders))

    async def _kept(self, team_id: str, origin: KeptFile) -> str:
        async with self._database.team(team_id) as connection:
            text = await datasets.text_of(connection, team_id, origin.sha256)
        if text is None:
            raise UserError(f"{origin.file} is not kept any more. Drop it in the thread again, and choose it anew.")
        return text

    async def _asked(self, team_id: str, query: Query) -> str:
        """Return the rows of a query as JSON Lines."""
        known = await self.databases(team_id)
        if query.database not in known:
            raise UserError(
                f"There is no database {query.database!r}. Choose one of: {', '.join(known) or 'none yet'}; or have "
                "one registered by whoever runs Cairn: `cairn sources add-database NAME`."
            )
        lines: list[str] = []
        size = 0

        def take(row: Mapping[str, Any]) -> None:
            nonlocal size
            if len(lines) == query.rows:
                raise UserError(
                    f"The query of {query.database} returns more than {query.rows:,} rows. End it with LIMIT, or raise "
                    "rows."
                )
            line = query_line(row, query, len(lines) + 1)
            size += len(line.encode())
            if size > MOST_BYTES:
                raise UserError(
                    f"The query of {query.database} returns more than {MOST_BYTES:,} bytes, by its row "
                    f"{len(lines) + 1:,}. End it with LIMIT."
                )
            lines.append(line)

        dsn = self._require_dsn(query.database)
        await outside.read_rows(query.database, dsn, query.query, take=take, timeout_s=self._query_timeout_s)
        if not lines:
            raise UserError(f"The query of {query.database} returns no rows. Look at its conditions.")
        return "".join(f"{line}\n" for line in lines)

    def _require_dsn(self, name: str) -> str:
        dsn = self._dsn_of(name)
        if dsn is None:
            raise UserError(
                f"Where the database {name} is, is not known here: {dsn_variable(name)} is not set. Whoever runs Cairn "
                "sets it to a login that may only SELECT: postgresql://USER:PASSWORD@HOST/DATABASE."
            )
        return dsn


def dsn_variable(name: str) -> str:
    """Return the variable that holds the address of a database."""
    return f"CAIRN_SOURCE_DSN_{name.upper().replace('-', '_')}"
