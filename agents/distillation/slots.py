"""Students with weights of their own, which a running server does not take up: each has a server, in a slot.

A slot is a place on a host for one server; which student it serves is written into its file, and whoever runs the
slots starts the server anew when that changes. Callers reach a student by a name that leads to its slot.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agents.distillation.names import versioned
from agents.distillation.registry import Move, Student, before, pointing
from agents.distillation.serving import ServerError, Target, require_plain_files, served_name

Held = tuple[str, str, int]
"""A team, the name of its student and the version."""

RUNNERS: Final = {"causal": "generate", "encoder": "pooling"}
"""vLLM's word for what a kind of student does."""


@dataclass(frozen=True, slots=True)
class WantedModels:
    """What slots are to serve for a team.

    Attributes:
        aliases: What each alias points to.
        ready: The versions to go back to, as long as there is room.
    """

    aliases: Mapping[str, Target]
    ready: tuple[Target, ...] = ()

    def names(self, team_id: str) -> dict[str, Target]:
        """Return what callers may name: each alias, and each version behind one."""
        found = {served_name(team_id, alias): target for alias, target in self.aliases.items()}
        return found | {served_name(team_id, versioned(*target)): target for target in found.values()}


def wanted_models(students: Iterable[Student], moves: Sequence[Move]) -> WantedModels:
    """Return what slots are to serve of a team's students, given all moves of its aliases."""
    known = {(each.name, each.version): each for each in students}
    aliases: dict[str, Target] = {}
    ready: list[Target] = []
    for alias, move in sorted(pointing(moves).items()):
        held = known.get((move.name, move.version or 0))
        if held is None or not held.is_whole:
            continue
        aliases[alias] = (held.name, held.version)
        earlier = before(moves, alias, list(known.values()))
        if earlier is not None and earlier.is_whole:
            ready.append((earlier.name, earlier.version))
    pointed = set(aliases.values())
    return WantedModels(aliases, tuple(dict.fromkeys(each for each in ready if each not in pointed)))


def in_order(wants: Mapping[str, WantedModels], held: Collection[Held | None]) -> list[Held]:
    """Return what slots are to hold for all teams, the most important first.

    What answers already goes on, before what an alias points to anew, and that before what is only to go back to.

    Args:
        wants: By team.
        held: What slots hold.
    """
    pointed = [(team, *target) for team, each in wants.items() for target in dict.fromkeys(each.aliases.values())]
    ready = [(team, *target) for team, each in wants.items() for target in each.ready]
    return sorted(pointed, key=lambda each: each not in held) + ready


def assigned(held: Mapping[int, Held | None], wanted: Sequence[Held]) -> dict[int, Held | None]:
    """Return what each slot is to hold: what it holds already where that is wanted still, since a change is a start.

    Args:
        held: What each slot holds.
        wanted: Without repetition, the most important first; the last find no room where there is too little.
    """
    fitting = wanted[: len(held)]
    found = {slot: each if each in fitting else None for slot, each in held.items()}
    free = [slot for slot in sorted(found) if found[slot] is None]
    return found | dict(zip(free, [each for each in fitting if each not in held.values()], strict=False))


def require_model(student: Student, config: Mapping[str, Any], names: Iterable[str]) -> None:
    """Require that files are the model that a student is registered as, and nothing that could run code.

    Args:
        student: As registered.
        config: Its config.json.
        names: Of all its files.

    Raises:
        ServerError: They are not.
    """
    require_plain_files(student, names)
    if config.get("auto_map"):
        raise ServerError(f"{student.label} needs code of its own to be loaded, which is not run. Choose another base.")
    if student.kind == "encoder":
        labels, has = student.task.get("labels", []), config.get("id2label") or {}
        if sorted(has.values()) != sorted(labels):
            raise ServerError(
                f"{student.label} tells {len(has)} labels apart, which are not the {len(labels)} it is for."
            )
