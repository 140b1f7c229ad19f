"""The states of proposals, runs and stages, and the moves between them; the database refuses every other move."""

from collections.abc import Mapping
from enum import StrEnum


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


PROPOSAL_MOVES: Mapping[ProposalState, frozenset[ProposalState]] = {
    ProposalState.PENDING: frozenset({ProposalState.APPROVED, ProposalState.DENIED, ProposalState.EXPIRED}),
    ProposalState.APPROVED: frozenset(),
    ProposalState.DENIED: frozenset(),
    ProposalState.EXPIRED: frozenset(),
}

RUN_MOVES: Mapping[RunState, frozenset[RunState]] = {
    RunState.RUNNING: frozenset({RunState.NEEDS_ATTENTION, RunState.DONE, RunState.FAILED, RunState.CANCELLED}),
    RunState.NEEDS_ATTENTION: frozenset({RunState.RUNNING, RunState.FAILED, RunState.CANCELLED}),
    RunState.DONE: frozenset(),
    # A retry takes the run up again at the stage that failed.
    RunState.FAILED: frozenset({RunState.RUNNING}),
    RunState.CANCELLED: frozenset(),
}

STAGE_MOVES: Mapping[StageState, frozenset[StageState]] = {
    StageState.PENDING: frozenset({StageState.WAITING, StageState.RUNNING, StageState.CANCELLED}),
    StageState.WAITING: frozenset({StageState.PENDING, StageState.DONE, StageState.CANCELLED}),
    # Back to pending: a worker that shuts down hands the stage over.
    StageState.RUNNING: frozenset(
        {StageState.PENDING, StageState.WAITING, StageState.DONE, StageState.FAILED, StageState.CANCELLED}
    ),
    StageState.DONE: frozenset(),
    StageState.FAILED: frozenset({StageState.PENDING}),
    StageState.CANCELLED: frozenset(),
}
