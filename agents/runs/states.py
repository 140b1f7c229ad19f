"""The states of proposals, runs, stages and questions, and who may move them; the database refuses every other move."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from agents.runs.roles import Role

S = TypeVar("S", bound=StrEnum)


class ProposalState(StrEnum):
    """Where a proposal stands; all but `PENDING` are final."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"


class RunState(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    NEEDS_ATTENTION = "needs_attention"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether no worker will go on with it unless a person asks for it."""
        return self in {RunState.DONE, RunState.FAILED, RunState.CANCELLED}


class StageState(StrEnum):
    """Where a stage stands; `WAITING` is for a person, `PENDING` for a worker."""

    PENDING = "pending"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether no worker will go on with it unless a person asks for it."""
        return self in {StageState.DONE, StageState.FAILED, StageState.CANCELLED}


class QuestionState(StrEnum):
    """Where a question of a stage stands; all but `OPEN` are final."""

    OPEN = "open"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"


class Actor(StrEnum):
    """Who causes an event."""

    HOLDER = "the worker that holds the attempt"
    WORKER = "any worker"
    PERSON = "a person"
    CLOCK = "the clock"


class Event(StrEnum):
    """What happens to proposals and runs; `RULES` says by whom and what moves with it."""

    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    CLAIMED = "claimed"
    BEATEN = "beaten"
    SAVED = "saved"
    FINISHED = "finished"
    FAILED = "failed"
    HANDED_OVER = "handed over"
    LEASE_RAN_OUT = "lease ran out"
    TOLD = "told why nobody takes it"
    ASKED = "asked"
    ANSWERED = "answered"
    ABORTED = "aborted"
    CANCELLED = "cancelled"
    RETRIED = "retried"
    HALTED = "halted"
    RESUMED = "resumed"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may cause an event, and every move that can follow from it, each as "from>to".

    Attributes:
        by: Who causes it.
        role: The least that a person must be.
        own: Enough for the person who asked for the run; the same as `role` where that makes no difference.
        proposal: Moves of the proposal.
        run: Moves of the run.
        stage: Moves of the run's stages.
        question: Moves of their questions.
    """

    by: Actor
    role: Role | None = None
    own: Role | None = None
    proposal: frozenset[str] = frozenset()
    run: frozenset[str] = frozenset()
    stage: frozenset[str] = frozenset()
    question: frozenset[str] = frozenset()


def _of(*moves: str) -> frozenset[str]:
    return frozenset(moves)


RULES: Mapping[Event, Rule] = {
    Event.APPROVED: Rule(Actor.PERSON, Role.APPROVER, Role.APPROVER, proposal=_of("pending>approved")),
    Event.DENIED: Rule(Actor.PERSON, Role.APPROVER, Role.REQUESTER, proposal=_of("pending>denied")),
    Event.EXPIRED: Rule(Actor.CLOCK, proposal=_of("pending>expired")),
    # A stage whose lease ran out is claimed without a move: it goes on running, under the next attempt.
    Event.CLAIMED: Rule(Actor.WORKER, stage=_of("pending>running")),
    Event.BEATEN: Rule(Actor.HOLDER),
    Event.SAVED: Rule(Actor.HOLDER),
    Event.FINISHED: Rule(Actor.HOLDER, run=_of("running>done"), stage=_of("running>done")),
    Event.FAILED: Rule(Actor.HOLDER, run=_of("running>failed"), stage=_of("running>failed")),
    Event.HANDED_OVER: Rule(Actor.HOLDER, stage=_of("running>pending")),
    Event.LEASE_RAN_OUT: Rule(Actor.CLOCK),
    # The attempt of a worker that is gone is over with it, where no other one can take the stage.
    Event.TOLD: Rule(Actor.CLOCK, stage=_of("running>pending")),
    Event.ASKED: Rule(Actor.HOLDER, run=_of("running>needs_attention"), stage=_of("running>waiting")),
    # A choice that spends takes an approver.
    Event.ANSWERED: Rule(
        Actor.PERSON,
        Role.APPROVER,
        Role.REQUESTER,
        run=_of("needs_attention>running"),
        stage=_of("waiting>pending"),
        question=_of("open>answered"),
    ),
    Event.ABORTED: Rule(
        Actor.PERSON,
        Role.APPROVER,
        Role.REQUESTER,
        run=_of("needs_attention>cancelled"),
        stage=_of("waiting>cancelled", "pending>cancelled"),
        question=_of("open>answered"),
    ),
    Event.CANCELLED: Rule(
        Actor.PERSON,
        Role.APPROVER,
        Role.REQUESTER,
        run=_of("running>cancelled", "needs_attention>cancelled"),
        stage=_of("pending>cancelled", "waiting>cancelled", "running>cancelled"),
        question=_of("open>withdrawn"),
    ),
    # Taken up again at the stage that failed.
    Event.RETRIED: Rule(
        Actor.PERSON, Role.APPROVER, Role.REQUESTER, run=_of("failed>running"), stage=_of("failed>pending")
    ),
    Event.HALTED: Rule(Actor.PERSON, Role.ADMIN, Role.ADMIN, stage=_of("running>pending")),
    Event.RESUMED: Rule(Actor.PERSON, Role.ADMIN, Role.ADMIN),
}


def _moves(states: type[S], written: Iterable[frozenset[str]]) -> Mapping[S, frozenset[S]]:
    moves = {tuple(states(end) for end in move.split(">")) for rule in written for move in rule}
    return {old: frozenset(new for before, new in moves if before is old) for old in states}


PROPOSAL_MOVES = _moves(ProposalState, (rule.proposal for rule in RULES.values()))
RUN_MOVES = _moves(RunState, (rule.run for rule in RULES.values()))
STAGE_MOVES = _moves(StageState, (rule.stage for rule in RULES.values()))
QUESTION_MOVES = _moves(QuestionState, (rule.question for rule in RULES.values()))
