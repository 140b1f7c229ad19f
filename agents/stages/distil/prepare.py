"""prepare: take the data over into the run, exactly as it was when the run was approved."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from agents.distillation.data import read_data, without_near
from agents.distillation.filtering import reasons_in_words
from agents.distillation.origins import folder_of
from agents.engine.stage import StageContext
from agents.errors import UserError
from agents.stages.distil.deps import DistilDeps
from agents.stages.distil.files import GOLDEN, INPUTS, LABELLED, NOT_ASKED, keep_rows, save, spec_of
from agents.store import datasets, rag


async def execute(context: StageContext[DistilDeps]) -> Mapping[str, Any]:
    """Read the files and keep what they hold."""
    spec = spec_of(context)
    approved: Mapping[str, Mapping[str, Any]] = context.params["files"]
    texts = {use: await _text(context, use, file) for use, file in approved.items()}
    data = await asyncio.to_thread(read_data, spec, texts)
    for use, file in data.files.items():
        if approved[use]["sha256"] != file.sha256:
            raise UserError(
                f"{file.path} is not what it was when the run was approved (sha256 {file.sha256[:12]}, approved "
                f"{approved[use]['sha256'][:12]}). Put it back and retry the run, or propose a new one."
            )
    # What the filter would drop whatever is answered is not paid for.
    await context.progress(0, len(data.inputs), "inputs", "are compared")
    data = await asyncio.to_thread(without_near, spec, data)
    kept = [
        await keep_rows(context, GOLDEN, (each.row() for each in data.golden)),
        await keep_rows(context, LABELLED, (each.row() for each in data.labelled)),
        await keep_rows(context, INPUTS, ({"id": each.id, "input": each.text} for each in data.inputs)),
        await keep_rows(context, NOT_ASKED, (asdict(each) for each in data.not_asked)),
    ]
    await save(context, {}, *kept)
    counts = {"golden": len(data.golden), "labelled": len(data.labelled), "inputs": len(data.inputs)}
    context.log(", ".join(f"{count:,} {name}" for name, count in counts.items()))
    if data.not_asked:
        context.log(f"{len(data.not_asked):,} inputs are not asked for: {reasons_in_words(data.not_asked)}")
    return counts


async def _text(context: StageContext[DistilDeps], use: str, file: Mapping[str, Any]) -> str:
    """Return what a file holds, or the copy that was kept as the run was proposed."""
    async with context.database.team(context.team_id) as connection:
        if not file.get("kept"):
            folders = [source.location for source in await rag.sources(connection, context.team_id)]
        elif (text := await datasets.text_of(connection, context.team_id, file["sha256"])) is not None:
            return text
        else:
            raise UserError(
                f"The copy of {file['path']} ({use}) is not kept any more, since it is too old or was forgotten. "
                "Propose a new run."
            )
    return await asyncio.to_thread(context.deps.data_files.read, file["path"], folder_of(file["path"], folders))
