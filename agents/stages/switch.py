"""switch: let the index answer from the new generation, and drop the old one."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from agents.engine.stage import StageContext
from agents.errors import UserError
from agents.stages.deps import IndexDeps, require_generation
from agents.store import rag

# A text that came and went within this time is not embedded again.
_CACHED_FOR = timedelta(days=90)
_NAMED_FAILURES = 200


async def execute(context: StageContext[IndexDeps]) -> Mapping[str, Any]:
    """Switch in one transaction, and return what the index answers from now."""
    listed = context.previous["list"]
    team_id, name, source = context.team_id, context.params["name"], context.params["source"]
    if not listed["unchanged"]:
        async with context.database.team(team_id) as connection:
            index = await rag.lock_index(connection, team_id, name, source)
            generation = await require_generation(connection, team_id, context.run_id)
            # Else an attempt before this one got as far as here.
            if generation.state != "active":
                if index.active_generation != listed["active"]:
                    raise UserError(
                        f"Another run changed {name!r} since this one listed the documents. Propose the index again."
                    )
                await rag.switch(connection, team_id, index.id, generation.id, source)
            await context.save(connection, {"switched": True})
        # Whoever asks holds the index for the while, and the switch waited for them: nobody reads the old one now.
        async with context.database.team(team_id) as connection:
            await rag.drop_abandoned(connection, team_id, index.id, None)
            await rag.forget_cached(connection, team_id, _CACHED_FOR)
            await context.fenced(connection)
    return await _summary(context, name)


async def _summary(context: StageContext[IndexDeps], name: str) -> Mapping[str, Any]:
    async with context.database.team(context.team_id) as connection:
        index = next(row for row in await rag.indexes(connection, context.team_id) if row.name == name)
        failures = await rag.failures(connection, context.team_id, name)
    listed, ingested = context.previous["list"], context.previous["ingest"]
    return {
        "index": name,
        "documents": index.documents,
        "chunks": index.chunks,
        "failed": [{"uri": uri, "reason": reason} for uri, reason in failures[:_NAMED_FAILURES]],
        "failed_count": len(failures),
        "unchanged": listed["unchanged"],
        "changed": listed["changed"],
        "removed": listed["removed"],
        "embedded": ingested["embedded"],
        "copied": ingested["copied"],
        "cpu_seconds": ingested["cpu_seconds"],
    }
