"""Ends the batches of cancelled runs at their teachers, and writes down what they had cost by then.

It goes by the ledger of effects alone: whatever becomes of the worker that handed a batch in, or of the one that began
to end it, the next one that looks goes on. A run that failed keeps its batches, since a retry goes on with them.
"""

import asyncio
import logging
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from agents.distillation.spec import TeacherSpec
from agents.distillation.teaching import TeacherAnswer, TeacherBusy, TeacherRefused
from agents.engine.lease import DATABASE_AWAY
from agents.errors import UserError
from agents.ports import BatchTeacher
from agents.runs.money import dollars
from agents.stages.distil.asking import answers_usd, batch_name
from agents.stages.distil.deps import DistilDeps
from agents.store import effects as ledger
from agents.store import runs
from agents.store.db import Connection, Database
from agents.store.effects import LeftBatch
from agents.store.outbox import Card, touch_card, upsert_card
from agents.store.stages import run_card

LOOK_AGAIN_S: Final = 30.0
"""How often a worker looks for batches of cancelled runs."""

_log = logging.getLogger(__name__)


async def end_cancelled_for_ever(
    database: Database, deps: DistilDeps, stop: asyncio.Event, look_again_s: float = LOOK_AGAIN_S
) -> None:
    """Look for batches of cancelled runs until `stop` is set."""
    while not stop.is_set():
        try:
            await end_cancelled(database, deps)
        except DATABASE_AWAY as cause:
            _log.warning("batches of cancelled runs will be looked for again: %s", cause)
        try:
            async with asyncio.timeout(look_again_s):
                await stop.wait()
        except TimeoutError:
            continue


async def end_cancelled(database: Database, deps: DistilDeps) -> Sequence[str]:
    """Have batches of cancelled runs end that still go on; return the ids of those that have ended.

    What a teacher does not end now is looked at again the next time.
    """
    async with database.engine() as connection:
        left = await ledger.cancelled_batches(connection)
    ended = []
    for batch in left:
        try:
            if await _end(database, deps, batch):
                ended.append(batch.external_id)
        except (TeacherBusy, TeacherRefused, UserError) as cause:
            run_id = batch.call.run_id
            _log.warning("batch %s of the cancelled run %s goes on: %s", batch.external_id, run_id, cause)
    return ended


async def _end(database: Database, deps: DistilDeps, batch: LeftBatch) -> bool:
    """Have a batch end; return whether it has."""
    spec = TeacherSpec.model_validate(batch.teacher)
    teacher = deps.teacher_for(spec)
    if not isinstance(teacher, BatchTeacher):
        return False
    # What has ended already takes no harm by it.
    await teacher.cancel(batch.external_id)
    progress = await teacher.progress(batch.external_id)
    if not progress.has_ended:
        return False
    call = batch.call
    price = await deps.price_of(call.team_id, spec)
    answers: Sequence[TeacherAnswer] = []
    if progress.failed is None:
        name = batch_name(call.team_id, call.run_id, call.key)
        answers = [each async for each in teacher.answers(name, batch.external_id)]
    usd = answers_usd(price, answers)
    async with database.team(call.team_id) as connection:
        await ledger.close(connection, call, usd if price is not None else None)
        await touch_card(connection, call.team_id, run_card(call.run_id))
        await _tell(connection, batch, sum(each.state == "answered" for each in answers), usd)
    _log.info("batch %s of the cancelled run %s has ended; it cost $%s", batch.external_id, call.run_id, usd)
    return True


async def _tell(connection: Connection, batch: LeftBatch, answered: int, usd: Decimal) -> None:
    """Say in the run's thread what became of its batch; people left it as the run was cancelled."""
    run = await runs.get(connection, batch.call.team_id, batch.call.run_id)
    if run is None or run.channel is None:
        return
    text = f"Batch {batch.external_id} of the cancelled run {run.id} has ended at the teacher: {answered:,} "
    text += f"requests were answered by then, for {dollars(usd)}."
    card = Card(f"batch-ended:{batch.external_id}", run.channel, run.thread_ts, "say", {"text": text})
    await upsert_card(connection, batch.call.team_id, card)
