"""What the stages of runs work with where a student is trained for real."""

from dataclasses import dataclass, field

from agents.engine.stage import Interpreter
from agents.stages.distil.deps import DistilDeps


@dataclass(frozen=True, kw_only=True)
class RealDeps(DistilDeps):
    """What the stages work with, and the Python that trains."""

    training: Interpreter = field(default_factory=Interpreter)
