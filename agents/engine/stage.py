"""What the code of a stage is given, and the promises it makes in return.

A stage may be killed at any moment and be taken up by another worker. So it saves where it stands in the same
transaction as the data it wrote (`context.save`), starts from `context.checkpoint`, and writes nothing outside such
a transaction: `save` and `fenced` refuse, by raising Fenced, once the attempt is over.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Generic, TypeVar

from agents.engine.artifacts import StageArtifacts
from agents.engine.child import GuardedChild
from agents.engine.effects import Effects
from agents.engine.lease import Lease
from agents.engine.process import ChildLimits
from agents.ports import Artifacts
from agents.runs.gpus import visible_devices
from agents.runs.logs import Level
from agents.runs.questions import Answer, Question
from agents.store import questions, stages
from agents.store.db import Connection, Database

# What wiring hands to the stages (embedder, parser, sources, ...); the engine only passes it on.
StageDeps = TypeVar("StageDeps")


class Fenced(Exception):  # noqa: N818  # a signal to stop, not a fault
    """The attempt is over: its run was cancelled, or another worker took the stage."""


class Asked(Exception):  # noqa: N818  # a signal to stop, not a fault
    """The stage needs an answer of people before it can go on; what it has saved is kept."""

    def __init__(self, question: Question) -> None:
        super().__init__(question.text)
        self.question = question


class HandOver(Exception):  # noqa: N818  # a signal to stop, not a fault
    """The stage has saved what it had and leaves the rest to another attempt; this one does not count.

    Either its worker is to stop, or it waits for something outside that takes long: then it says when to look again,
    and holds no worker until then.

    Args:
        after: When the next attempt is to begin; soon if absent.
        reason: What it waits for, for people, as a clause without a subject: "waits for batch b-1, 20 of 90 done".
    """

    def __init__(self, after: timedelta | None = None, reason: str | None = None) -> None:
        super().__init__(reason or "handed over")
        self.after = after
        self.reason = reason


class StageContext(Generic[StageDeps]):
    """One attempt at one stage.

    Attributes:
        team_id: Whose run it is.
        run_id: Which run.
        seq: The stage's place in it, from 0.
        attempt: How often a worker took the stage up, from 1.
        params: The run's parameters, as approved.
        checkpoint: What the last `save` recorded, in this attempt or an earlier one; empty at first.
        previous: The results of the earlier stages, by name.
        database: Where to open the transactions of the stage, as its team.
        deps: What wiring hands to stages.
        effects: What costs money or is visible outside; done nowhere else, and once.
        cancelled: Set when the attempt is over, for threads to look at; the stage's task is cancelled as well.
        draining: Set when the worker is to stop: what can end within its grace should, anything else should save and
            raise HandOver. What does neither is cancelled when the grace is over, and handed over as it stands.
    """

    def __init__(
        self,
        claim: stages.Claim,
        database: Database,
        deps: StageDeps,
        lease: Lease,
        *,
        draining: asyncio.Event | None = None,
        files: Artifacts | None = None,
        host: str = "",
    ) -> None:
        self.team_id = claim.key.team_id
        self.run_id = claim.key.run_id
        self.seq = claim.key.seq
        self.attempt = claim.attempt
        self.params = claim.params
        self.checkpoint = claim.checkpoint
        self.previous = claim.previous
        self.database = database
        self.deps = deps
        self.effects = Effects(claim, database, fenced=self.fenced, ask=self.ask)
        self.cancelled = asyncio.Event()
        self.draining = draining or asyncio.Event()
        self._claim = claim
        self._lease = lease
        self._children: list[GuardedChild] = []
        self._artifacts = (
            StageArtifacts(claim, database, files, host=host, fenced=self.fenced) if files is not None else None
        )

    @property
    def artifacts(self) -> StageArtifacts:
        """The files of the run: kept where other workers reach them, and checked as they come back."""
        if self._artifacts is None:
            raise RuntimeError("this worker was started without a place for artifacts")
        return self._artifacts

    def log(self, line: str, level: Level = "info") -> None:
        """Say something to whoever looks at the stage; cheap, and written down within a second or so.

        What documents and messages say does not belong here.
        """
        self._lease.log.add(line, level)

    async def progress(self, done: float, total: float | None, unit: str, note: str = "") -> None:
        """Report how far the stage is; cheap, so call it as often as there is news.

        Args:
            done: Units done, counted from the start of the stage and not of the attempt.
            total: Units in all; None while unknown.
            unit: What is counted, in the plural, such as "files".
            note: What is in hand, for people.
        """
        self._lease.report(done, total, unit, note)

    async def save(self, connection: Connection, checkpoint: Mapping[str, Any]) -> None:
        """Record, in the caller's transaction, where a later attempt goes on.

        Call it last in the transaction: until that ends, the lease cannot be extended.

        Args:
            connection: A transaction opened with `database.team(team_id)`.
            checkpoint: Plain JSON, which replaces the former one.

        Raises:
            Fenced: The attempt is over; let it roll the transaction back.
        """
        if not await stages.save(connection, self._claim, checkpoint):
            raise Fenced(self._over())
        self.checkpoint = checkpoint

    async def fenced(self, connection: Connection) -> None:
        """Make sure, in the caller's transaction and until its end, that the attempt still holds.

        Raises:
            Fenced: The attempt is over; let it roll the transaction back.
        """
        if not await stages.hold(connection, self._claim):
            raise Fenced(self._over())

    async def ask(self, question: Question) -> Answer:
        """Return what people answered to the question.

        Until somebody has, this ends the attempt: the stage waits, holding no worker, and begins again from its
        checkpoint with the answer there. So save first, and ask the same thing again on the way back: a question is
        the same where its kind and its details are. `abort` is never returned, since it cancels the run.

        Call it from the stage's own coroutine: a task group would wrap the signal.

        Raises:
            Asked: Nobody has answered yet; let it pass.
            Fenced: The attempt is over; let it pass.
        """
        async with self.database.team(self.team_id) as connection:
            answer = await questions.answer_to(connection, self.team_id, self.run_id, self.seq, question)
            await self.fenced(connection)
        if answer is None:
            raise Asked(question)
        return answer

    def child(self, argv: Sequence[str], limits: ChildLimits | None = None) -> GuardedChild:
        """Return a child for this attempt, to be used with `async with`; it never outlives the lease."""
        child = GuardedChild(argv, limits, allowance_s=self._lease.allowance_s)
        self._children.append(child)
        return child

    @property
    def gpus(self) -> Sequence[str]:
        """The ids of the GPUs that this attempt occupies."""
        return self._claim.gpus

    def environment(self) -> Mapping[str, str]:
        """Return the variables that a process of this attempt gets: the GPUs that it occupies, and no others."""
        return {"CUDA_VISIBLE_DEVICES": visible_devices(self._claim.gpus)}

    def allowance_s(self) -> float:
        """Return for how many seconds work may go on, as far as the lease goes."""
        return self._lease.allowance_s()

    async def close(self) -> None:
        """End the children that the stage left behind."""
        for child in self._children:
            await child.close()

    def _over(self) -> str:
        return f"attempt {self.attempt} at stage {self.seq} of run {self.run_id} is over"


Stage = Callable[[StageContext[Any]], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Interpreter:
    """The Python that runs a child stage, whose packages may be others than this one's.

    Attributes:
        python: Its executable: 3.11 or later. Of the code here it finds the package `agents` alone.
        environment: Variables that the stage is given on purpose, such as the token of a model hub.
        setting: The setting that names it, for people.
    """

    python: str = sys.executable
    environment: Mapping[str, str] = field(default_factory=dict)
    setting: str = ""

    @property
    def is_own(self) -> bool:
        """Whether it is the Python of this process."""
        return self.python == sys.executable


@dataclass(frozen=True, slots=True)
class ChildCode:
    """The code of a child stage, which runs in a guarded process of its own: see child_stage.py.

    Attributes:
        module: Its module, which has `run(stage)`.
        limits: What its process may use.
        beat_within_s: After how long without a sign of life it counts as hung. Its process gives one by itself, but
            not while a library keeps all of Python waiting.
        news_within_s: After how long without progress, a line of its log or a checkpoint it counts as hung; None for
            code that may be silent.
        interpreter: The Python that runs it, as the stage's deps name it.
        before: What the worker does before it starts the process of an attempt.
    """

    module: str
    limits: ChildLimits = field(default_factory=lambda: ChildLimits(reply_bytes=8 * 1024 * 1024))
    beat_within_s: float = 60.0
    news_within_s: float | None = None
    interpreter: Callable[[Any], Interpreter] = lambda _: Interpreter()
    before: Callable[[StageContext[Any]], Awaitable[None]] | None = None


# By kind of run and name of stage.
Stages = Mapping[tuple[str, str], Stage | ChildCode]
