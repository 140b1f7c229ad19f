"""The switch that stops a whole workspace: while it is on, nothing of the team is approved, claimed or paid for."""

from collections.abc import Sequence

from agents.errors import UserError
from agents.runs.views import Halt
from agents.store.db import Connection, one, rows, run
from agents.store.outbox import touch_card
from agents.store.stages import StageKey, defer, run_card


async def current(connection: Connection, team_id: str) -> Halt | None:
    """Return who stopped the team, when and why; None where it is not stopped."""
    row = await one(connection, "halts.current", {"team_id": team_id})
    return None if row is None else Halt(**row)


async def refuse_if_halted(connection: Connection, team_id: str) -> None:
    """Let nothing begin in a team that is stopped.

    Raises:
        UserError: It is; the text says by whom, why, and what lifts it.
    """
    halt = await current(connection, team_id)
    if halt is not None:
        raise UserError(f"Everything is {halt.words}. Nothing starts until an admin writes `/cairn resume-all`.")


async def halt(connection: Connection, team_id: str, who: str, reason: str) -> Sequence[str] | None:
    """Stop the team: take every stage from its worker; return the ids of the runs that are not over.

    None, and nothing changed, where it is stopped already. A stage keeps its checkpoint, and the attempt does not
    count. Its worker is told, and finds at its next beat at the latest that the attempt is over.
    """
    if not await run(connection, "halts.add", {"team_id": team_id, "who": who, "reason": reason}):
        return None
    runs = await _locked_runs(connection, team_id)
    await run(connection, "halts.stop_stages", {"team_id": team_id})
    await rows(connection, "halts.cancel_jobs", {"team_id": team_id})
    await _touch(connection, team_id, runs)
    return runs


async def resume(connection: Connection, team_id: str) -> Sequence[StageKey] | None:
    """Lift the halt and give every stage whose turn it is back to the workers; None where there is no halt."""
    runs = await _locked_runs(connection, team_id)
    if not await run(connection, "halts.remove", {"team_id": team_id}):
        return None
    due = [
        StageKey(team_id, row["run_id"], row["seq"])
        for row in await rows(connection, "halts.due_stages", {"team_id": team_id})
    ]
    for key in due:
        await defer(connection, key)
    await _touch(connection, team_id, runs)
    return due


async def _locked_runs(connection: Connection, team_id: str) -> list[str]:
    # Whoever changes both locks the run before its stages.
    return [row["id"] for row in await rows(connection, "halts.lock_runs", {"team_id": team_id})]


async def _touch(connection: Connection, team_id: str, run_ids: Sequence[str]) -> None:
    for run_id in run_ids:
        await touch_card(connection, team_id, run_card(run_id))
