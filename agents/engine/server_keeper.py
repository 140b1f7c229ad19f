"""Makes the servers of models of a host serve what the aliases say, and again after they were started anew.

The tables are the truth and the server is brought in line with them, whatever happened to it: an alias that was moved,
a deployment that was cut off, a restart. It runs in the worker beside the server, whose folders both see. Adapters are
loaded into a server while it runs; what has weights of its own has a server of its own, in a slot (slots.py).
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

import psycopg

from agents.distillation.registry import Student
from agents.distillation.serving import ServerError, Target, changes, served_name, wanted_names
from agents.engine.rest import Rest
from agents.engine.slots import Slots
from agents.engine.student_files import StudentFiles
from agents.errors import UserError
from agents.ports import ModelServer
from agents.store import served as served_store
from agents.store import students as student_store
from agents.store.db import Database

LOOK_AGAIN_S: Final = 15.0
"""How often a server is looked at where nobody said that something changed: it may have been started anew."""

# How often it is looked whether those who sleep are to wake.
_RESTING_S: Final = 1.0
# How long a worker that stops waits for its stages to let go of the GPUs; longer than CAIRN_GRACE_S usually is.
_LEAVING_S: Final = 30.0
_CHANNEL: Final = "student"
_log = logging.getLogger(__name__)


class ServerKeeper:
    """Keeps the servers of a host in line with the aliases of all teams.

    Args:
        database: Where students and aliases are.
        server: Serves adapters; None where no server here does.
        files: Brings the files of students to where the servers find them.
        slots: Serve students with weights of their own; None where there are none.
        rest: Has the servers sleep while a stage works on GPUs that they share; None where they share none.
        look_again_s: How often it looks where nothing is heard.
    """

    def __init__(
        self,
        database: Database,
        server: ModelServer | None,
        files: StudentFiles,
        *,
        slots: Slots | None = None,
        rest: Rest | None = None,
        look_again_s: float = LOOK_AGAIN_S,
    ) -> None:
        self._database = database
        self._server = server
        self._files = files
        self._slots = slots
        self._rest = rest
        self._look_again_s = look_again_s
        self._one_at_a_time = asyncio.Lock()
        self._changed = asyncio.Event()
        self._starting: Mapping[str, frozenset[str]] = {}

    def why_not(self, *, is_whole: bool) -> str | None:
        """Return why a student cannot be served by this host, for people; None where it can."""
        if is_whole and self._slots is None:
            return (
                "It has weights of its own, which a running server does not take up, and no slots are run beside this "
                "worker. `deploy/` has units for them; set CAIRN_SERVE_SLOTS to how many there are, and retry the run."
            )
        if not is_whole and self._server is None:
            return (
                "It is an adapter, and this worker has no server of models beside it. Set CAIRN_SERVE_URL for it to a "
                "vLLM, and retry the run."
            )
        return None

    async def require_adapters(self) -> None:
        """Make sure that the server of adapters will take one, as far as can be seen before there is one.

        Raises:
            ServerError: It does not answer, or takes none while it runs.
        """
        if self._server is not None and not (self._rest is not None and await self._rest.is_due()):
            await self._server.require_adapters()

    async def require_sleepers(self) -> None:
        """Make sure that the servers can make room for a training, where they share its GPUs.

        Raises:
            UserError: One cannot.
        """
        if self._rest is not None:
            await self._rest.require_sleepers()

    def url(self, team_id: str, student: Student) -> str:
        """Return where the server that serves a student answers, for people."""
        if student.is_whole:
            assert self._slots is not None  # noqa: S101  # see why_not
            return self._slots.url(team_id)
        assert self._server is not None  # noqa: S101  # see why_not
        return self._server.url

    async def make_room(self) -> None:
        """Have the servers sleep, where they share the GPUs on which the caller's stage runs.

        They wake when no stage does any more: `keep` looks.

        Raises:
            UserError: One cannot.
        """
        if self._rest is not None:
            await self._rest.settle()
            self._changed.set()

    @contextlib.asynccontextmanager
    async def called(self, team_id: str, alias: str, student: Student) -> AsyncIterator[tuple[ModelServer, str]]:
        """Lend what callers of an alias reach, with the name by which they call the student there.

        Raises:
            AtRest: The servers sleep, or were put to sleep meanwhile.
        """
        await self._require_awake()
        try:
            if student.is_whole:
                assert self._slots is not None  # noqa: S101  # see why_not
                async with self._slots.called(team_id, alias) as server:
                    yield server, served_name(team_id, student.label)
            else:
                assert self._server is not None  # noqa: S101  # see why_not
                yield self._server, served_name(team_id, alias)
        except ServerError:
            # One that was put to sleep answers nobody.
            await self._require_awake()
            raise

    async def keep(self, stop: asyncio.Event) -> None:
        """Look whenever an alias was moved, and from time to time, until told to stop; then leave all awake."""
        changed = self._changed
        listening = asyncio.create_task(self._listen(changed))
        try:
            while not stop.is_set():
                changed.clear()
                rests = await self._look()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(self._look_again_s, _RESTING_S) if rests else self._look_again_s):
                        await _first(stop, changed)
        finally:
            listening.cancel()
            await asyncio.wait({listening})
        await self._leave_awake()

    async def align(self, team_id: str) -> Mapping[str, str]:
        """Make the servers serve what a team's aliases say; return why not, by name, where they do not.

        Raises:
            AtRest: The servers sleep.
            ServerError: The server of adapters does not answer.
        """
        return (await self._align([team_id]))[team_id]

    async def _align(self, teams: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """Align for teams as `align` does for one; what they share is looked at once."""
        await self._require_awake()
        errors: dict[str, dict[str, str]] = {team_id: {} for team_id in teams}
        if self._slots is not None:
            async with self._one_at_a_time:
                slotted = await self._slots.align()
                self._starting = {team_id: each.starting for team_id, each in slotted.items()}
                for team_id in teams:
                    if (each := slotted.get(team_id)) is not None:
                        await self._saw(team_id, self._slots.url(team_id), each.wanted, each.errors)
                        errors[team_id] |= each.errors
        if self._server is not None:
            for team_id in teams:
                await self._require_awake()
                async with self._one_at_a_time:
                    errors[team_id] |= await self._align_adapters(team_id, self._server)
        return errors

    def is_starting(self, team_id: str, name: str) -> bool:
        """Whether the server of a name was only being started when it was last looked at."""
        return name in self._starting.get(team_id, ())

    async def _align_adapters(self, team_id: str, server: ModelServer) -> Mapping[str, str]:
        async with self._database.team(team_id) as connection:
            students = await student_store.all_of(connection, team_id)
            moves = await student_store.moves(connection, team_id)
        wanted = wanted_names(team_id, students, moves)
        known = {(each.name, each.version): each for each in students}
        errors = await self._change(team_id, server, wanted, known)
        await self._saw(team_id, server.url, wanted, errors)
        return errors

    async def _saw(self, team_id: str, url: str, wanted: Mapping[str, Target], errors: Mapping[str, str]) -> None:
        async with self._database.team(team_id) as connection:
            await served_store.saw(connection, team_id, url, wanted, errors)

    async def _look(self) -> bool:
        """Look after everything once; return whether the servers rest."""
        rests = False
        try:
            rests = self._rest is not None and await self._rest.settle()
            if not rests:
                await self._align_all()
        except (UserError, psycopg.OperationalError, OSError) as error:
            _log.warning("students are not looked after for a moment: %s", error)
        return rests

    async def _align_all(self) -> None:
        async with self._database.engine() as connection:
            teams = await served_store.teams(connection)
        for errors in (await self._align(teams)).values():
            for name, error in errors.items():
                _log.warning("%s is not served: %s", name, error)

    async def _leave_awake(self) -> None:
        """Wake what sleeps once the stages of this worker have ended, since nobody may come after it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LEAVING_S):
                while self._rest is not None and await self._look():  # noqa: ASYNC110  # what ends it is a row
                    await asyncio.sleep(_RESTING_S)

    async def _require_awake(self) -> None:
        if self._rest is not None:
            await self._rest.require_awake()

    async def _change(
        self, team_id: str, server: ModelServer, wanted: Mapping[str, Target], known: Mapping[Target, Student]
    ) -> dict[str, str]:
        errors: dict[str, str] = {}
        todo = changes(team_id, wanted, await server.models(), lambda target: str(self._files.place(team_id, target)))
        for name, target, is_there in todo.load:
            try:
                folder = await self._files.bring(team_id, known[target])
                await server.load_adapter(name, folder, replace=is_there)
                _log.info("%s is served as %s", known[target].label, name)
            except (UserError, OSError, ValueError) as error:
                # What is wrong with one adapter, or with room for it, keeps no other from being served.
                errors[name] = str(error)
        for name in todo.unload:
            await server.unload_adapter(name)
            _log.info("%s is not served any more", name)
        return errors

    async def _listen(self, changed: asyncio.Event) -> None:
        while True:
            try:
                async with self._database.listening(_CHANNEL) as connection:
                    changed.set()
                    async for _ in connection.notifies():
                        changed.set()
            except (psycopg.Error, OSError) as error:
                _log.warning("moves of aliases are looked for less often for a moment: %s", error)
            await asyncio.sleep(self._look_again_s)


async def _first(*events: asyncio.Event) -> None:
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
