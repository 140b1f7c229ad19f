"""What servers of models serve for a team, as the workers beside them saw it last."""

from collections.abc import Collection, Mapping, Sequence

from agents.distillation.serving import Served, Target
from agents.store.db import Connection, rows, run


async def teams(connection: Connection) -> Sequence[str]:
    """Return the teams that have aliases; for a transaction of the engine."""
    return [row["team_id"] for row in await rows(connection, "served.teams")]


async def saw(
    connection: Connection, team_id: str, server: str, wanted: Mapping[str, Target], errors: Mapping[str, str]
) -> None:
    """Write down what a server serves of what it is to serve, and why not the rest; what else was there is gone."""
    await run(connection, "served.gone", _given(team_id, server) | {"wanted": _listed(wanted)})
    for served_as, (name, version) in wanted.items():
        given = {"served_as": served_as, "name": name, "version": version, "error": errors.get(served_as)}
        await run(connection, "served.saw", _given(team_id, server) | given)


async def all_of(connection: Connection, team_id: str) -> Sequence[Served]:
    """Return what servers serve for a team."""
    return [Served(**row) for row in await rows(connection, "served.all", {"team_id": team_id})]


def _given(team_id: str, server: str) -> dict[str, object]:
    return {"team_id": team_id, "server": server}


def _listed(names: Collection[str]) -> list[str]:
    return sorted(names)
