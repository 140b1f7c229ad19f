"""prompted: have a small API model answer the golden set by its instructions alone, to hold the student against it.

It is asked as a teacher is, each request paid once; that it does not answer ends no run.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from agents.distillation.spec import TeacherSpec
from agents.distillation.teaching import TeacherAnswer, taught
from agents.engine.stage import StageContext
from agents.errors import UserError
from agents.stages.distil.deps import DistilDeps
from agents.stages.distil.files import GOLDEN, OF_SMALL, examples_of, keep_rows, spec_of
from agents.stages.distil.generate import counted
from agents.stages.distil.rounds import Rounds

NAME: Final = "small"


async def execute(context: StageContext[DistilDeps]) -> Mapping[str, Any]:
    """Keep the answers of the model that was approved for it, and return what they took; without one, why not."""
    asked = context.params.get("small_model")
    if asked is None:
        return {"reason": "no small API model is asked"}
    small = TeacherSpec.model_validate(asked)
    spec = spec_of(context).model_copy(update={"teacher": small})
    try:
        rounds = Rounds(context, spec, small)
        await rounds.ask("golden")
    except UserError as cause:
        # What it would have been compared with is there all the same.
        context.log(f"{small.model} is left out: {cause}", "warning")
        return {"reason": str(cause)}
    golden = await examples_of(context, GOLDEN)
    answers: list[TeacherAnswer] = []
    rows = []
    async for answer in rounds.answers("golden"):
        told = taught(spec, answer.text)
        if answer.state == "answered":
            answers.append(answer)
        if answer.state == "answered" and told.fault is None:
            rows.append({"id": golden[int(answer.id.partition("-")[2])].id, "output": told.output})
    await rounds.save(await keep_rows(context, OF_SMALL, rows))
    usd = sum((each.usd for each in rounds.shards), Decimal(0))
    context.log(f"{small.model}: {len(rows):,} of {len(golden):,} golden inputs answered")
    return {"name": NAME, "what": small.model, "file": OF_SMALL, "usd": float(usd), **counted(answers)}
