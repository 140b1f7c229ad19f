"""What the stages of a distillation run work with; filled in agents/wiring.py."""

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from agents.costs.prices.book import ModelPrice, PriceBook
from agents.distillation.load import ServedLoad
from agents.distillation.spec import TeacherSpec
from agents.engine.server_keeper import ServerKeeper
from agents.engine.stage import Interpreter
from agents.ports import BatchTeacher, DataFiles, LiveTeacher
from agents.store.db import Connection


@dataclass(frozen=True, kw_only=True)
class DistilDeps:
    """The collaborators of the stages.

    Attributes:
        data_files: Reads the files that a run was proposed with.
        today: The day that cards carry.
        teacher_for: Returns the teacher that a spec names, or raises a UserError that says which setting is missing.
        price_of: Returns what a model costs a team, None where its calls cost nothing, as on a server of one's own;
            raises a UserError where that is not known.
        baselines: The Python that tries what is free, with the place of the embedder in its environment.
        book_of: Returns what a team knows of prices and throughput.
        keep_load: Keeps what a student did under load for the team's cost comparisons, in a transaction of the stage;
            returns what was measured in words, or raises a UserError that says why it tells nothing.
        serve_gpus: The GPUs of the server beside this worker, such as "2xH200-141"; None where nobody said.
        keeper: Brings the servers beside this worker in line with the aliases; None where it has none.
        start_poll: How often it is looked whether a server has started.
        start_within: After how long it is given up.
        poll_every: How often it is looked whether a batch has ended.
        shard_requests: Requests of a batch at most.
        chunk_requests: Requests of a live teacher whose answers are kept together at least; more for many requests.
    """

    data_files: DataFiles
    today: Callable[[], dt.date]
    teacher_for: Callable[[TeacherSpec], BatchTeacher | LiveTeacher]
    price_of: Callable[[str, TeacherSpec], Awaitable[ModelPrice | None]]
    baselines: Interpreter = field(default_factory=Interpreter)
    book_of: Callable[[str], Awaitable[PriceBook]]
    keep_load: Callable[[Connection, str, ServedLoad], Awaitable[str]]
    serve_gpus: str | None = None
    keeper: ServerKeeper | None = None
    start_poll: dt.timedelta = dt.timedelta(seconds=5)
    start_within: dt.timedelta = dt.timedelta(minutes=20)
    poll_every: dt.timedelta = dt.timedelta(minutes=1)
    shard_requests: int = 10_000
    chunk_requests: int = 50
