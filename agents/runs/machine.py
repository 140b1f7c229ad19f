"""A run as a state machine, without clock or database: the reference that the store is compared with.

Each event is a function from one model to the next, and raises `Refused` where the event cannot happen. Who may cause
it stands in `agents.runs.states.RULES`; a worker proves that it holds a stage by the number of its attempt.
"""

from dataclasses import dataclass, replace
from typing import Self

from agents.runs.states import QuestionState, RunState, StageState

# How often workers may take a stage up before it counts as one that takes its worker down.
ATTEMPTS = 10


class Refused(Exception):  # noqa: N818  # what the machine answers, no fault of it
    """The event cannot happen to the run as it stands; nothing changes."""


@dataclass(frozen=True, slots=True)
class StageModel:
    """One stage of a run.

    Attributes:
        state: Where it stands.
        attempt: How often a worker took it up.
        attempt_limit: The attempt after which it has failed.
        is_late: It is held, but the lease ran out, so that any worker may take it.
        question: Where the newest thing stands that it asked; None where it asked nothing.
    """

    state: StageState = StageState.PENDING
    attempt: int = 0
    attempt_limit: int = ATTEMPTS
    is_late: bool = False
    question: QuestionState | None = None


@dataclass(frozen=True, slots=True)
class RunModel:
    """A run with its stages in order; `is_halted` is the switch of its whole team."""

    state: RunState
    stages: tuple[StageModel, ...]
    is_halted: bool = False

    @classmethod
    def started(cls, stages: int, *, is_halted: bool = False) -> Self:
        """Return a run as its approval makes it."""
        return cls(RunState.RUNNING, (StageModel(),) * stages, is_halted)

    @property
    def turn(self) -> int | None:
        """The stage that is worked on or comes next; None where no stage is left."""
        return next((seq for seq, stage in enumerate(self.stages) if stage.state is not StageState.DONE), None)


def claimed(run: RunModel, seq: int) -> RunModel:
    """Let a worker take the stage up, under the next attempt."""
    stage = run.stages[seq]
    is_free = stage.state is StageState.PENDING or (stage.state is StageState.RUNNING and stage.is_late)
    _require(run.state is RunState.RUNNING and not run.is_halted and seq == run.turn and is_free)
    taken = replace(stage, state=StageState.RUNNING, attempt=stage.attempt + 1, is_late=False)
    return _put(run, seq, taken)


def beaten(run: RunModel, seq: int, attempt: int) -> RunModel:
    """Extend the lease; late is better than never, as long as nobody took the stage meanwhile."""
    return _put(run, seq, replace(_held(run, seq, attempt), is_late=False))


def saved(run: RunModel, seq: int, attempt: int) -> RunModel:
    """Record where a later attempt goes on; nothing moves."""
    _held(run, seq, attempt)
    return run


def finished(run: RunModel, seq: int, attempt: int) -> RunModel:
    """End the stage, and with the last one the run."""
    ended = replace(_held(run, seq, attempt), state=StageState.DONE, is_late=False)
    is_last = seq == len(run.stages) - 1
    return _put(run, seq, ended, RunState.DONE if is_last else None)


def failed(run: RunModel, seq: int, attempt: int) -> RunModel:
    """End the stage and its run with an error."""
    ended = replace(_held(run, seq, attempt), state=StageState.FAILED, is_late=False)
    return _put(run, seq, ended, RunState.FAILED)


def handed_over(run: RunModel, seq: int, attempt: int, *, is_forgiven: bool) -> RunModel:
    """Let another worker take the stage; an attempt that is forgiven does not count towards the limit."""
    stage = _held(run, seq, attempt)
    limit = stage.attempt_limit + is_forgiven
    return _put(run, seq, replace(stage, state=StageState.PENDING, attempt_limit=limit, is_late=False))


def lease_ran_out(run: RunModel, seq: int) -> RunModel:
    """Let time pass without a beat of the worker that holds the stage."""
    stage = run.stages[seq]
    _require(stage.state is StageState.RUNNING)
    return _put(run, seq, replace(stage, is_late=True))


def told(run: RunModel, seq: int) -> RunModel:
    """Say why no worker takes the stage; where one held it and is gone, its attempt is over."""
    stage = run.stages[seq]
    _require(stage.state is StageState.PENDING or (stage.state is StageState.RUNNING and stage.is_late))
    return _put(run, seq, replace(stage, state=StageState.PENDING, is_late=False))


def asked(run: RunModel, seq: int, attempt: int) -> RunModel:
    """Let the stage wait for a person, and nobody hold it meanwhile; the attempt does not count."""
    stage = _held(run, seq, attempt)
    limit = stage.attempt_limit + 1
    waiting = replace(stage, state=StageState.WAITING, attempt_limit=limit, is_late=False, question=QuestionState.OPEN)
    return _put(run, seq, waiting, RunState.NEEDS_ATTENTION)


def answered(run: RunModel, seq: int) -> RunModel:
    """Give the stage its answer, and back to the workers."""
    stage = replace(_asking(run, seq), state=StageState.PENDING, question=QuestionState.ANSWERED)
    return _put(run, seq, stage, RunState.RUNNING)


def aborted(run: RunModel, seq: int) -> RunModel:
    """Answer the question by ending the run."""
    return cancelled(_put(run, seq, replace(_asking(run, seq), question=QuestionState.ANSWERED)))


def cancelled(run: RunModel) -> RunModel:
    """End the run; the worker that holds a stage finds its attempt over."""
    _require(not run.state.is_over)
    return replace(run, state=RunState.CANCELLED, stages=tuple(_ended(stage) for stage in run.stages))


def retried(run: RunModel) -> RunModel:
    """Take a failed run up again at the stage that failed, with as many attempts as a new one has."""
    _require(run.state is RunState.FAILED and not run.is_halted)
    seq = next(seq for seq, stage in enumerate(run.stages) if stage.state is StageState.FAILED)
    stage = run.stages[seq]
    again = replace(stage, state=StageState.PENDING, attempt_limit=stage.attempt + ATTEMPTS)
    return _put(run, seq, again, RunState.RUNNING)


def halted(run: RunModel) -> RunModel:
    """Turn the team's switch: what is in hand is taken from its worker, and nothing is claimed from now on."""
    _require(not run.is_halted)
    return replace(run, is_halted=True, stages=tuple(_taken_back(stage) for stage in run.stages))


def resumed(run: RunModel) -> RunModel:
    """Turn the team's switch back."""
    _require(run.is_halted)
    return replace(run, is_halted=False)


def _require(is_possible: bool) -> None:
    if not is_possible:
        raise Refused


def _put(run: RunModel, seq: int, stage: StageModel, state: RunState | None = None) -> RunModel:
    return replace(run, state=state or run.state, stages=(*run.stages[:seq], stage, *run.stages[seq + 1 :]))


def _held(run: RunModel, seq: int, attempt: int) -> StageModel:
    stage = run.stages[seq]
    _require(stage.state is StageState.RUNNING and stage.attempt == attempt)
    return stage


def _asking(run: RunModel, seq: int) -> StageModel:
    stage = run.stages[seq]
    _require(stage.state is StageState.WAITING)
    return stage


def _taken_back(stage: StageModel) -> StageModel:
    if stage.state is not StageState.RUNNING:
        return stage
    return replace(stage, state=StageState.PENDING, attempt_limit=stage.attempt_limit + 1, is_late=False)


def _ended(stage: StageModel) -> StageModel:
    if stage.state.is_over:
        return stage
    question = QuestionState.WITHDRAWN if stage.question is QuestionState.OPEN else stage.question
    return replace(stage, state=StageState.CANCELLED, is_late=False, question=question)
