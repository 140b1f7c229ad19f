"""What stages wrote into their logs."""

from collections.abc import Sequence

from agents.runs.logs import MOST_BYTES, MOST_LINES, LogLine
from agents.store.db import Connection, one, rows, run
from agents.store.stages import StageKey


async def add(connection: Connection, key: StageKey, lines: Sequence[LogLine]) -> None:
    """Write lines of one attempt down; those that are there already stay as they are."""
    if not lines:
        return
    await run(
        connection,
        "logs.add",
        {
            **key.parameters(),
            "attempt": lines[0].attempt,
            "ns": [line.n for line in lines],
            "ats": [line.at for line in lines],
            "levels": [line.level for line in lines],
            "lines": [line.line for line in lines],
        },
    )


async def trim(
    connection: Connection, key: StageKey, *, most_lines: int = MOST_LINES, most_bytes: int = MOST_BYTES
) -> int:
    """Clear away the middle of a stage's log where it has grown too long, and return how many lines that were."""
    return await run(
        connection,
        "logs.trim",
        {
            **key.parameters(),
            "first_lines": most_lines // 2,
            "last_lines": most_lines - most_lines // 2,
            "first_bytes": most_bytes // 2,
            "last_bytes": most_bytes // 2,
        },
    )


async def of_run(
    connection: Connection,
    team_id: str,
    run_id: str,
    *,
    seq: int | None = None,
    after: LogLine | None = None,
    at_most: int | None = None,
) -> tuple[LogLine, ...]:
    """Return the lines of a run, or of one of its stages, in order.

    Args:
        connection: Of the team.
        team_id: Whose run it is.
        run_id: Which run.
        seq: Which stage; all where None.
        after: Only what follows this line.
        at_most: How many; all where None.
    """
    parameters = {
        "team_id": team_id,
        "run_id": run_id,
        "seq": seq,
        "after_seq": after.seq if after else -1,
        "after_attempt": after.attempt if after else -1,
        "after_n": after.n if after else -1,
        "at_most": at_most,
    }
    return tuple(LogLine(**row) for row in await rows(connection, "logs.of_run", parameters))


async def last(connection: Connection, team_id: str, run_id: str, at_most: int) -> tuple[LogLine, ...]:
    """Return the last lines of each stage, at most so many of each, in order."""
    parameters = {"team_id": team_id, "run_id": run_id, "at_most": at_most}
    return tuple(LogLine(**row) for row in await rows(connection, "logs.last", parameters))


async def count(connection: Connection, team_id: str, run_id: str) -> int:
    """Return how many lines of a run's log there are."""
    row = await one(connection, "logs.count", {"team_id": team_id, "run_id": run_id})
    return 0 if row is None else int(row["lines"])
