"""Before anything is paid: whether there is a host to train on, and a server that will take the student."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from agents.distillation.serving import ServerError
from agents.distillation.spec import DistillationSpec
from agents.engine.stage import HandOver, StageContext
from agents.errors import UserError
from agents.runs.needs import waits_for
from agents.runs.recipes import RECIPES
from agents.stages.distil.files import spec_of
from agents.store import workers
from agents.store.db import Connection

NO_SERVER: Final = (
    "This worker has no server of models beside it. Set CAIRN_SERVE_URL for it to a vLLM, or CAIRN_SERVE_SLOTS for "
    "students with weights of their own, and retry the run."
)
"""Why nothing is served."""

_LOOK_AGAIN: Final = dt.timedelta(seconds=15)


async def require_places(context: StageContext[Any]) -> None:
    """Wait for a host that can train, and require a server beside this worker that will take the student.

    Raises:
        HandOver: No worker has what the training needs; it is looked again soon.
        UserError: The server does not answer, takes no adapters, or cannot make room for the training.
    """
    async with context.database.engine() as connection:
        lacking = await no_place(connection, context.params)
    if lacking is not None:
        raise HandOver(_LOOK_AGAIN, f"waits before the teacher is paid, since no worker can train: {lacking}")
    spec, keeper = spec_of(context), context.deps.keeper
    if keeper is not None and spec.training.gpus:
        await keeper.require_sleepers()
    await _require_server(context, spec)


async def no_place(connection: Connection, params: Mapping[str, Any]) -> str | None:
    """Return why no live worker could train, were it free; None where one could. For a transaction of the engine."""
    recipe = RECIPES["distil"]
    train = next(stage for stage in recipe.stages if stage.name == "train")
    return waits_for(recipe.needs_of(train, params), train.queue, await workers.live_hosts(connection))


async def _require_server(context: StageContext[Any], spec: DistillationSpec) -> None:
    if not spec.serve.deploy:
        return
    keeper, is_whole = context.deps.keeper, spec.student.is_whole
    reason = NO_SERVER if keeper is None else keeper.why_not(is_whole=is_whole)
    if reason is not None:
        # Others may have one: it is said again where the student is deployed.
        context.log(f"as things stand the student would not be served: {reason}", "warning")
    elif not is_whole:
        try:
            await keeper.require_adapters()
        except ServerError as cause:
            raise UserError(f"Nothing is paid yet, and the student could not be served: {cause}") from cause
