"""Answers, verdicts and open questions of a conversation: taken, decided by the rules, and told."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from agents.decision.answers import Answers, Facts
from agents.decision.decide import Decision, decide
from agents.decision.interview import question as question_about
from agents.decision.output import load_cases, to_json
from agents.decision.parsing import answers_to_json, facts_to_json, parse_facts
from agents.decision.record import decision_record
from agents.errors import UserError
from agents.services.answer_values import as_answers, current, entered, not_sure
from agents.services.conversation_cards import card_key, conversation_card, conversation_of, file_card
from agents.services.costs import Costs
from agents.services.decision_state import DecisionState, Question
from agents.services.decision_view import Known, question_view, state_view
from agents.services.open_question import ask_question, close_question, is_worth_asking, require_open
from agents.store import conversations, facts
from agents.store.db import Connection, Database
from agents.store.outbox import touch_card, upsert_card


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What came of taking answers.

    `replaced` says, worded, what was answered before and by whom. `is_finished` means that this very step settled
    the last question that mattered.
    """

    slots: tuple[str, ...]
    # Those of them that no question was open for.
    unasked: tuple[str, ...]
    replaced: tuple[str, ...]
    is_verdict_changed: bool
    open_slot: str | None
    is_finished: bool


class Decisions:
    """Takes answers, decides by the rules, and tells what the cards show."""

    def __init__(self, database: Database, costs: Costs) -> None:
        self._database = database
        self._costs = costs

    async def state(self, team_id: str, conversation_id: str) -> DecisionState:
        """Return what the verdict and answers cards show now.

        Raises:
            UserError: There is no such conversation.
        """
        async with self._database.team(team_id) as connection:
            return state_view(await _known(connection, team_id, conversation_id))

    async def question(self, team_id: str, conversation_id: str, question_id: str) -> Question:
        """Return one question as its card shows it now, open or collapsed to its answer.

        Raises:
            UserError: There is no such question.
        """
        async with self._database.team(team_id) as connection:
            asked = await conversations.question(connection, team_id, conversation_id, question_id)
            if asked is None:
                raise UserError("That question is not part of this conversation any more. Write to me to go on.")
            return question_view(asked, await facts.all_facts(connection, team_id, conversation_id))

    async def record(
        self,
        team_id: str,
        conversation_id: str,
        *,
        answers: Mapping[str, Any],
        who: str,
        source: str,
        question_id: str | None = None,
        show_answers: bool = False,
        is_interview: bool = True,
    ) -> Recorded:
        """Take answers, decide anew and open the next question, all in one transaction with their cards.

        Safe to repeat: an answer that holds already changes nothing.

        Args:
            team_id: Slack's team.
            conversation_id: Where it was said.
            answers: By slot; what a control sends, a typed reply, or JSON as `cairn decide` reads it.
            who: Who said it.
            source: The message or event it came from.
            question_id: The question it answers; must be open, or have been answered from this very source.
            show_answers: Put the answers card into the thread where it is not there yet.
            is_interview: Go on asking, and show the verdict; else a thread in which neither was begun stays without.

        Raises:
            StaleQuestionError: `question_id` is no longer open.
            UserError: A value cannot be read, or the conversation is gone.
        """
        values: dict[str, Any] = {}
        for slot, value in answers.items():
            values.update(entered(slot, value))
        async with self._database.team(team_id) as connection:
            before = await _locked(connection, team_id, conversation_id)
            if question_id is not None:
                await require_open(connection, team_id, before, question_id, slots=values, source=source)
            changed = _changes(before, values)
            ids = {
                slot: await facts.add_fact(
                    connection, team_id, conversation_id, slot=slot, value=value, who=who, source=source
                )
                for slot, value in changed.items()
            }
            if show_answers:
                await upsert_card(connection, team_id, conversation_card(before.conversation, "answers"))
            # Asked for its weight, or the same answer again after a turn that was cut off.
            was_asked = before.is_asking or (question_id is not None and not ids)
            return await self._follow_up(
                connection,
                team_id,
                before,
                ids,
                was_asked=was_asked,
                may_begin=is_interview or before.open_question is not None,
            )

    async def check_open(
        self, team_id: str, conversation_id: str, question_id: str, *, slots: Collection[str], source: str
    ) -> None:
        """Make sure that answers to these slots meet a question that is open, or was answered from this very source.

        Raises:
            StaleQuestionError: They do not; the text says what is open instead.
        """
        async with self._database.team(team_id) as connection:
            known = await _known(connection, team_id, conversation_id)
            await require_open(connection, team_id, known, question_id, slots=slots, source=source)

    async def ask(self, team_id: str, conversation_id: str, slot: str) -> None:
        """Open the question about `slot`, answered before or not; the one open until now is withdrawn.

        Raises:
            UserError: No question fills that slot, or the conversation is gone.
        """
        question_about(slot)
        async with self._database.team(team_id) as connection:
            known = await _locked(connection, team_id, conversation_id)
            await ask_question(connection, team_id, known.conversation, known.open_question, slot)

    async def begin(self, team_id: str, conversation_id: str) -> None:
        """Open the first question where nothing is open and something is left to ask."""
        async with self._database.team(team_id) as connection:
            known = await _locked(connection, team_id, conversation_id)
            if known.open_question is None and known.decision.next_question is not None:
                await ask_question(connection, team_id, known.conversation, None, known.decision.next_question)

    async def reconsider(self, team_id: str, conversation_id: str) -> Recorded:
        """Decide anew from the answers that hold, as after new prices."""
        return await self.record(team_id, conversation_id, answers={}, who="", source="")

    async def show_answers(self, team_id: str, conversation_id: str) -> None:
        """Put the answers card into the thread, or bring it up to date where it stands."""
        async with self._database.team(team_id) as connection:
            conversation = await conversation_of(connection, team_id, conversation_id)
            await upsert_card(connection, team_id, conversation_card(conversation, "answers"))

    async def export_record(self, team_id: str, conversation_id: str, *, event_key: str) -> None:
        """Put the decision record into the thread as a file.

        Raises:
            UserError: Nothing has been answered yet.
        """
        await self.decision_record(team_id, conversation_id)
        async with self._database.team(team_id) as connection:
            conversation = await conversation_of(connection, team_id, conversation_id)
            await upsert_card(connection, team_id, file_card(conversation, "record", event_key))

    async def decision_record(self, team_id: str, conversation_id: str) -> str:
        """Return the decision record in Markdown.

        Raises:
            UserError: There is no such conversation, or nothing has been answered in it.
        """
        async with self._database.team(team_id) as connection:
            known = await _known(connection, team_id, conversation_id)
        if not known.current:
            raise UserError("There is no decision to export yet. Answer the first question, then export.")
        return decision_record(
            known.answers,
            known.facts,
            known.decision,
            title="Which way to adapt the model",
            made_on=known.decided_at,
            people={slot: fact.who for slot, fact in known.current.items()},
        )

    async def _follow_up(
        self,
        connection: Connection,
        team_id: str,
        before: Known,
        ids: Mapping[str, int],
        *,
        was_asked: bool,
        may_begin: bool,
    ) -> Recorded:
        """Decide, and bring verdict, open question and cards in line with the answers as they now are."""
        conversation = before.conversation
        rows = await facts.all_facts(connection, team_id, conversation.id)
        held = current(rows)
        answers = as_answers(held)
        computed = await self._costs.facts(connection, team_id, conversation.id, answers)
        decision = _decided(answers, computed, tuple(not_sure(held, answers)))
        made = {"answers": answers_to_json(answers), "facts": facts_to_json(computed), "decision": to_json(decision)}
        is_changed = await _store_verdict(connection, team_id, conversation.id, made)
        # Who asked for the costs is asked for what they still lack, though it may not change the verdict.
        lacking = [
            slot for slot in await self._costs.refresh(connection, team_id, conversation.id, held) if slot not in held
        ]
        open_question = before.open_question
        if open_question is not None and open_question.slot in ids:
            await close_question(connection, team_id, conversation, open_question, ids[open_question.slot])
            open_question = None
        if open_question is not None and not is_worth_asking(open_question.slot, (*held, *lacking), decision):
            await close_question(connection, team_id, conversation, open_question, None)
            open_question = None
        if held and may_begin:
            await upsert_card(connection, team_id, conversation_card(conversation, "verdict"))
        else:
            await touch_card(connection, team_id, card_key("verdict", conversation.id))
        await touch_card(connection, team_id, card_key("answers", conversation.id))
        next_slot = decision.next_question or next(iter(lacking), None)
        if not may_begin:
            next_slot = None
        if open_question is None and next_slot is not None:
            await ask_question(connection, team_id, conversation, None, next_slot)
        open_slot = open_question.slot if open_question else next_slot
        return Recorded(
            slots=tuple(ids),
            unasked=tuple(slot for slot in ids if before.open_question is None or slot != before.open_question.slot),
            replaced=tuple(before.replaced_by(ids)),
            is_verdict_changed=is_changed and before.decision.verdict is not decision.verdict,
            open_slot=open_slot,
            is_finished=open_slot is None and was_asked,
        )


@lru_cache(maxsize=256)
def _decided(answers: Answers, computed: Facts, asked: tuple[str, ...]) -> Decision:
    # A turn and the cards it touches ask for the same decision several times, and each tries hundreds of flips.
    return decide(answers, computed, asked=asked)


def decide_document(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one result per case of a document with `answers` or `scenarios`, for `cairn decide`.

    Raises:
        UserError: The document, a slot or a value is not understood.
    """
    return [{"id": name, **to_json(decide(answers, given))} for name, answers, given in load_cases(document)]


async def _known(connection: Connection, team_id: str, conversation_id: str) -> Known:
    """Return everything known of a conversation, decided with the facts of its newest verdict."""
    conversation = await conversation_of(connection, team_id, conversation_id)
    rows = await facts.all_facts(connection, team_id, conversation_id)
    newest = await facts.newest_verdict(connection, team_id, conversation_id)
    comparison = await facts.newest_comparison(connection, team_id, conversation_id)
    held = current(rows)
    answers = as_answers(held)
    computed = parse_facts(newest.facts) if newest else Facts()
    return Known(
        conversation=conversation,
        rows=tuple(rows),
        current=held,
        answers=answers,
        facts=computed,
        decision=_decided(answers, computed, tuple(not_sure(held, answers))),
        open_question=await conversations.open_question(connection, team_id, conversation_id),
        has_costs=comparison is not None,
        decided_at=newest.decided_at if newest else conversation.created_at,
    )


async def _locked(connection: Connection, team_id: str, conversation_id: str) -> Known:
    """Return everything known of a conversation, which nobody else changes until the transaction ends."""
    await conversations.lock(connection, team_id, conversation_id)
    return await _known(connection, team_id, conversation_id)


def _changes(known: Known, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers that differ from what holds; the one to the open question counts even where it repeats."""
    asked = known.open_question.slot if known.open_question else None
    return {
        slot: value
        for slot, value in values.items()
        if slot == asked or slot not in known.current or known.current[slot].value != value
    }


async def _store_verdict(
    connection: Connection, team_id: str, conversation_id: str, made: Mapping[str, Mapping[str, Any]]
) -> bool:
    """Add the verdict where it, or what it rests on, differs from the newest; return whether it did."""
    newest = await facts.newest_verdict(connection, team_id, conversation_id)
    if newest and made == {
        "answers": newest.answers,
        "facts": newest.facts,
        "decision": newest.decision,
    }:
        return False
    await facts.add_verdict(
        connection,
        team_id,
        conversation_id,
        answers=made["answers"],
        facts=made["facts"],
        decision=made["decision"],
    )
    return True
