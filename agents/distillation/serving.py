"""What a server of models serves and is to serve, and what came of one call of a model there."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agents.distillation.registry import Move, Student, before, pointing
from agents.errors import UserError


class ServerError(UserError):
    """A server of models does not answer, or refuses; the text says what and what to do."""


class ServerAwayError(ServerError):
    """Nothing answers where it should."""


@dataclass(frozen=True, slots=True)
class ServedModel:
    """One name that a server answers to; `parent` is the base of an adapter, None for a base."""

    name: str
    parent: str | None = None
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote, and what it took."""

    text: str
    tokens_in: int
    tokens_out: int
    latency_s: float


Target = tuple[str, int]
"""A student's name and version."""


def served_name(team_id: str, name: str) -> str:
    """Return what callers of a server name: the team before the alias or the version, as "t0local/tickets"."""
    return f"{team_id.lower()}/{name}"


def wanted_names(team_id: str, students: Iterable[Student], moves: Sequence[Move]) -> dict[str, Target]:
    """Return what a server is to serve for a team: each alias, the version behind it, and the one to go back to.

    Args:
        team_id: The team.
        students: All versions.
        moves: All moves of its aliases.
    """
    known = {(each.name, each.version): each for each in students}
    wanted: dict[str, Target] = {}
    for alias, move in pointing(moves).items():
        held = known.get((move.name, move.version or 0))
        if held is None or held.is_whole:
            # See slots.py.
            continue
        earlier = before(moves, alias, list(known.values()))
        wanted[served_name(team_id, alias)] = (held.name, held.version)
        for each in (held, earlier):
            if each is not None and not each.is_whole:
                wanted[served_name(team_id, each.label)] = (each.name, each.version)
    return wanted


@dataclass(frozen=True, slots=True)
class Served:
    """A name as a server was seen to serve it, or, with `error`, why it does not."""

    server: str
    served_as: str
    name: str
    version: int
    error: str | None
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Changes:
    """What makes a server serve what it is to: names to load, each new or in another's place, and names to let go."""

    load: tuple[tuple[str, Target, bool], ...] = ()
    unload: tuple[str, ...] = ()


def changes(
    team_id: str, wanted: Mapping[str, Target], served: Sequence[ServedModel], folder_of: Callable[[Target], str]
) -> Changes:
    """Return what is to change on a server; versions first, so that no alias waits for what it points to.

    Args:
        team_id: Names of others are let be.
        wanted: By name.
        served: What it serves.
        folder_of: Where the files of a version lie for the server.
    """
    own = {each.name: each for each in served if each.name.startswith(served_name(team_id, "")) and each.parent}
    load = [
        (name, target, name in own)
        for name, target in sorted(wanted.items(), key=lambda pair: ("@" not in pair[0], pair[0]))
        if name not in own or own[name].folder != folder_of(target)
    ]
    return Changes(tuple(load), tuple(sorted(own.keys() - wanted.keys())))


def require_adapter(student: Student, config: Mapping[str, Any], names: Iterable[str]) -> None:
    """Require that files are the adapter that a student is registered as, and nothing that could run code.

    Args:
        student: As registered.
        config: Its adapter_config.json.
        names: Of all its files.

    Raises:
        ServerError: They are not.
    """
    require_plain_files(student, names)
    if config.get("peft_type") != "LORA":
        raise ServerError(f"{student.label} is no LoRA adapter but {config.get('peft_type')!r}. Train it anew.")
    if config.get("r") != student.rank:
        raise ServerError(
            f"{student.label} was registered with rank {student.rank}, and its files have {config.get('r')!r}."
        )


def require_plain_files(student: Student, names: Iterable[str]) -> None:
    """Require that no file of a student could run code.

    Raises:
        ServerError: One could.
    """
    odd = sorted(
        name for name in names if not name.endswith((".safetensors", ".json", ".jinja", ".txt", ".model", ".md"))
    )
    if odd:
        raise ServerError(
            f"{student.label} has files that are not served: {', '.join(odd)}. Only safetensors are loaded."
        )
