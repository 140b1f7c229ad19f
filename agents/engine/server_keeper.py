"""Makes a server of models serve what the aliases say, and again after it was started anew.

The tables are the truth and the server is brought in line with them, whatever happened to it: an alias that was moved,
a deployment that was cut off, a restart. It runs in the worker beside the server, whose folders both see.
"""

import asyncio
import contextlib
import json
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import psycopg

from agents.distillation.registry import Student
from agents.distillation.serving import ServerError, Target, changes, require_adapter, wanted_names
from agents.errors import UserError
from agents.ports import Artifacts, ModelServer
from agents.runs.artifacts import artifact_key
from agents.store import served as served_store
from agents.store import students as student_store
from agents.store.db import Database

LOOK_AGAIN_S: Final = 15.0
"""How often a server is looked at where nobody said that something changed: it may have been started anew."""

_CHANNEL: Final = "student"
_CONFIG: Final = "adapter_config.json"
_log = logging.getLogger(__name__)


class ServerKeeper:
    """Keeps one server of models in line with the aliases of all teams.

    Args:
        database: Where students and aliases are.
        server: The server.
        artifacts: Where the files of students are.
        folder: Where the server finds them, which this process may write.
        look_again_s: How often it looks where nothing is heard.
    """

    def __init__(
        self,
        database: Database,
        server: ModelServer,
        artifacts: Artifacts,
        folder: Path,
        *,
        look_again_s: float = LOOK_AGAIN_S,
    ) -> None:
        self._database = database
        self._server = server
        self._artifacts = artifacts
        self._folder = folder
        self._look_again_s = look_again_s
        self._one_at_a_time = asyncio.Lock()

    @property
    def url(self) -> str:
        """Where the server answers, for people."""
        return self._server.url

    async def keep(self, stop: asyncio.Event) -> None:
        """Look whenever an alias was moved, and from time to time, until told to stop."""
        changed = asyncio.Event()
        listening = asyncio.create_task(self._listen(changed))
        try:
            while not stop.is_set():
                changed.clear()
                await self._look()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._look_again_s):
                        await _first(stop, changed)
        finally:
            listening.cancel()
            await asyncio.wait({listening})

    async def align(self, team_id: str) -> Mapping[str, str]:
        """Make the server serve what a team's aliases say; return why not, by name, where it does not.

        Raises:
            ServerError: It does not answer.
        """
        async with self._one_at_a_time:
            async with self._database.team(team_id) as connection:
                students = await student_store.all_of(connection, team_id)
                moves = await student_store.moves(connection, team_id)
            wanted = wanted_names(team_id, students, moves)
            known = {(each.name, each.version): each for each in students}
            errors = await self._change(team_id, wanted, known)
            async with self._database.team(team_id) as connection:
                await served_store.saw(connection, team_id, self._server.url, wanted, errors)
            return errors

    async def _look(self) -> None:
        try:
            async with self._database.engine() as connection:
                teams = await served_store.teams(connection)
            for team_id in teams:
                for name, error in (await self.align(team_id)).items():
                    _log.warning("%s is not served: %s", name, error)
        except (ServerError, psycopg.OperationalError, OSError) as error:
            _log.warning("students are not looked after for a moment: %s", error)

    async def _change(
        self, team_id: str, wanted: Mapping[str, Target], known: Mapping[Target, Student]
    ) -> dict[str, str]:
        errors: dict[str, str] = {}
        todo = changes(team_id, wanted, await self._server.models(), lambda target: str(self._place(team_id, target)))
        for name, target, is_there in todo.load:
            try:
                folder = await self._files(team_id, known[target])
                await self._server.load_adapter(name, folder, replace=is_there)
                _log.info("%s is served as %s", known[target].label, name)
            except (UserError, OSError, ValueError) as error:
                # What is wrong with one adapter, or with room for it, keeps no other from being served.
                errors[name] = str(error)
        for name in todo.unload:
            await self._server.unload_adapter(name)
            _log.info("%s is not served any more", name)
        return errors

    def _place(self, team_id: str, target: Target) -> Path:
        name, version = target
        return self._folder / team_id.lower() / name / f"v{version}"

    async def _files(self, team_id: str, student: Student) -> Path:
        """Return the folder with a student's files, brought here as a whole or not at all.

        Raises:
            UserError: They are missing, damaged, or not the student's.
        """
        place = self._place(team_id, (student.name, student.version))
        if place.exists():
            return place
        coming = place.with_name(f".{place.name}.coming")
        await asyncio.to_thread(shutil.rmtree, coming, ignore_errors=True)
        await asyncio.to_thread(coming.mkdir, parents=True)
        names = {name.rpartition("/")[2]: name for name in student.files}
        for short, name in names.items():
            sha256 = student.files[name]
            await self._artifacts.get(artifact_key(team_id, sha256), coming / short, sha256)
        config = json.loads(await asyncio.to_thread((coming / _CONFIG).read_text, encoding="utf-8"))
        require_adapter(student, config, names)
        await asyncio.to_thread(coming.rename, place)
        return place

    async def _listen(self, changed: asyncio.Event) -> None:
        while True:
            try:
                connection = await self._database.listen(_CHANNEL)
                try:
                    changed.set()
                    async for _ in connection.notifies():
                        changed.set()
                finally:
                    await connection.close()
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
