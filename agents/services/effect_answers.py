"""What the answer means where a run asked what became of a call: adopt what is there, submit again, or look again."""

from agents.errors import UserError
from agents.runs.effects import ADOPT, RESUBMIT, EffectState, Outcome, chosen_outcome
from agents.runs.questions import Answer, QuestionView
from agents.store import audit, effects, spend
from agents.store.db import Connection
from agents.store.effects import Recorded


async def effect_answered(connection: Connection, team_id: str, question: QuestionView, answer: Answer) -> None:
    """Carry out the answer to an effect's question in the answer's own transaction.

    The call may have come back meanwhile: then it is settled, the stage finds its outcome, and nothing is done here,
    least of all a second submission.

    Raises:
        UserError: What is to be adopted belongs to another effect; the question stays open.
    """
    lost = await effects.current(connection, team_id, question.run_id, question.details["effect"])
    if lost is None or lost.state is not EffectState.UNCLEAR:
        return
    if answer.choice == RESUBMIT:
        # What it may have cost was approved, and so is now what it will cost: it needs no second question.
        await effects.abandon(connection, lost.call)
        await spend.allow_more(connection, team_id, question.run_id, lost.reserved_usd)
        await _note(connection, lost, answer, "resubmit_effect")
    elif answer.choice.partition(":")[0] == ADOPT:
        external_id = answer.choice.partition(":")[2] or str(answer.value)
        await _adopt(connection, lost, chosen_outcome(question.details, external_id), answer)


async def _adopt(connection: Connection, lost: Recorded, outcome: Outcome, answer: Answer) -> None:
    claimed, _ = await effects.rivals(connection, lost.call, lost.kind, [outcome.external_id])
    if claimed:
        raise UserError(
            f"{outcome.external_id!r} cannot be adopted: another effect of Cairn's has made or adopted it. Enter the "
            "id of something that belongs to nobody, or choose another answer."
        )
    await effects.record(connection, lost.call, outcome, adopted_by=answer.who)
    await _note(connection, lost, answer, "adopt_effect", external_id=outcome.external_id)


async def _note(connection: Connection, lost: Recorded, answer: Answer, action: str, **details: str) -> None:
    known = {"effect": lost.call.key, "generation": lost.call.generation, **details}
    entry = audit.Entry(answer.who, action, f"run:{lost.call.run_id}", answer.event_key, details=known)
    await audit.add(connection, lost.call.team_id, entry)
