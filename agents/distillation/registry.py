"""Students and aliases as values: what an alias points to, and what going back means."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from agents.distillation.names import versioned


@dataclass(frozen=True, slots=True, kw_only=True)
class Student:
    """One version of a student.

    Attributes:
        task: As `agents.evaluation.tasks.task_document` writes it.
        instructions: Those it was trained with, and is to be called with.
        rank: Of an adapter; None where all weights are the student's own.
        files: Name among its run's artifacts to SHA-256.
        scores: By candidate, with intervals, and what the gate said.
        passed: Whether it passed the gate by itself; else `overridden_by` let it pass, or it is not to be served.
    """

    name: str
    version: int
    run_id: str
    task: Mapping[str, Any]
    instructions: str
    kind: Literal["causal", "encoder"]
    method: Literal["lora", "qlora", "full"]
    base: str
    base_fingerprint: str
    rank: int | None
    files: Mapping[str, str]
    scores: Mapping[str, Any]
    passed: bool
    overridden_by: str | None
    override_reason: str | None
    made_at: datetime
    retired_by: str | None
    retired_at: datetime | None

    @property
    def label(self) -> str:
        """What a server lists it as: "tickets@v3"."""
        return versioned(self.name, self.version)

    @property
    def is_whole(self) -> bool:
        """Whether its weights are its own, so that it needs a server of its own."""
        return self.rank is None

    @property
    def may_be_served(self) -> bool:
        """Whether an alias may point to it."""
        return self.retired_at is None and (self.passed or self.overridden_by is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """An alias pointed to a version, or, where that is None, to nothing any more."""

    alias: str
    n: int
    name: str
    version: int | None
    moved_by: str
    moved_at: datetime
    reason: str = ""
    event_key: str | None = None


def pointing(moves: Iterable[Move]) -> dict[str, Move]:
    """Return the newest move of each alias that points to something."""
    newest: dict[str, Move] = {}
    for move in moves:
        held = newest.get(move.alias)
        if held is None or move.n > held.n:
            newest[move.alias] = move
    return {alias: move for alias, move in newest.items() if move.version is not None}


def before(moves: Sequence[Move], alias: str, students: Sequence[Student]) -> Student | None:
    """Return what an alias pointed to before what it points to now, and may point to again; None where nothing is left.

    Going back twice goes back further: versions that it came back from are passed over.
    """
    of_alias = sorted((move for move in moves if move.alias == alias), key=lambda move: move.n)
    # What the alias would show if every "back" took the last version away, as an editor's undo does.
    stack: list[tuple[str, int]] = []
    for move in of_alias:
        if move.version is None:
            continue
        target = (move.name, move.version)
        if target in stack:
            del stack[stack.index(target) + 1 :]
        else:
            stack.append(target)
    known = {(each.name, each.version): each for each in students}
    for target in reversed(stack[:-1]):
        student = known.get(target)
        if student is not None and student.may_be_served:
            return student
    return None
