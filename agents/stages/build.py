"""build: count the words and build the indexes of a filled generation."""

from collections.abc import Mapping
from typing import Any

from agents.engine.stage import StageContext
from agents.errors import UserError
from agents.stages.deps import IndexDeps, require_generation
from agents.store import rag


async def execute(context: StageContext[IndexDeps]) -> Mapping[str, Any]:
    """Make the generation ready to answer."""
    if context.previous["list"]["unchanged"]:
        return {"unchanged": True}
    async with context.database.team(context.team_id) as connection:
        generation = await require_generation(connection, context.team_id, context.run_id)
        if generation.state != "building":
            # An attempt before this one got as far as here.
            return {"unchanged": False, **context.checkpoint}
        filled = await rag.build_indexes(connection, context.team_id, generation.id, context.deps.exact_up_to)
        if not filled.documents:
            files = context.previous["list"]["files"]
            raise UserError(
                f"None of the {files} files could be read, so there is nothing to answer from; what the index had "
                "before goes on answering. Put Markdown, text, HTML or PDF files into the folder."
            )
        figures = {"documents": filled.documents, "chunks": filled.chunks}
        await context.save(connection, figures)
    context.log(f"{filled.documents} documents with {filled.chunks} chunks are ready to answer")
    return {"unchanged": False, **figures}
