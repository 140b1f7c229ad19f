"""Part of verify: send the served student many inputs at once, so that its cost is measured and not assumed."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from agents.distillation.load import ServedLoad, gpus_of
from agents.distillation.registry import Student
from agents.distillation.serving import Completion, ServerError
from agents.engine.stage import StageContext
from agents.errors import UserError
from agents.stages.distil.deps import DistilDeps
from agents.stages.distil.files import TRAIN_EXAMPLES, examples_of, spec_of
from agents.store.db import Connection

Ask = Callable[[str], Awaitable[Completion]]

# Enough to fill one server, and over within a minute: others call it too.
_AT_ONCE: Final = 128
_MOST: Final = 1_024
_NO_MORE_AFTER_S: Final = 45.0


async def loaded(context: StageContext[DistilDeps], student: Student, ask: Ask) -> ServedLoad | str:
    """Return what the student did under load, or why that was not measured."""
    spec = spec_of(context)
    if not spec.serve.measure:
        return "its throughput was not to be measured (serve.measure)"
    gpus = gpus_of(context.deps.serve_gpus, context.previous["predict"].get("device"))
    if gpus is None:
        return "it is served without a GPU, or on one that nobody named (CAIRN_SERVE_GPUS)"
    # Other inputs than the golden ones, which the server has in its prefix cache by now.
    inputs = [each.input for each in (await examples_of(context, TRAIN_EXAMPLES))[:_MOST]]
    answers, failed, seconds = await _sent(context, inputs, ask)
    if not answers:
        return "it answered nothing under load"
    return ServedLoad(
        student=student.label,
        base=spec.student.base,
        requests=len(answers),
        failed=failed,
        seconds=seconds,
        tokens_in=sum(each.tokens_in for each in answers),
        tokens_out=sum(each.tokens_out for each in answers),
        at_once=min(_AT_ONCE, len(inputs)),
        gpu=gpus[1],
        gpus=gpus[0],
    )


async def keep(context: StageContext[DistilDeps], connection: Connection, load: ServedLoad) -> str:
    """Let the team's cost comparisons go by a load, in the caller's transaction; return what came of that in words."""
    if not load.is_full:
        return f"{load.requests:,} requests under load are too few for the cost comparisons; they go on as before"
    try:
        what = await context.deps.keep_load(connection, context.team_id, load)
    except UserError as cause:
        return f"the cost comparisons go on as before: {cause}"
    return f"the cost comparisons go by this run from now on: {what}"


async def _sent(
    context: StageContext[DistilDeps], inputs: Sequence[str], ask: Ask
) -> tuple[list[Completion], int, float]:
    """Return the answers, how many there were none to, and the seconds from the first to the last."""
    answers: list[Completion] = []
    failed = 0
    waiting = list(reversed(inputs))
    began_s = time.perf_counter()

    async def work() -> None:
        nonlocal failed
        while waiting and time.perf_counter() - began_s < _NO_MORE_AFTER_S:
            try:
                answers.append(await ask(waiting.pop()))
            except ServerError:
                failed += 1
            await context.progress(len(answers) + failed, len(inputs), "requests", "many at once, for what it costs")

    await asyncio.gather(*(work() for _ in range(min(_AT_ONCE, len(inputs)))))
    return answers, failed, max(time.perf_counter() - began_s, 1e-6)


def load_result(load: ServedLoad | str) -> dict[str, Any]:
    """Return what the result of the stage says of it."""
    return {"not_measured": load} if isinstance(load, str) else {"load": load.document()}
