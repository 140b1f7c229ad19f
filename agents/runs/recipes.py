"""Which stages a kind of run consists of, in order; a new kind is an entry here and its stages' code."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from agents.runs.needs import Needs

Execution = Literal["inline", "child"]


@dataclass(frozen=True, slots=True)
class StageSpec:
    """One step of a recipe; workers that serve `queue` do it.

    Attributes:
        name: Its own within the recipe.
        queue: Where its jobs wait.
        execution: `inline` for code that runs in the worker and writes to Postgres itself; `child` for code that
            runs in a guarded process of its own, which knows neither Postgres nor keys.
        needs: The least that it can work with; parameters may name other figures (`Recipe.needs_of`).
    """

    name: str
    queue: str
    execution: Execution = "inline"
    needs: Needs = field(default_factory=Needs)


@dataclass(frozen=True, slots=True)
class Recipe:
    """The stages of a kind of run.

    Attributes:
        kind: What the run is called.
        stages: In their order.
        terms: Sentences that whoever approves such a run has to acknowledge, each for itself.
        editable: The parameters that may be changed while it is proposed, which makes a new proposal.

    Raises:
        ValueError: There is no stage, or two have the same name.
    """

    kind: str
    stages: tuple[StageSpec, ...]
    terms: tuple[str, ...] = ()
    editable: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [stage.name for stage in self.stages]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"recipe {self.kind!r} needs stages with names of their own, not {names}")

    def needs_of(self, stage: StageSpec, params: Mapping[str, Any]) -> Needs:
        """Return what a stage needs in a run with these parameters: its own, but for `params["needs"][name]`."""
        return Needs(**{**asdict(stage.needs), **params.get("needs", {}).get(stage.name, {})})


RECIPES: Mapping[str, Recipe] = {
    "index": Recipe(
        "index",
        (
            StageSpec("list", "cpu"),
            StageSpec("ingest", "cpu"),
            StageSpec("build", "cpu"),
            StageSpec("switch", "cpu"),
        ),
        editable=("name", "source"),
    ),
}
