"""What the stages of a distillation run work with; filled in agents/wiring.py."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from agents.costs.prices.book import ModelPrice
from agents.distillation.spec import TeacherSpec
from agents.ports import BatchTeacher, LiveTeacher


@dataclass(frozen=True, slots=True)
class DistilDeps:
    """The collaborators of the stages.

    Attributes:
        teacher_for: Returns the teacher that a spec names, or raises a UserError that says which setting is missing.
        price_of: Returns what a model costs a team, None where its calls cost nothing, as on a server of one's own;
            raises a UserError where that is not known.
        poll_every: How often it is looked whether a batch has ended.
        shard_requests: Requests of a batch at most.
        chunk_requests: Requests of a live teacher whose answers are kept together at least; more for many requests.
    """

    teacher_for: Callable[[TeacherSpec], BatchTeacher | LiveTeacher]
    price_of: Callable[[str, TeacherSpec], Awaitable[ModelPrice | None]]
    poll_every: timedelta = timedelta(minutes=1)
    shard_requests: int = 10_000
    chunk_requests: int = 50
