"""Students that runs made, and where aliases have pointed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from agents.distillation.names import versioned
from agents.distillation.registry import Move, Student
from agents.store.db import Connection, one, rows, run


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStudent:
    """A student as it is added; see `Student`."""

    name: str
    run_id: str
    task: Mapping[str, Any]
    instructions: str
    kind: str
    method: str
    base: str
    base_fingerprint: str
    rank: int | None
    files: Mapping[str, str]
    scores: Mapping[str, Any]
    passed: bool
    overridden_by: str | None = None
    override_reason: str | None = None


async def add(connection: Connection, team_id: str, new: NewStudent) -> Student:
    """Add the next version of a name and return it; where the run's student is there already, return that."""
    await lock(connection, team_id)
    given = {
        "team_id": team_id,
        "name": new.name,
        "run_id": new.run_id,
        "task": Jsonb(dict(new.task)),
        "instructions": new.instructions,
        "kind": new.kind,
        "method": new.method,
        "base": new.base,
        "base_fingerprint": new.base_fingerprint,
        "rank": new.rank,
        "files": Jsonb(dict(new.files)),
        "scores": Jsonb(dict(new.scores)),
        "passed": new.passed,
        "overridden_by": new.overridden_by,
        "override_reason": new.override_reason,
    }
    await run(connection, "students.add", given)
    made = await of_run(connection, team_id, new.run_id)
    assert made is not None  # noqa: S101  # added just now, or before
    return made


async def lock(connection: Connection, team_id: str) -> None:
    """Let no other transaction add a version, move an alias or retire one, until this one ends."""
    await one(connection, "students.lock", {"team_id": team_id})


async def all_of(connection: Connection, team_id: str) -> Sequence[Student]:
    """Return every version of every student, by name and version."""
    return [Student(**row) for row in await rows(connection, "students.all", {"team_id": team_id})]


async def serving(connection: Connection, team_id: str) -> Mapping[str, Mapping[str, Any]]:
    """Return what serving each student takes, by its label, where its run's report says so."""
    found = await rows(connection, "students.serving", {"team_id": team_id})
    return {versioned(row["name"], row["version"]): row["serving"] for row in found}


async def of_run(connection: Connection, team_id: str, run_id: str) -> Student | None:
    """Return the student that a run made."""
    row = await one(connection, "students.of_run", {"team_id": team_id, "run_id": run_id})
    return None if row is None else Student(**row)


async def retire(connection: Connection, team_id: str, name: str, version: int, who: str) -> bool:
    """Mark a version as retired; return whether it was not before."""
    given = {"team_id": team_id, "name": name, "version": version, "who": who}
    return await run(connection, "students.retire", given) > 0


async def move(
    connection: Connection,
    team_id: str,
    *,
    alias: str,
    name: str,
    version: int | None,
    who: str,
    reason: str = "",
    event_key: str | None = None,
) -> None:
    """Let an alias point to a version, or to nothing; `lock` before."""
    given = {
        "team_id": team_id,
        "alias": alias,
        "name": name,
        "version": version,
        "who": who,
        "reason": reason,
        "event_key": event_key,
    }
    await run(connection, "students.move", given)


async def moves(connection: Connection, team_id: str) -> Sequence[Move]:
    """Return every move of every alias, oldest first."""
    return [Move(**row) for row in await rows(connection, "students.moves", {"team_id": team_id})]
