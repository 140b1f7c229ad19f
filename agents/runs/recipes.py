"""Which stages a kind of run consists of, in order; a new kind is an entry here and its stages' code."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from agents.errors import UserError
from agents.runs.needs import Needs

# Ahead of the usual, as usual, and after it.
PRIORITIES = (1, 0, -1)
Execution = Literal["inline", "child"]


@dataclass(frozen=True, slots=True)
class StageSpec:
    """One step of a recipe; workers that serve `queue` do it.

    Attributes:
        name: Its own within the recipe.
        queue: Where its jobs wait.
        execution: `inline` for code that runs in the worker and writes to Postgres itself; `child` for code that
            runs in a guarded process of its own, which knows neither Postgres nor keys.
        card: Kind of the card about its run that the thread gets once it is done; None for none.
        needs: The least that it can work with; parameters may name other figures (`Recipe.needs_of`).
    """

    name: str
    queue: str
    execution: Execution = "inline"
    needs: Needs = field(default_factory=Needs)
    card: str | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """The stages of a kind of run.

    Attributes:
        kind: What the run is called.
        stages: In their order.
        terms: Sentences that whoever approves such a run has to acknowledge, each for itself.
        editable: The parameters that may be changed while it is proposed, which makes a new proposal.
        unshown: Parameters that cards leave out, since others say the same in short.

    Raises:
        ValueError: There is no stage, or two have the same name.
    """

    kind: str
    stages: tuple[StageSpec, ...]
    terms: tuple[str, ...] = ()
    editable: tuple[str, ...] = ()
    unshown: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [stage.name for stage in self.stages]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"recipe {self.kind!r} needs stages with names of their own, not {names}")

    def needs_of(self, stage: StageSpec, params: Mapping[str, Any]) -> Needs:
        """Return what a stage needs in a run with these parameters: its own, but for `params["needs"][name]`."""
        return Needs(**{**asdict(stage.needs), **params.get("needs", {}).get(stage.name, {})})

    def require_usable(self, params: Mapping[str, Any]) -> None:
        """Require that parameters say things about priority and needs that a run can be started with.

        Raises:
            UserError: They do not.
        """
        if params.get("priority", 0) not in PRIORITIES:
            raise UserError(
                f"There is no priority {params['priority']!r}. Give one of {', '.join(map(str, PRIORITIES))}."
            )
        given = params.get("needs", {})
        names = [stage.name for stage in self.stages]
        if not isinstance(given, Mapping) or not given.keys() <= set(names):
            raise UserError(f"needs must be given by stage ({', '.join(names)}), not as {given!r}.")
        for stage in self.stages:
            try:
                self.needs_of(stage, params)
            except (TypeError, ValueError) as cause:
                known = ", ".join(each.name for each in fields(Needs))
                raise UserError(
                    f"The needs of stage {stage.name} cannot be used: {given[stage.name]!r}. Give numbers of 0 or "
                    f"more, memory of a GPU with the number of GPUs, under {known}."
                ) from cause


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
    "distil": Recipe(
        "distil",
        (
            StageSpec("prepare", "cpu"),
            StageSpec("check", "gpu", "child"),
            StageSpec("generate", "cpu"),
            StageSpec("filter", "cpu"),
            StageSpec("split", "cpu"),
            StageSpec("baselines", "cpu", "child"),
            StageSpec("prompted", "cpu"),
            StageSpec("advise", "cpu"),
            StageSpec("train", "gpu", "child", card="loss_curve"),
            StageSpec("predict", "gpu", "child"),
            StageSpec("gate", "cpu"),
            StageSpec("deploy", "gpu"),
            StageSpec("verify", "gpu"),
            StageSpec("report", "cpu", card="model_card"),
        ),
        unshown=(
            "spec",
            "files",
            "training",
            "prediction",
            "baselines",
            "small_model",
            "needs",
            "teacher_terms",
            "unattended",
        ),
    ),
}
