"""Keeps the slots of a host in line with the aliases of all teams; see agents/distillation/slots.py for what slots are.

Beside the students' folders there are

- `slots/N.env`: what slot N is to serve. Whoever runs the slots, as systemd by `deploy/`, starts its server anew once
  that file is another one, and none while it names no model.
- `sockets/N.sock`: where the server of slot N listens.
- `callers/TEAM/NAME.sock`: leads to the slot of an alias or a version. An alias moves by that link alone, and not
  before the server of the new version answers; the one to go back to runs on.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agents.distillation.names import versioned
from agents.distillation.registry import Student
from agents.distillation.serving import ServerError, Target, served_name
from agents.distillation.slots import RUNNERS, Held, WantedModels, assigned, in_order, wanted_models
from agents.engine.student_files import StudentFiles
from agents.errors import UserError
from agents.ports import ModelServer
from agents.store import served as served_store
from agents.store import students as student_store
from agents.store.db import Database

_MODEL: Final = "CAIRN_MODEL"


@dataclass(frozen=True, slots=True)
class Slotted:
    """What came of aligning the slots for one team.

    Attributes:
        wanted: The version behind each name that callers may use.
        errors: Why a name is not served.
        starting: Of these, the names whose server is only being started.
    """

    wanted: Mapping[str, Target]
    errors: Mapping[str, str]
    starting: frozenset[str]


class Slots:
    """The slots of one host.

    Args:
        database: Where students and aliases are.
        files: Brings the files of students to this host.
        count: How many slots are run.
        open_server: Opens the server at an address.
    """

    def __init__(
        self, database: Database, files: StudentFiles, count: int, open_server: Callable[[str], ModelServer]
    ) -> None:
        self._database = database
        self._files = files
        self._numbers = range(1, count + 1)
        self._open_server = open_server

    def url(self, team_id: str) -> str:
        """Where a team's students answer, for people."""
        return f"unix://{self._callers(team_id)}"

    @asynccontextmanager
    async def called(self, team_id: str, name: str) -> AsyncIterator[ModelServer]:
        """Lend the server that callers of an alias or a version reach."""
        async with self._server(self._link(team_id, name)) as server:
            yield server

    @asynccontextmanager
    async def all(self) -> AsyncIterator[Sequence[ModelServer]]:
        """Lend the servers of all slots that hold a student."""
        models = await asyncio.to_thread(lambda: {number: self._model(number) for number in self._numbers})
        servers = [self._open_server(f"unix://{self._socket(number)}") for number, model in models.items() if model]
        try:
            yield servers
        finally:
            for each in servers:
                await each.close()

    async def align(self) -> Mapping[str, Slotted]:
        """Give slots to what the aliases of all teams point to, let names lead to them, and say how it is for each.

        Raises:
            OSError: The folder cannot be written.
        """
        students, wants = await self._read()
        held = await asyncio.to_thread(self._held, students)
        goal = assigned(held, in_order(wants, held.values()))
        faults: dict[Held, str] = {}
        for number, key in goal.items():
            if key != held[number] and not await self._fill(number, key, students, faults):
                goal[number] = None
        answering = {key: number for number, key in goal.items() if key and await self._answers(number, key)}
        for team, each in wants.items():
            await asyncio.to_thread(self._lead, team, each, answering)
        await self._clear(students, goal)
        placed = {key: number for number, key in goal.items() if key}
        return {team: self._said(team, each, placed, answering, faults) for team, each in wants.items()}

    async def _read(self) -> tuple[Mapping[Held, Student], Mapping[str, WantedModels]]:
        async with self._database.engine() as connection:
            teams = await served_store.teams(connection)
        known: dict[Held, Student] = {}
        wants: dict[str, WantedModels] = {}
        for team in teams:
            async with self._database.team(team) as connection:
                students = await student_store.all_of(connection, team)
                moves = await student_store.moves(connection, team)
            known |= {(team, each.name, each.version): each for each in students}
            wants[team] = wanted_models(students, moves)
        return known, wants

    async def _fill(
        self, number: int, key: Held | None, students: Mapping[Held, Student], faults: dict[Held, str]
    ) -> bool:
        """Let a slot hold something else; return whether it does, or is empty as it should be."""
        text = f"{_MODEL}=\n"
        if key is not None:
            team, *_ = key
            student = students[key]
            try:
                folder = await self._files.bring(team, student)
            except (UserError, OSError, ValueError) as error:
                faults[key] = str(error)
            else:
                names = f"{served_name(team, student.name)} {served_name(team, student.label)}"
                text = f"{_MODEL}={folder}\nCAIRN_NAMES={names}\nCAIRN_RUNNER={RUNNERS[student.kind]}\n"
        # First no name leads here any more, since what will answer here is another's.
        await asyncio.to_thread(self._unlink, number)
        await asyncio.to_thread(_replace, self._file(number), text)
        return key not in faults

    async def _answers(self, number: int, key: Held) -> bool:
        """Whether the server of a slot runs, and with the student that it is to serve."""
        team, name, version = key
        folder = str(self._files.place(team, (name, version)))
        async with self._server(self._socket(number)) as server:
            try:
                return folder in [each.folder for each in await server.models()]
            except ServerError:
                return False

    def _lead(self, team_id: str, wanted: WantedModels, answering: Mapping[Held, int]) -> None:
        """Let each name of a team lead to the slot that answers for it; one whose slot does not yet stays as it is."""
        targets = {**wanted.aliases, **{versioned(*target): target for target in wanted.aliases.values()}}
        targets |= {versioned(*target): target for target in wanted.ready}
        callers = self._callers(team_id)
        if callers.exists():
            for link in callers.glob("*.sock"):
                if link.name.removesuffix(".sock") not in targets:
                    link.unlink(missing_ok=True)
        for name, target in targets.items():
            number = answering.get((team_id, *target))
            if number is not None:
                _link(self._link(team_id, name), self._socket(number))

    async def _clear(self, students: Mapping[Held, Student], goal: Mapping[int, Held | None]) -> None:
        """Remove the weights of versions that no slot holds: they are large, and a run has kept them."""
        for key, student in students.items():
            team, *_ = key
            if student.is_whole and key not in goal.values():
                await self._files.remove(team, (student.name, student.version))

    def _said(
        self,
        team_id: str,
        wanted: WantedModels,
        placed: Mapping[Held, int],
        answering: Mapping[Held, int],
        faults: Mapping[Held, str],
    ) -> Slotted:
        names = wanted.names(team_id)
        errors: dict[str, str] = {}
        starting: set[str] = set()
        for name, target in names.items():
            key = (team_id, *target)
            if key in answering:
                continue
            if key in placed:
                starting.add(name)
                errors[name] = f"the server of slot {placed[key]} does not answer with it yet"
            else:
                full = (
                    f"all {len(self._numbers)} slots of {os.uname().nodename} are taken by what other aliases point "
                    "to. Run more, and say so by CAIRN_SERVE_SLOTS"
                )
                errors[name] = faults.get(key, full)
        return Slotted(names, errors, frozenset(starting))

    def _held(self, students: Iterable[Held]) -> dict[int, Held | None]:
        """Return which of the students each slot holds, by the folder that its file names."""
        known = {
            str(self._files.place(team, (name, version))): (team, name, version) for team, name, version in students
        }
        return {number: known.get(self._model(number)) for number in self._numbers}

    def _model(self, number: int) -> str:
        """Return the folder that a slot's file names; empty where it names none."""
        try:
            lines = self._file(number).read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return ""
        return dict(line.partition("=")[::2] for line in lines).get(_MODEL, "")

    def _unlink(self, number: int) -> None:
        goes_to = str(self._socket(number))
        for link in self._files.folder.glob("callers/*/*.sock"):
            if str(link.readlink()) == goes_to:
                link.unlink(missing_ok=True)

    @asynccontextmanager
    async def _server(self, socket: Path) -> AsyncIterator[ModelServer]:
        # Each time a connection of its own: what a link leads to changes.
        server = self._open_server(f"unix://{socket}")
        try:
            yield server
        finally:
            await server.close()

    def _file(self, number: int) -> Path:
        return self._files.folder / "slots" / f"{number}.env"

    def _socket(self, number: int) -> Path:
        return self._files.folder / "sockets" / f"{number}.sock"

    def _callers(self, team_id: str) -> Path:
        return self._files.folder / "callers" / team_id.lower()

    def _link(self, team_id: str, name: str) -> Path:
        return self._callers(team_id) / f"{name}.sock"


def _replace(path: Path, text: str) -> None:
    """Write a file as a whole, where it is another one: whoever watches it sees it change once."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    coming = path.with_name(f".{path.name}.coming")
    coming.write_text(text, encoding="utf-8")
    coming.rename(path)


def _link(link: Path, to: Path) -> None:
    if link.is_symlink() and link.readlink() == to:
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    coming = link.with_name(f".{link.name}.coming")
    coming.unlink(missing_ok=True)
    coming.symlink_to(to)
    coming.rename(link)
