"""advise: say whether something free is good enough already, before a GPU is used."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from agents.distillation.documents import evaluated
from agents.engine.stage import StageContext
from agents.runs.questions import Choice, Question
from agents.stages.distil.deps import DistilDeps
from agents.stages.distil.files import GOLDEN, TEACHER_GOLDEN, answers_of, spec_of
from agents.stages.distil.judging import advice

STOP: Final = "free_baseline"


async def execute(context: StageContext[DistilDeps]) -> Mapping[str, Any]:
    """Compare the free baselines with what the student is held to, and ask whether to go on where one is enough."""
    spec = spec_of(context)
    if "enough" not in context.checkpoint:
        golden = await answers_of(context, GOLDEN)
        candidates = context.previous["baselines"]["candidates"]
        found = {each["name"]: await answers_of(context, each["file"]) for each in candidates}
        teacher = await answers_of(context, TEACHER_GOLDEN) if spec.teacher is not None else None
        best = await asyncio.to_thread(advice, spec, evaluated(spec), golden, found, teacher)
        checkpoint = {"enough": best and best[0], "reasons": list(best[1].reasons) if best else []}
        async with context.database.team(context.team_id) as connection:
            await context.save(connection, checkpoint)
    enough, reasons = context.checkpoint["enough"], context.checkpoint["reasons"]
    if enough is not None:
        context.log(f"{enough} is good enough already: {' '.join(reasons)}", "warning")
        if not context.params.get("unattended"):
            text = (
                f"Before a GPU is used: {enough} is good enough already, and costs next to nothing to run. "
                f"{' '.join(reasons)} Abort the run to take it instead, or go on and train."
            )
            await context.ask(Question(STOP, text, (Choice("go_on", "Train all the same"),)))
    return {"enough": enough, "reasons": reasons}
