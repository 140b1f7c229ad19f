"""The open question of a conversation: put, closed, and whether an answer still meets it."""

from collections.abc import Collection

from agents.decision.decide import Decision
from agents.decision.interview import question as question_about
from agents.errors import UserError
from agents.services.conversation_cards import delegation_key, question_card, question_key
from agents.services.decision_view import Known
from agents.store import conversations, delegations
from agents.store.conversations import AskedQuestion, Conversation
from agents.store.db import Connection
from agents.store.delegations import Delegation
from agents.store.outbox import touch_card, upsert_card


class StaleQuestionError(UserError):
    """An answer came for a question that is no longer open."""


async def ask_question(
    connection: Connection, team_id: str, conversation: Conversation, before: AskedQuestion | None, slot: str
) -> None:
    """Open the question about `slot` in the place of the one open before; the same one again is shown again."""
    if before is not None and before.slot == slot:
        await touch_card(connection, team_id, question_key(conversation.id, before.id))
        return
    if before is not None:
        await close_question(connection, team_id, conversation, before, None)
    asked = await conversations.ask(connection, team_id, conversation.id, slot)
    await upsert_card(connection, team_id, question_card(conversation, asked.id))


async def close_question(
    connection: Connection, team_id: str, conversation: Conversation, asked: AskedQuestion, fact_id: int | None
) -> None:
    """Close a question with the answer it got, or withdraw it."""
    await conversations.close_question(connection, team_id, asked.id, fact_id)
    await touch_card(connection, team_id, question_key(conversation.id, asked.id))


async def require_open(
    connection: Connection, team_id: str, known: Known, question_id: str, *, slots: Collection[str], source: str
) -> None:
    """Make sure that answers to these slots meet the question: open, with a colleague, or answered from this source.

    Raises:
        StaleQuestionError: They do not; the text says what is open instead.
    """
    delegation = known.delegation_of(question_id)
    if delegation is not None and delegation.slot in slots:
        return
    asked = known.open_question
    if asked is None or asked.id != question_id:
        asked = await conversations.question(connection, team_id, known.conversation.id, question_id)
        if asked is None or not any(fact.id == asked.fact_id and fact.source == source for fact in known.rows):
            raise StaleQuestionError(_what_is_open(known.open_question))
    if asked.slot not in slots:
        raise StaleQuestionError(_what_is_open(known.open_question))


async def close_delegation(
    connection: Connection, team_id: str, conversation: Conversation, delegation: Delegation, fact_id: int | None
) -> None:
    """Close what a colleague was asked with the answer it got, or take it back."""
    await delegations.close(connection, team_id, delegation, fact_id)
    await touch_card(connection, team_id, question_key(conversation.id, delegation.question_id))
    await touch_card(connection, team_id, delegation_key(delegation.id))


def is_worth_asking(slot: str, wanted: Collection[str], decision: Decision) -> bool:
    """Return whether an open question still has a reason: it matters, refines, or a person wants it."""
    return slot in decision.open_slots or slot in decision.optional_questions or slot in wanted


def _what_is_open(asked: AskedQuestion | None) -> str:
    if asked is None:
        return "That question is closed and nothing is open now. To change an answer, use “Change an answer”."
    return f"That question is closed. Open now: “{question_about(asked.slot).text}”"
