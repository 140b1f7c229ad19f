"""Proposals and runs by their ids, and what is said where there is none with such an id."""

from collections.abc import Sequence

from agents.errors import UserError
from agents.runs.views import ProposalView, RunView
from agents.store import proposals as proposal_store
from agents.store import runs as run_store
from agents.store.db import Connection

NAMED_IN_AN_ERROR = 5


async def proposal(connection: Connection, team_id: str, proposal_id: str) -> ProposalView:
    """Return the proposal as it stands.

    Raises:
        UserError: There is none; the text names those that wait.
    """
    found = await proposal_store.get(connection, team_id, proposal_id)
    if found is not None:
        return found
    waiting = await proposal_store.pending(connection, team_id, NAMED_IN_AN_ERROR)
    hint = f"These wait for a decision: {', '.join(waiting)}." if waiting else "None waits for a decision."
    raise UserError(f"There is no proposal {proposal_id!r}. {hint}")


async def held_proposal(connection: Connection, team_id: str, proposal_id: str) -> ProposalView:
    """Return the proposal as it stands, and keep it so until the transaction ends; raises as `proposal` does."""
    held = await proposal_store.lock(connection, team_id, proposal_id)
    return held or await proposal(connection, team_id, proposal_id)


async def run(connection: Connection, team_id: str, run_id: str) -> RunView:
    """Return the run as it stands.

    Raises:
        UserError: There is none; the text names the newest.
    """
    found = await run_store.get(connection, team_id, run_id)
    if found is not None:
        return found
    newest = await run_store.newest(connection, team_id, NAMED_IN_AN_ERROR)
    hint = f"The newest are: {', '.join(newest)}." if newest else "There are no runs yet."
    raise UserError(f"There is no run {run_id!r}. {hint}")


async def held_run(connection: Connection, team_id: str, run_id: str) -> RunView:
    """Return the run as it stands, and keep it so until the transaction ends; raises as `run` does."""
    return await run_store.lock(connection, team_id, run_id) or await run(connection, team_id, run_id)


def only(ids: Sequence[str], prefix: str, what: str) -> str:
    """Return the one id; the prefix itself where there is none, which then is refused as any unknown id.

    Raises:
        UserError: There are several.
    """
    if len(ids) > 1:
        raise UserError(f"There are several {what} that begin with {prefix!r}: {', '.join(ids)}. Give more of the id.")
    return ids[0] if ids else prefix
