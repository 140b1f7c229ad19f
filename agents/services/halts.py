"""The switch that stops everything in a workspace, as every face uses it: stop, resume, look."""

from collections.abc import Sequence
from dataclasses import dataclass

from agents.errors import UserError
from agents.runs.roles import Role
from agents.runs.views import Halt
from agents.services.people import People
from agents.store import audit, effects, halts
from agents.store.db import Connection, Database
from agents.store.effects import Outside

_LONGEST_REASON = 300
# Enough to see what is at stake; each has to be ended by hand at its provider.
_NAMED_OUTSIDE = 50


@dataclass(frozen=True, slots=True)
class Stopped:
    """A workspace that was stopped.

    Attributes:
        halt: By whom and why.
        runs: The runs that are not over.
        outside: What goes on, or may go on, where Cairn cannot stop it.
    """

    halt: Halt
    runs: Sequence[str]
    outside: Sequence[Outside]


class Halts:
    """The switch of every team, behind the role of those who may turn it.

    Args:
        database: Where it is.
        people: Who may.
    """

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._people = people

    async def current(self, team_id: str) -> Halt | None:
        """Return who stopped the team; None where it is not stopped."""
        async with self._database.team(team_id) as connection:
            return await halts.current(connection, team_id)

    async def stop_all(self, team_id: str, who: str, reason: str = "", event_key: str | None = None) -> Stopped:
        """Stop everything: what is in hand ends within about a second, and nothing is approved or begun.

        Stopping what is stopped changes nothing.
        """
        await self._people.require(team_id, who, Role.ADMIN, "stop everything")
        reason = " ".join(reason.replace("\0", "").split())
        if len(reason) > _LONGEST_REASON:
            raise UserError(f"The reason has {len(reason)} characters; {_LONGEST_REASON} are the most. Shorten it.")
        async with self._database.team(team_id) as connection:
            runs = await halts.halt(connection, team_id, who, reason)
            if runs is not None:
                entry = audit.Entry(who, "stop_all", "workspace", event_key, details={"reason": reason, "runs": runs})
                await audit.add(connection, team_id, entry)
            return await _stopped(connection, team_id, runs or ())

    async def resume_all(self, team_id: str, who: str, event_key: str | None = None) -> int:
        """Lift the halt and return how many runs go on."""
        await self._people.require(team_id, who, Role.ADMIN, "resume everything")
        async with self._database.team(team_id) as connection:
            due = await halts.resume(connection, team_id)
            if due is None:
                raise UserError("Nothing is stopped here. See what runs with `/cairn runs`.")
            runs = [key.run_id for key in due]
            await audit.add(
                connection, team_id, audit.Entry(who, "resume_all", "workspace", event_key, details={"runs": runs})
            )
            return len(runs)


async def _stopped(connection: Connection, team_id: str, runs: Sequence[str]) -> Stopped:
    halt = await halts.current(connection, team_id)
    assert halt is not None  # noqa: S101  # stopped above, or before by somebody else
    return Stopped(halt, runs, await effects.outside(connection, team_id, _NAMED_OUTSIDE))
