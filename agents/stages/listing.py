"""list: which documents there are, and whether anything changed since the index was last filled."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from agents.engine.stage import StageContext
from agents.errors import UserError
from agents.knowledge.documents import SourceFile
from agents.ports import Source
from agents.stages.deps import IndexDeps
from agents.store import rag
from agents.store.db import Connection

_REPORT_EVERY = 200


async def execute(context: StageContext[IndexDeps]) -> Mapping[str, Any]:
    """Write down the documents of a new generation, unless all is as it was."""
    name, source_name = context.params["name"], context.params["source"]
    async with context.database.team(context.team_id) as connection:
        source = await rag.source(connection, context.team_id, source_name)
    if source is None:
        raise UserError(f"There is no source {source_name!r} any more. Register its folder, then propose again.")
    files = await _list(context, context.deps.sources.open(source.location))
    if not files:
        raise UserError(
            f"{source.location} holds no files. Is it the right folder, and mounted? "
            "What the index had before goes on answering."
        )
    context.log(f"{len(files)} files, {sum(file.size for file in files)} bytes")
    async with context.database.team(context.team_id) as connection:
        index = await rag.lock_index(connection, context.team_id, name, source_name)
        await _require_alone(connection, context, name)
        result = await _compare(connection, context, index, files)
        await context.save(connection, {})
    context.log(f"{result['changed']} new or changed, {result['removed']} removed")
    return result


async def _list(context: StageContext[IndexDeps], source: Source) -> list[SourceFile]:
    found: list[SourceFile] = []
    listed = source.files()
    # Reading files for their digests takes a while: some at a time, in a thread.
    while batch := await asyncio.to_thread(
        lambda: [file for _, file in zip(range(_REPORT_EVERY), listed, strict=False)]
    ):
        found += batch
        await context.progress(len(found), None, "files", batch[-1].uri)
    return found


async def _require_alone(connection: Connection, context: StageContext[IndexDeps], name: str) -> None:
    other = await rag.busy_run(connection, context.team_id, name, not_run=context.run_id)
    generation = await rag.generation_of_run(connection, context.team_id, other) if other else None
    # Of two that start at once the one that locks the index first goes on, so both cannot give way.
    if other and generation is not None:
        raise UserError(
            f"Run {other} is indexing {name!r} already. Wait until it is done or cancel it, then propose again."
        )


async def _compare(
    connection: Connection, context: StageContext[IndexDeps], index: rag.LockedIndex, files: Sequence[SourceFile]
) -> Mapping[str, Any]:
    team_id, deps = context.team_id, context.deps
    base = index.active_generation if index.pipeline == deps.pipeline else None
    known = await rag.known_documents(connection, team_id, base) if base is not None else {}
    changed = [file for file in files if known.get(file.uri) != (file.sha256, False)]
    removed = len(known.keys() - {file.uri for file in files})
    result = {
        "index_id": index.id,
        "files": len(files),
        "bytes": sum(file.size for file in files),
        "changed": len(changed),
        "removed": removed,
        "active": index.active_generation,
        "base": base,
    }
    await rag.drop_abandoned(connection, team_id, index.id, context.run_id)
    if base is not None and not changed and not removed:
        return {**result, "unchanged": True}
    mine = await rag.generation_of_run(connection, team_id, context.run_id)
    # An attempt before this one got as far as here.
    generation = (
        mine.id
        if mine
        else await rag.add_generation(
            connection,
            team_id,
            index_id=index.id,
            run_id=context.run_id,
            pipeline=deps.pipeline,
            dimensions=deps.embedder.dimensions,
            files=files,
        )
    )
    return {**result, "unchanged": False, "generation": generation}
