"""Which stages a kind of run consists of, in order; a new kind is an entry here and its stages' code."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StageSpec:
    """One step of a recipe; workers that serve `queue` do it."""

    name: str
    queue: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """The stages of a kind of run.

    Raises:
        ValueError: There is no stage, or two have the same name.
    """

    kind: str
    stages: tuple[StageSpec, ...]

    def __post_init__(self) -> None:
        names = [stage.name for stage in self.stages]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"recipe {self.kind!r} needs stages with names of their own, not {names}")


RECIPES: Mapping[str, Recipe] = {
    "index": Recipe(
        "index",
        (
            StageSpec("list", "cpu"),
            StageSpec("ingest", "cpu"),
            StageSpec("build", "cpu"),
            StageSpec("switch", "cpu"),
        ),
    ),
}
