"""One question of the interview put to a colleague, who is asked in the thread; the interview goes on meanwhile."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from agents.decision.interview import slot_name
from agents.errors import UserError
from agents.ports import Directory
from agents.runs.roles import Person
from agents.services.conversation_cards import card_key, delegation_card, question_key
from agents.services.decision_known import known_of, locked
from agents.services.decision_state import Question
from agents.services.decision_view import Known, question_view, withdrawn
from agents.services.open_question import ask_question, close_delegation, close_question
from agents.store import conversations, delegations, facts
from agents.store.conversations import AskedQuestion, Conversation
from agents.store.db import Connection, Database
from agents.store.delegations import Delegation
from agents.store.outbox import Card, touch_card, upsert_card

# Somebody who was asked is left in peace for so long.
REMIND_AFTER: Final = timedelta(days=1)


class Delegations:
    """Puts questions to colleagues, and reminds them.

    Args:
        database: Where questions are.
        directory: Looks colleagues up.
    """

    def __init__(self, database: Database, directory: Directory) -> None:
        self._database = database
        self._directory = directory

    async def delegate(
        self, team_id: str, conversation_id: str, *, asked_of: str, asked_by: str, question_id: str | None = None
    ) -> Question:
        """Put a question to a colleague, the open one by default; safe to repeat.

        Whoever was asked the same before is asked no more. The next question that matters is opened in its place.

        Args:
            team_id: Slack's team.
            conversation_id: Where it is asked.
            asked_of: The colleague.
            asked_by: Who asks.
            question_id: The question, open or with another colleague.

        Raises:
            UserError: The colleague cannot be asked, or nothing is open; the text says why.
        """
        async with self._database.team(team_id) as connection:
            known = await known_of(connection, team_id, conversation_id)
            _require_question(known, question_id)
        await self._require_colleague(team_id, known.conversation, asked_of, asked_by)
        async with self._database.team(team_id) as connection:
            known = await locked(connection, team_id, conversation_id)
            asked, before = _require_question(known, question_id)
            if before is not None and before.asked_of == asked_of:
                return question_view(withdrawn(before), known.rows, before)
            if before is not None:
                await close_delegation(connection, team_id, known.conversation, before, None)
            else:
                await close_question(connection, team_id, known.conversation, asked, None)
            made = await delegations.add(
                connection,
                team_id,
                conversation_id,
                question_id=asked.id,
                slot=asked.slot,
                asked_of=asked_of,
                asked_by=asked_by,
            )
            await upsert_card(connection, team_id, delegation_card(known.conversation, made.id))
            await self._go_on(connection, team_id, conversation_id, asked.id)
            return question_view(withdrawn(made), known.rows, made)

    async def remind(self, team_id: str, delegation_id: str) -> str:
        """Mention the colleague in the thread once more, a day after the last word at the soonest; say that it is done.

        Raises:
            UserError: It is too soon, or answered already.
        """
        async with self._database.team(team_id) as connection:
            held = await _open_delegation(connection, team_id, delegation_id)
            known = await locked(connection, team_id, held.conversation_id)
            number = await delegations.remind(connection, team_id, delegation_id, REMIND_AFTER)
            if number is None:
                raise UserError(
                    f"{held.asked_of} was asked less than a day ago. I remind people once a day at most; anybody else "
                    "may answer as well."
                )
            text = f"<@{held.asked_of}>, a question to you is still open here: {slot_name(held.slot).lower()}."
            place = known.conversation
            key = f"reminder:{delegation_id}:{number}"
            subject = {"text": text, "suggestions": []}
            await upsert_card(connection, team_id, Card(key, place.channel, place.thread_ts, "say", subject))
            await touch_card(connection, team_id, question_key(place.id, held.question_id))
        return f"I have reminded {held.asked_of}."

    async def take_back(self, team_id: str, delegation_id: str) -> None:
        """Ask the colleague no more; the question comes back to the interview, at once where nothing else is open.

        Raises:
            UserError: There is no such question, or it is answered already.
        """
        async with self._database.team(team_id) as connection:
            held = await _open_delegation(connection, team_id, delegation_id)
            known = await locked(connection, team_id, held.conversation_id)
            await close_delegation(connection, team_id, known.conversation, held, None)
            if known.open_question is None:
                await ask_question(connection, team_id, known.conversation, None, held.slot)
            await touch_card(connection, team_id, card_key("verdict", known.conversation.id))

    async def view(self, team_id: str, delegation_id: str) -> Question:
        """Return the question as the colleague's card shows it now.

        Raises:
            UserError: There is no such question.
        """
        async with self._database.team(team_id) as connection:
            held = await _delegation(connection, team_id, delegation_id)
            asked = await conversations.question(connection, team_id, held.conversation_id, held.question_id)
            rows = await facts.all_facts(connection, team_id, held.conversation_id)
        return question_view(asked or withdrawn(held), rows, held)

    async def _go_on(self, connection: Connection, team_id: str, conversation_id: str, question_id: str) -> None:
        """Open the next question that matters, where there is one, and show whom the last one is with."""
        known = await known_of(connection, team_id, conversation_id)
        if known.open_question is None and known.decision.next_question is not None:
            await ask_question(connection, team_id, known.conversation, None, known.decision.next_question)
        await touch_card(connection, team_id, question_key(conversation_id, question_id))
        await touch_card(connection, team_id, card_key("verdict", conversation_id))

    async def _require_colleague(self, team_id: str, conversation: Conversation, asked_of: str, asked_by: str) -> None:
        """Let only people be asked who can read and answer here.

        Raises:
            UserError: They cannot; the text says why.
        """
        if asked_of == asked_by:
            raise UserError("That is you: answer with the buttons, or pick somebody else to ask.")
        if conversation.is_direct:
            raise UserError(
                f"{asked_of} cannot read our direct messages. Start the decision in a channel that you share, with "
                "`/cairn decide`, and ask there."
            )
        refusal = _refusal(await self._directory.person(team_id, asked_of))
        if refusal:
            raise UserError(f"{asked_of} cannot be asked: {refusal}.")
        if await self._directory.is_in(team_id, conversation.channel, asked_of) is False:
            raise UserError(f"{asked_of} is not in this channel and would not see the question. Invite them, then ask.")


def _refusal(person: Person) -> str:
    if person.failure:
        return person.failure
    if not person.is_active:
        return "the account is deactivated"
    return "that is an app, not a person" if person.is_bot else ""


def _require_question(known: Known, question_id: str | None) -> tuple[AskedQuestion, Delegation | None]:
    """Return the question that is to be put to somebody, and who is asked now.

    Raises:
        UserError: None is open, or not this one.
    """
    asked = known.open_question
    if asked is not None and question_id in (None, asked.id):
        return asked, None
    delegation = known.delegation_of(question_id) if question_id is not None else _only(known.delegated)
    if delegation is not None:
        return withdrawn(delegation), delegation
    if asked is None:
        raise UserError("No question is open, so there is nothing to ask a colleague.")
    raise UserError(f"That question is closed. Open now: “{slot_name(asked.slot)}”")


def _only(delegated: Sequence[Delegation]) -> Delegation | None:
    return delegated[0] if len(delegated) == 1 else None


async def _delegation(connection: Connection, team_id: str, delegation_id: str) -> Delegation:
    held = await delegations.get(connection, team_id, delegation_id)
    if held is None:
        raise UserError("That question is not part of this conversation any more. Write to me to go on.")
    return held


async def _open_delegation(connection: Connection, team_id: str, delegation_id: str) -> Delegation:
    held = await _delegation(connection, team_id, delegation_id)
    if held.state != "open":
        raise UserError("That question is settled, so nobody needs to be asked any more.")
    return held
