"""What runs leave, and the word that they changed: files, logs, and a run to follow until its end."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager

import psycopg

from agents.errors import UserError
from agents.runs.logs import LogLine, log_texts
from agents.runs.outputs import RunOutput
from agents.runs.views import RunView
from agents.store import artifacts, logs
from agents.store import runs as run_store
from agents.store.db import Database

_log = logging.getLogger(__name__)

_CHANNEL = "run"
# Notifications are lost with their connection; whoever follows then is late by this much.
_LOOK_AGAIN_S = 2.0
# A burst of changes is read once.
_LEAST_PAUSE_S = 0.1
_LINES_AT_ONCE = 1_000


class Outputs:
    """The files and logs of every team's runs.

    Args:
        database: Where they are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_run(self, team_id: str, run_id: str, *, last: int = 3) -> RunOutput:
        """Return the files of a run and the last few lines of each stage."""
        async with self._database.team(team_id) as connection:
            return RunOutput(
                artifacts=await artifacts.of_run(connection, team_id, run_id),
                last_lines=await logs.last(connection, team_id, run_id, last),
                log_lines=await logs.count(connection, team_id, run_id),
            )

    async def lines(
        self, team_id: str, run_id: str, *, seq: int | None = None, after: LogLine | None = None
    ) -> AsyncIterator[LogLine]:
        """Yield the log of a run, or of one of its stages, from after a line that was read before."""
        page: Sequence[LogLine] = ()
        while True:
            async with self._database.team(team_id) as connection:
                page = await logs.of_run(connection, team_id, run_id, seq=seq, after=after, at_most=_LINES_AT_ONCE)
            for line in page:
                yield line
            if len(page) < _LINES_AT_ONCE:
                return
            after = page[-1]

    async def log_file(self, run: RunView, team_id: str) -> str:
        """Return the whole log of a run as a text.

        Raises:
            UserError: There is none.
        """
        found = [line async for line in self.lines(team_id, run.id)]
        if not found:
            raise UserError(f"Run {run.id} has written no log so far. Its card shows how far it is.")
        return "\n".join(log_texts(found, [stage.name for stage in run.stages])) + "\n"

    async def follow(self, team_id: str, run_id: str) -> AsyncGenerator[RunView, None]:
        """Yield the run as it stands, and again each time that it or its log changed, until it is over.

        Close it with `contextlib.aclosing`: it holds a connection.

        Raises:
            UserError: There is no such run.
        """
        async with self._changes(team_id, run_id) as changed:
            while True:
                changed.clear()
                async with self._database.team(team_id) as connection:
                    run = await run_store.get(connection, team_id, run_id)
                if run is None:
                    raise UserError(f"There is no run {run_id!r}. `cairn runs` lists them.")
                yield run
                if run.state.is_over:
                    return
                await asyncio.sleep(_LEAST_PAUSE_S)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_AGAIN_S):
                        await changed.wait()

    @asynccontextmanager
    async def _changes(self, team_id: str, run_id: str) -> AsyncIterator[asyncio.Event]:
        """Give an event that is set whenever the run changed."""
        changed = asyncio.Event()
        listening = asyncio.create_task(self._listen(f"{team_id}:{run_id}", changed))
        try:
            yield changed
        finally:
            listening.cancel()
            await asyncio.wait({listening})

    async def _listen(self, wanted: str, changed: asyncio.Event) -> None:
        while True:
            try:
                async with self._database.listening(_CHANNEL) as connection:
                    # Something may have changed before it listened.
                    changed.set()
                    async for notification in connection.notifies():
                        if notification.payload == wanted:
                            changed.set()
            except (psycopg.Error, OSError) as error:
                _log.warning("Changes of runs are looked for less often for a moment: %s", error)
            await asyncio.sleep(_LOOK_AGAIN_S)
