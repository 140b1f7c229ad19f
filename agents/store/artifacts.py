"""Which artifacts a run has; what is in them lies elsewhere."""

from agents.runs.artifacts import Artifact
from agents.store.db import Connection, one, rows, run
from agents.store.stages import Claim


async def add(
    connection: Connection, claim: Claim, *, name: str, place: str, key: str, size: int, sha256: str, host: str | None
) -> Artifact:
    """Add a version of an artifact, in a transaction that holds the stage.

    With `host`, the only one that reaches it, the rest of the run is for that host.
    """
    if host is not None:
        await run(connection, "stage.keep_on", {**claim.key.parameters(), "host": host})
    made = await one(
        connection,
        "artifacts.add",
        {
            **claim.fence(),
            "name": name,
            "place": place,
            "key": key,
            "size": size,
            "sha256": sha256,
            "host": host,
        },
    )
    assert made is not None  # noqa: S101  # INSERT ... RETURNING answers with the row or raises
    return Artifact(**made)


async def of_run(connection: Connection, team_id: str, run_id: str) -> tuple[Artifact, ...]:
    """Return the newest version of each artifact of a run, by stage and name."""
    found = await rows(connection, "artifacts.of_run", {"team_id": team_id, "run_id": run_id})
    return tuple(Artifact(**row) for row in found)


async def newest(connection: Connection, team_id: str, run_id: str, name: str) -> Artifact | None:
    """Return the newest version of an artifact."""
    row = await one(connection, "artifacts.newest", {"team_id": team_id, "run_id": run_id, "name": name})
    return None if row is None else Artifact(**row)
