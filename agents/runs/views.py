"""What cards and the shell show of proposals, runs and stages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agents.runs.approvals import Approval, counting
from agents.runs.money import RunSpend
from agents.runs.progress import Progress
from agents.runs.questions import QuestionView
from agents.runs.states import ProposalState, RunState, StageState


@dataclass(frozen=True, slots=True)
class ProposalView:
    """A run that somebody wants, with what it would do and cost.

    Attributes:
        run_id: The run, once it was approved.
        needed: How many people have to approve it.
        approvals: Those given, also such that do not count any more.
        terms: What whoever approves has to acknowledge.
        replaced_by: The proposal that took its place, where it was edited.
    """

    id: str
    kind: str
    params: Mapping[str, Any]
    params_hash: str
    estimate: Mapping[str, Any]
    state: ProposalState
    requested_by: str
    conversation_id: str | None
    channel: str | None
    thread_ts: str | None
    created_at: datetime
    expires_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    run_id: str | None
    needed: int = 1
    approvals: tuple[Approval, ...] = ()
    terms: tuple[str, ...] = ()
    replaced_by: str | None = None

    @property
    def counting(self) -> tuple[Approval, ...]:
        """The approvals that count, oldest first."""
        return counting(self.approvals, self.needed, self.requested_by)


@dataclass(frozen=True, slots=True)
class StageView:
    """One stage of a run; `attempt` counts how often a worker took it up.

    `waits_for` says why no worker takes it up now, such as "needs 2x80 GB; gpu-1 has 1x48 GB"; None while one may.
    """

    seq: int
    name: str
    queue: str
    state: StageState
    attempt: int
    owner: str | None
    progress: Progress | None
    result: Mapping[str, Any] | None
    error: str | None
    started_at: datetime | None
    finished_at: datetime | None
    waits_for: str | None = None


@dataclass(frozen=True, slots=True)
class Halt:
    """The switch that stops a whole workspace, turned."""

    who: str
    reason: str
    at: datetime

    @property
    def words(self) -> str:
        """Who stopped it and why: "stopped by U0BOB: the bill"."""
        return f"stopped by {self.who}: {self.reason}" if self.reason else f"stopped by {self.who}"


@dataclass(frozen=True, slots=True)
class RunView:
    """A run with its stages, as it stands; `result` is the last stage's.

    `approved_by` gave the last approval that it took, `approvers` are all, in their order.
    """

    id: str
    proposal_id: str
    kind: str
    state: RunState
    params: Mapping[str, Any]
    requested_by: str
    approved_by: str
    channel: str | None
    thread_ts: str | None
    error: str | None
    result: Mapping[str, Any] | None
    created_at: datetime
    finished_at: datetime | None
    stages: tuple[StageView, ...]
    # What it waits for a person to answer.
    question: QuestionView | None = None
    # What keeps it from going on, where its whole workspace is stopped.
    halt: Halt | None = None
    spend: RunSpend | None = None
    approvers: tuple[str, ...] = ()

    @property
    def current(self) -> StageView | None:
        """The stage that is worked on or comes next; None once the run is done or cancelled."""
        return next(
            (stage for stage in self.stages if stage.state not in {StageState.DONE, StageState.CANCELLED}), None
        )

    @property
    def may_be_cancelled(self) -> bool:
        """Whether a cancel would change anything."""
        return not self.state.is_over

    @property
    def may_be_retried(self) -> bool:
        """Whether it failed, so that a retry takes it up at the stage that failed."""
        return self.state is RunState.FAILED
