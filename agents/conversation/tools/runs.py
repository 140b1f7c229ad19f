"""Runs: how they stand, and where one is cancelled."""

from collections.abc import Sequence

from agents.conversation.state import Turn
from agents.conversation.tools.arguments import CancelRequest, RunStatus
from agents.conversation.tools.outcome import Outcome
from agents.errors import UserError
from agents.runs.views import RunView
from agents.services.runs import Runs


class RunTools:
    """Tools on runs; none changes one."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def run_status(self, turn: Turn, arguments: RunStatus) -> Outcome:
        """Say how a run stands, or the newest ones."""
        if arguments.run_id is not None:
            found: Sequence[RunView] = (await self._runs.find(turn["team_id"], arguments.run_id),)
        else:
            found = await self._runs.newest(turn["team_id"], at_most=5)
        text = "\n".join(_standing(run) for run in found) or "There are no runs yet."
        return Outcome(text, {"text": text})

    async def cancel_request(self, turn: Turn, arguments: CancelRequest) -> Outcome:
        """Say where a run is cancelled."""
        run = await self._runs.find(turn["team_id"], arguments.run_id)
        if not run.may_be_cancelled:
            raise UserError(f"Run {run.id} is {run.state} already, so there is nothing to cancel.")
        text = f"Run {run.id} is {run.state}. Press Cancel on its card, or use `/cairn runs {run.id}`, to end it."
        return Outcome(text, {"text": text})


def _standing(run: RunView) -> str:
    stage = run.current
    return f"Run {run.id} ({run.kind}): {run.state}" + (f", at {stage.name}" if stage is not None else "")
