"""Students as every face uses them: which there are, what an alias points to, going back, and retiring one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.distillation.calls import first_call
from agents.distillation.registry import Move, Student, before, pointing
from agents.distillation.serving import Served, served_name
from agents.errors import UserError
from agents.runs.roles import Role
from agents.services.people import People
from agents.store import audit
from agents.store import served as served_store
from agents.store import students as store
from agents.store.db import Connection, Database


@dataclass(frozen=True, slots=True)
class StudentsView:
    """All versions of a team's students, where aliases point, and what servers serve of that.

    `aliases` holds the newest move of each alias that points to something; `measured` is, by label, what serving a
    version was measured to take and to cost, as `report_costs.Serving` writes it; `calls` is the command, by alias,
    that calls it first.
    """

    students: Sequence[Student]
    aliases: Sequence[Move]
    served: Sequence[Served]
    measured: Mapping[str, Mapping[str, Any]]
    calls: Mapping[str, str] = field(default_factory=dict)

    def aliases_of(self, student: Student) -> list[str]:
        """Return the aliases that point to a version."""
        return [each.alias for each in self.aliases if (each.name, each.version) == (student.name, student.version)]


class Students:
    """The students of every team.

    Args:
        database: Where they are.
        people: Says who may do what.
    """

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._people = people

    async def view(self, team_id: str) -> StudentsView:
        """Return all there are."""
        async with self._database.team(team_id) as connection:
            students = await store.all_of(connection, team_id)
            moves = await store.moves(connection, team_id)
            served = await served_store.all_of(connection, team_id)
            found = await store.serving(connection, team_id)
        measured = {label: each for label, each in found.items() if each.get("is_measured")}
        aliases = list(pointing(moves).values())
        return StudentsView(students, aliases, served, measured, _calls(team_id, students, aliases))

    async def point(
        self,
        team_id: str,
        alias: str,
        label: str,
        who: str,
        *,
        reason: str = "",
        event_key: str | None = None,
    ) -> Student:
        """Let an alias point to a version, such as "tickets@v3"; the server follows within a moment.

        Raises:
            UserError: They may not, there is no such version, or it is not to be served.
        """
        await self._people.require(team_id, who, Role.APPROVER, f"point {alias} to {label}")
        async with self._database.team(team_id) as connection:
            await store.lock(connection, team_id)
            if await self._is_done(connection, team_id, event_key):
                return _labelled(await store.all_of(connection, team_id), label)
            student = _labelled(await store.all_of(connection, team_id), label)
            _require_served(student)
            await self._move(connection, team_id, alias, student, who=who, reason=reason, event_key=event_key)
        return student

    async def back(self, team_id: str, alias: str, who: str, *, event_key: str | None = None) -> Student:
        """Let an alias point to what it pointed to before; the server has that loaded still.

        Raises:
            UserError: They may not, or there is nothing to go back to.
        """
        await self._people.require(team_id, who, Role.APPROVER, f"roll {alias} back")
        async with self._database.team(team_id) as connection:
            await store.lock(connection, team_id)
            students, moves = await store.all_of(connection, team_id), await store.moves(connection, team_id)
            now = pointing(moves).get(alias)
            if now is None:
                known = ", ".join(sorted(pointing(moves))) or "none yet"
                raise UserError(f"There is no alias {alias!r}. There are: {known}.")
            if event_key is not None and now.event_key == event_key:
                return _labelled(students, f"{now.name}@v{now.version}")
            student = before(moves, alias, students)
            if student is None:
                raise UserError(
                    f"{alias} has pointed to nothing else before that could be served. Point it to a version."
                )
            await self._move(connection, team_id, alias, student, who=who, reason="rolled back", event_key=event_key)
        return student

    async def retire(self, team_id: str, label: str, who: str, *, event_key: str | None = None) -> Student:
        """Take a version out of use for good; its files stay with its run.

        Raises:
            UserError: They may not, there is no such version, or an alias points to it.
        """
        await self._people.require(team_id, who, Role.APPROVER, f"retire {label}")
        async with self._database.team(team_id) as connection:
            await store.lock(connection, team_id)
            student = _labelled(await store.all_of(connection, team_id), label)
            aliases = [
                alias
                for alias, move in pointing(await store.moves(connection, team_id)).items()
                if (move.name, move.version) == (student.name, student.version)
            ]
            if aliases:
                raise UserError(
                    f"{student.label} answers as {', '.join(aliases)}. Point that to another version first."
                )
            if await store.retire(connection, team_id, student.name, student.version, who):
                entry = audit.Entry(who, "retire_student", f"student:{student.label}", event_key)
                await audit.add(connection, team_id, entry)
        return student

    async def _is_done(self, connection: Connection, team_id: str, event_key: str | None) -> bool:
        if event_key is None:
            return False
        return any(each.event_key == event_key for each in await store.moves(connection, team_id))

    async def _move(
        self,
        connection: Connection,
        team_id: str,
        alias: str,
        student: Student,
        *,
        who: str,
        reason: str,
        event_key: str | None,
    ) -> None:
        await store.move(
            connection,
            team_id,
            alias=alias,
            name=student.name,
            version=student.version,
            who=who,
            reason=reason,
            event_key=event_key,
        )
        details = {"to": student.label, "served_as": served_name(team_id, alias), "reason": reason}
        await audit.add(
            connection, team_id, audit.Entry(who, "move_alias", f"alias:{alias}", event_key, details=details)
        )


def _calls(team_id: str, students: Sequence[Student], aliases: Sequence[Move]) -> dict[str, str]:
    known = {(each.name, each.version): each for each in students}
    pointed = [(each.alias, known[each.name, each.version]) for each in aliases if each.version is not None]
    return {
        alias: first_call(
            team_id,
            alias,
            name=student.name,
            kind=student.kind,
            is_whole=student.is_whole,
            instructions=student.instructions,
        )
        for alias, student in pointed
    }


def _labelled(students: Sequence[Student], label: str) -> Student:
    found = next((each for each in students if each.label == label), None)
    if found is None:
        known = ", ".join(each.label for each in students) or "none yet; a distillation run makes one"
        raise UserError(f"There is no student {label!r}. There are: {known}.")
    return found


def _require_served(student: Student) -> None:
    if student.retired_at is not None:
        raise UserError(f"{student.label} was retired by {student.retired_by}. Choose a version that is not.")
    if not student.may_be_served:
        raise UserError(
            f"{student.label} did not pass its gate. Nothing is served that did not, unless an approver let it pass, "
            "with a reason, while its run asked."
        )
