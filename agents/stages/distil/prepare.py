"""prepare: take the data over into the run, exactly as it was when the run was approved."""

import asyncio
from collections.abc import Mapping
from typing import Any

from agents.distillation.data import read_data
from agents.engine.stage import StageContext
from agents.errors import UserError
from agents.stages.distil.deps import DistilDeps
from agents.stages.distil.files import GOLDEN, INPUTS, LABELLED, keep_rows, save, spec_of
from agents.store import rag


async def execute(context: StageContext[DistilDeps]) -> Mapping[str, Any]:
    """Read the files and keep what they hold."""
    spec = spec_of(context)
    source = context.params.get("source")
    async with context.database.team(context.team_id) as connection:
        registered = await rag.source(connection, context.team_id, source) if source is not None else None
    folder = registered.location if registered is not None else None
    data = await asyncio.to_thread(read_data, spec, lambda path: context.deps.data_files.read(path, folder))
    approved: Mapping[str, Mapping[str, Any]] = context.params["files"]
    for use, file in data.files.items():
        if approved[use]["sha256"] != file.sha256:
            raise UserError(
                f"{file.path} is not what it was when the run was approved (sha256 {file.sha256[:12]}, approved "
                f"{approved[use]['sha256'][:12]}). Put it back and retry the run, or propose a new one."
            )
    kept = [
        await keep_rows(context, GOLDEN, (each.row() for each in data.golden)),
        await keep_rows(context, LABELLED, (each.row() for each in data.labelled)),
        await keep_rows(context, INPUTS, ({"id": each.id, "input": each.text} for each in data.inputs)),
    ]
    await save(context, {}, *kept)
    counts = {"golden": len(data.golden), "labelled": len(data.labelled), "inputs": len(data.inputs)}
    context.log(", ".join(f"{count:,} {name}" for name, count in counts.items()))
    return counts
