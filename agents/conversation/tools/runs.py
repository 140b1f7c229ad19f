"""Runs: how they stand, and where one is cancelled."""

from collections.abc import Iterator

from agents.conversation.tools.arguments import CancelRequest, ListRuns, RunStatus
from agents.conversation.tools.calling import Calling
from agents.conversation.tools.outcome import Outcome
from agents.errors import UserError
from agents.runs.views import ProposalView, RunView, StageView
from agents.services.runs import Runs

_LISTED = 10


class RunTools:
    """Tools on runs; none changes one."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def list_runs(self, calling: Calling, _: ListRuns) -> Outcome:
        """Return the newest runs, and the proposals that wait."""
        runs = await self._runs.newest(calling.team_id, at_most=_LISTED)
        waiting = await self._runs.pending(calling.team_id, at_most=_LISTED)
        lines = [*(_standing(run) for run in runs), *(_waiting(proposal) for proposal in waiting)]
        text = "\n".join(lines) or "There are no runs yet."
        return Outcome(text, {"text": text})

    async def run_status(self, calling: Calling, arguments: RunStatus) -> Outcome:
        """Say how a run stands, or the newest ones."""
        if arguments.run_id is None:
            found = await self._runs.newest(calling.team_id, at_most=5)
            text = "\n".join(_standing(run) for run in found) or "There are no runs yet."
        elif calling.is_model:
            text = "\n".join(_whole(await self._runs.find(calling.team_id, arguments.run_id)))
        else:
            text = _standing(await self._runs.find(calling.team_id, arguments.run_id))
        return Outcome(text, {"text": text})

    async def cancel_request(self, calling: Calling, arguments: CancelRequest) -> Outcome:
        """Say where a run is cancelled."""
        run = await self._runs.find(calling.team_id, arguments.run_id)
        if not run.may_be_cancelled:
            raise UserError(f"Run {run.id} is {run.state} already, so there is nothing to cancel.")
        text = f"Run {run.id} is {run.state}. Press Cancel on its card, or use `/cairn runs {run.id}`, to end it."
        return Outcome(text, {"text": text})


def _standing(run: RunView) -> str:
    stage = run.current
    return f"Run {run.id} ({run.kind}): {run.state}" + (f", at {stage.name}" if stage is not None else "")


def _waiting(proposal: ProposalView) -> str:
    given, needed = len(proposal.counting), proposal.needed
    return (
        f"Proposal {proposal.id} ({proposal.kind}), asked for by <@{proposal.requested_by}>: waits for approval, "
        f"{given} of {needed} given"
    )


def _whole(run: RunView) -> Iterator[str]:
    """Yield how a run stands, in lines."""
    yield f"{_standing(run)}. Asked for by <@{run.requested_by}>, approved by <@{run.approved_by}>."
    for stage in run.stages:
        yield _stage(stage)
    if run.halt is not None:
        yield f"The workspace is {run.halt.words}."
    if run.question is not None:
        yield "It waits for a person to answer the question on its card."
    if run.error:
        yield f"Error: {run.error}"


def _stage(stage: StageView) -> str:
    parts = [f"- {stage.name}: {stage.state}"]
    progress = stage.progress
    if progress is not None:
        total = f" of {progress.total:,.10g}" if progress.total is not None else ""
        parts.append(f"{progress.done:,.10g}{total} {progress.unit}")
    if stage.waits_for:
        parts.append(f"waits: {stage.waits_for}")
    if stage.error:
        parts.append(f"error: {stage.error}")
    return "; ".join(parts)
