"""Runs: started from an approved proposal, cancelled, retried and read."""

from collections.abc import Sequence

from psycopg.types.json import Jsonb

from agents.runs.needs import needs_document
from agents.runs.progress import read_progress
from agents.runs.recipes import Recipe
from agents.runs.states import RunState, StageState
from agents.runs.views import RunView, StageView
from agents.store import halts, questions, spend, stages
from agents.store.db import Connection, one, rows, run
from agents.store.outbox import touch_card

_OF_SPEND = frozenset({"estimate", "approved_usd", "spent_usd", "reserved_usd"})


async def start(connection: Connection, team_id: str, proposal_id: str, recipe: Recipe, *, approved_by: str) -> str:
    """Start the run of an approved proposal: all its stages, and the first one's job; return its id."""
    made = await one(
        connection, "runs.insert", {"team_id": team_id, "proposal_id": proposal_id, "approved_by": approved_by}
    )
    assert made is not None  # noqa: S101  # the caller holds the proposal it is made from
    run_id = str(made["id"])
    for seq, spec in enumerate(recipe.stages):
        needs = Jsonb(needs_document(recipe.needs_of(spec, made["params"])))
        stage = {"team_id": team_id, "run_id": run_id, "seq": seq, "name": spec.name, "queue": spec.queue}
        await run(connection, "stage.insert", {**stage, "needs": needs})
    await stages.defer(connection, stages.StageKey(team_id, run_id, 0))
    return run_id


async def lock(connection: Connection, team_id: str, run_id: str) -> RunView | None:
    """Return the run as it stands, and keep it so until the transaction ends."""
    await one(connection, "runs.lock", {"team_id": team_id, "run_id": run_id})
    # Read after the lock was granted, so that what another transaction changed meanwhile is seen.
    return await get(connection, team_id, run_id)


async def cancel(connection: Connection, team_id: str, run_id: str, error: str | None = None) -> bool:
    """Cancel the run and its stages, and tell the worker that has one in hand; False where it is over.

    `error` says why, where it was not simply cancelled.
    """
    parameters = {"team_id": team_id, "run_id": run_id}
    if not await run(connection, "runs.cancel", {**parameters, "error": error}):
        return False
    for row in await rows(connection, "stage.cancel", parameters):
        await one(connection, "stage.cancel_job", {**parameters, "seq": row["seq"]})
    await questions.withdraw(connection, team_id, run_id)
    await touch_card(connection, team_id, stages.run_card(run_id))
    return True


async def retry(connection: Connection, team_id: str, run_id: str) -> bool:
    """Take a failed run up again at the stage that failed; False where it has not failed."""
    parameters = {"team_id": team_id, "run_id": run_id}
    if not await run(connection, "runs.retry", parameters):
        return False
    for row in await rows(connection, "stage.retry", parameters):
        await stages.defer(connection, stages.StageKey(team_id, run_id, row["seq"]))
    await touch_card(connection, team_id, stages.run_card(run_id))
    return True


async def get(connection: Connection, team_id: str, run_id: str) -> RunView | None:
    """Return the run with its stages."""
    parameters = {"team_id": team_id, "run_id": run_id}
    row = await one(connection, "runs.get", parameters)
    if row is None:
        return None
    own = {name: value for name, value in row.items() if name not in _OF_SPEND}
    parts = tuple(
        StageView(**{**part, "state": StageState(part["state"]), "progress": read_progress(part["progress"])})
        for part in await rows(connection, "stage.of_run", parameters)
    )
    state = RunState(row["state"])
    # Asked for only where there is one, since lists of runs are read often.
    waiting = await questions.open_ones(connection, team_id, run_id) if state is RunState.NEEDS_ATTENTION else ()
    return RunView(
        **{**own, "state": state, "approvers": tuple(row["approvers"])},
        stages=parts,
        question=next(iter(waiting), None),
        halt=None if state.is_over else await halts.current(connection, team_id),
        spend=spend.run_spend(row),
    )


async def newest(connection: Connection, team_id: str, at_most: int) -> Sequence[str]:
    """Return the ids of the newest runs, newest first."""
    found = await rows(connection, "runs.newest", {"team_id": team_id, "at_most": at_most})
    return [row["id"] for row in found]


async def find(connection: Connection, team_id: str, prefix: str, at_most: int) -> Sequence[str]:
    """Return the ids that begin with `prefix`, newest first."""
    found = await rows(connection, "runs.find", {"team_id": team_id, "prefix": prefix, "at_most": at_most})
    return [row["id"] for row in found]
