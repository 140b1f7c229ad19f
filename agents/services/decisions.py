"""Answers, verdicts and open questions of a conversation: taken, decided by the rules, and told."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from agents.costs.compare import Comparison
from agents.decision.decide import Decision
from agents.decision.interview import question as question_about
from agents.errors import UserError
from agents.services.answer_values import as_answers, current, entered, not_sure
from agents.services.contradictions import settle_contradictions
from agents.services.conversation_cards import card_key, conversation_card, conversation_of, file_card
from agents.services.cost_inputs import missing_slots
from agents.services.costs import Costs
from agents.services.decision_known import conversation_title, decided, known_of, locked, store_verdict
from agents.services.decision_records import conversation_record, without_costs
from agents.services.decision_state import DecisionState, Question
from agents.services.decision_view import Known, file_view, question_view, short_name, state_view
from agents.services.default_views import in_order, rememberable
from agents.services.open_question import (
    ask_question,
    close_delegation,
    close_question,
    is_worth_asking,
    require_open,
)
from agents.store import conversations, cost_scenarios, datasets, defaults, delegations, facts, watches
from agents.store.db import Connection, Database
from agents.store.outbox import touch_card, upsert_card


@dataclass(frozen=True, slots=True)
class Given:
    """One answer as it is stored, who gave it, and the message or event it came from."""

    value: Any
    who: str
    source: str


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
            known = await known_of(connection, team_id, conversation_id)
            views = in_order(await defaults.all_of(connection, team_id))
            settings = await cost_scenarios.settings(connection, team_id, conversation_id)
            place = known.conversation.channel, known.conversation.thread_ts
            dropped = await datasets.of_thread(connection, team_id, *place, conversation_id)
        shown = state_view(known, views, rememberable(known.current, settings, views))
        return replace(shown, files=tuple(file_view(each) for each in dropped))

    async def question(self, team_id: str, conversation_id: str, question_id: str) -> Question:
        """Return one question as its card shows it now, open or collapsed to its answer.

        Raises:
            UserError: There is no such question.
        """
        async with self._database.team(team_id) as connection:
            asked = await conversations.question(connection, team_id, conversation_id, question_id)
            if asked is None:
                raise UserError("That question is not part of this conversation any more. Write to me to go on.")
            conversation = await conversation_of(connection, team_id, conversation_id)
            rows = await facts.all_facts(connection, team_id, conversation_id)
            shown = question_view(asked, rows, await delegations.of_question(connection, team_id, question_id))
            return replace(shown, may_delegate=not conversation.is_direct)

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
            before = await locked(connection, team_id, conversation_id)
            if question_id is not None:
                await require_open(connection, team_id, before, question_id, slots=values, source=source)
            given = {slot: Given(value, who, source) for slot, value in values.items()}
            return await self.take(
                connection,
                team_id,
                before,
                given,
                question_id=question_id,
                show_answers=show_answers,
                is_interview=is_interview,
            )

    async def take(
        self,
        connection: Connection,
        team_id: str,
        before: Known,
        given: Mapping[str, Given],
        *,
        question_id: str | None = None,
        show_answers: bool = False,
        is_interview: bool = True,
    ) -> Recorded:
        """Take answers as `record` does, each from whoever gave it.

        Args:
            connection: A transaction that holds the conversation.
            team_id: Slack's team.
            before: The conversation.
            given: By slot, as stored.
            question_id: The question that they answer, where it is known to be open.
            show_answers: As for `record`.
            is_interview: As for `record`.
        """
        conversation = before.conversation
        changed = _changes(before, given, question_id)
        ids = {
            slot: await facts.add_fact(
                connection, team_id, conversation.id, slot=slot, value=each.value, who=each.who, source=each.source
            )
            for slot, each in changed.items()
        }
        decided_now = {slot: (each.value, each.who) for slot, each in changed.items()}
        await settle_contradictions(connection, team_id, before.disputed, decided_now)
        if show_answers:
            await upsert_card(connection, team_id, conversation_card(conversation, "answers"))
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
            known = await known_of(connection, team_id, conversation_id)
            await require_open(connection, team_id, known, question_id, slots=slots, source=source)

    async def ask(self, team_id: str, conversation_id: str, slot: str) -> None:
        """Open the question about `slot`, answered before or not; the one open until now is withdrawn.

        Raises:
            UserError: No question fills that slot, or the conversation is gone.
        """
        question_about(slot)
        async with self._database.team(team_id) as connection:
            known = await locked(connection, team_id, conversation_id)
            for delegation in known.delegated:
                if delegation.slot == slot:
                    await close_delegation(connection, team_id, known.conversation, delegation, None)
            await ask_question(connection, team_id, known.conversation, known.open_question, slot)

    async def begin(self, team_id: str, conversation_id: str) -> None:
        """Open the first question where nothing is open and something is left to ask."""
        async with self._database.team(team_id) as connection:
            known = await locked(connection, team_id, conversation_id)
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
            known = await known_of(connection, team_id, conversation_id)
            if not known.current:
                raise UserError("There is no decision to export yet. Answer the first question, then export.")
            title = await conversation_title(connection, team_id, known)
            costs = await self._priced(connection, team_id, known)
        return conversation_record(known, title, costs)

    async def _priced(self, connection: Connection, team_id: str, known: Known) -> Comparison | str:
        """Return the comparison of a conversation, or why there is none."""
        if missing := missing_slots(known.answers):
            return without_costs(missing)
        try:
            return (await self._costs.priced(connection, team_id, known.conversation.id, known.answers)).comparison
        except UserError as cause:
            return str(cause)

    async def reckoned(self, connection: Connection, team_id: str, known: Known) -> Known:
        """Return the conversation decided with what prices and measurements are now; nothing is written."""
        computed = await self._costs.facts(connection, team_id, known.conversation.id, known.answers)
        return replace(known, facts=computed, decision=decided(known.answers, computed, _not_asked(known)))

    async def renew(self, connection: Connection, team_id: str, reckoned: Known) -> None:
        """Keep the verdict of a conversation that was reckoned anew; cards follow, and nothing is asked.

        Args:
            connection: A transaction that holds the conversation.
            team_id: Slack's team.
            reckoned: The conversation as `reckoned` returned it.
        """
        conversation_id = reckoned.conversation.id
        await store_verdict(connection, team_id, reckoned)
        await touch_card(connection, team_id, card_key("verdict", conversation_id))
        await self._costs.refresh(connection, team_id, conversation_id, reckoned.current)

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
        """Decide, and bring verdict, questions and cards in line with the answers as they now are."""
        conversation = before.conversation
        rows = await facts.all_facts(connection, team_id, conversation.id)
        held = current(rows)
        after = replace(before, rows=tuple(rows), current=held, answers=as_answers(held))
        computed = await self._costs.facts(connection, team_id, conversation.id, after.answers)
        # Who asked for the costs is asked for what they still lack, though it may not change the verdict.
        lacking = [
            slot for slot in await self._costs.refresh(connection, team_id, conversation.id, held) if slot not in held
        ]
        unhindered = decided(after.answers, computed, tuple(not_sure(held, after.answers)))
        after = await _settled(connection, team_id, after, ids, wanted=(*held, *lacking), decision=unhindered)
        decision = decided(after.answers, computed, _not_asked(after))
        after = replace(after, facts=computed, decision=decision)
        is_changed = await store_verdict(connection, team_id, after)
        if held and may_begin:
            await upsert_card(connection, team_id, conversation_card(conversation, "verdict"))
        else:
            await touch_card(connection, team_id, card_key("verdict", conversation.id))
        await touch_card(connection, team_id, card_key("answers", conversation.id))
        open_question = after.open_question
        with_others = {each.slot for each in after.delegated}
        next_slot = decision.next_question or next((slot for slot in lacking if slot not in with_others), None)
        next_slot = next_slot if may_begin else None
        if open_question is None and next_slot is not None:
            await ask_question(connection, team_id, conversation, None, next_slot)
        open_slot = open_question.slot if open_question else next_slot
        if ids and before.watch is not None:
            names = ", ".join(short_name(slot).lower() for slot in ids)
            await watches.ask_check_of(connection, team_id, conversation.id, f"an answer changed: {names}")
        return Recorded(
            slots=tuple(ids),
            unasked=tuple(slot for slot in ids if slot not in before.asked_slots),
            replaced=tuple(before.replaced_by(ids)),
            is_verdict_changed=is_changed and before.decision.verdict is not decision.verdict,
            open_slot=open_slot,
            is_finished=open_slot is None and not after.delegated and was_asked,
        )


async def _settled(
    connection: Connection,
    team_id: str,
    known: Known,
    ids: Mapping[str, int],
    *,
    wanted: Collection[str],
    decision: Decision,
) -> Known:
    """Close every question that has its answer, or that no longer has a reason; return what is left.

    Args:
        connection: A transaction that holds the conversation.
        team_id: Slack's team.
        known: The conversation with its new answers.
        ids: The facts that are new, by slot.
        wanted: Slots that a person asked for.
        decision: What follows, as if nothing had been put to a colleague.
    """
    asked, left = known.open_question, []
    if asked is not None and (asked.slot in ids or not is_worth_asking(asked.slot, wanted, decision)):
        await close_question(connection, team_id, known.conversation, asked, ids.get(asked.slot))
        asked = None
    for delegation in known.delegated:
        if delegation.slot in ids or not is_worth_asking(delegation.slot, wanted, decision):
            await close_delegation(connection, team_id, known.conversation, delegation, ids.get(delegation.slot))
        else:
            left.append(delegation)
    return replace(known, open_question=asked, delegated=tuple(left))


def _not_asked(known: Known) -> tuple[str, ...]:
    """Return the slots that are not to be asked for: not known when asked, or with a colleague."""
    return (*not_sure(known.current, known.answers), *(each.slot for each in known.delegated))


def _changes(known: Known, given: Mapping[str, Given], question_id: str | None) -> dict[str, Given]:
    """Return the answers that differ from what holds; one to a question that was asked counts even where it repeats."""
    asked = {known.open_question.slot} if known.open_question else set()
    delegation = known.delegation_of(question_id) if question_id is not None else None
    asked |= {delegation.slot} if delegation is not None else set()
    return {
        slot: each
        for slot, each in given.items()
        if slot in asked or slot not in known.current or known.current[slot].value != each.value
    }
