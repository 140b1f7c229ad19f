"""A conversation as the database holds it, with the decision that follows from it."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from agents.decision.answers import Answers, Facts
from agents.decision.crossings import parse_crossings
from agents.decision.decide import Decision, decide
from agents.decision.interview import describe
from agents.decision.output import to_json
from agents.decision.parsing import answers_to_json, facts_to_json, parse_facts
from agents.services.answer_values import as_answers, current, not_sure
from agents.services.conversation_cards import conversation_of
from agents.services.decision_view import Known
from agents.store import contradictions, conversations, delegations, facts, watches
from agents.store.db import Connection
from agents.store.facts import StoredVerdict

_LONGEST_TITLE: Final = 150
# "hello", "hi there" and the like tell nothing.
_FEWEST_WORDS: Final = 3


async def known_of(connection: Connection, team_id: str, conversation_id: str) -> Known:
    """Return everything known of a conversation, decided with the facts of its newest verdict.

    Raises:
        UserError: There is no such conversation.
    """
    conversation = await conversation_of(connection, team_id, conversation_id)
    rows = await facts.all_facts(connection, team_id, conversation_id)
    newest = await facts.newest_verdict(connection, team_id, conversation_id)
    comparison = await facts.newest_comparison(connection, team_id, conversation_id)
    delegated = tuple(await delegations.open_of(connection, team_id, conversation_id))
    held = current(rows)
    answers = as_answers(held)
    computed = _computed(newest) if newest else Facts()
    waits = {each.slot for each in delegated}
    return Known(
        conversation=conversation,
        rows=tuple(rows),
        current=held,
        answers=answers,
        facts=computed,
        decision=decided(answers, computed, tuple({*not_sure(held, answers), *waits})),
        open_question=await conversations.open_question(connection, team_id, conversation_id),
        delegated=delegated,
        watch=await watches.of_conversation(connection, team_id, conversation_id),
        has_costs=comparison is not None,
        decided_at=newest.decided_at if newest else conversation.created_at,
        disputed=tuple(await contradictions.open_of(connection, team_id, conversation_id)),
    )


async def locked(connection: Connection, team_id: str, conversation_id: str) -> Known:
    """Return everything known of a conversation, which nobody else changes until the transaction ends.

    Raises:
        UserError: There is no such conversation.
    """
    await conversations.lock(connection, team_id, conversation_id)
    return await known_of(connection, team_id, conversation_id)


def _computed(newest: StoredVerdict) -> Facts:
    # Where the facts change is kept with the decision: releases before this one refuse facts that they do not know.
    return replace(parse_facts(newest.facts), crossings=parse_crossings(newest.decision.get("crossings", ())))


def decided(answers: Answers, computed: Facts, asked: tuple[str, ...]) -> Decision:
    """Return the decision; `asked` are slots that are not to be asked for now, in any order."""
    return _decided(answers, computed, tuple(sorted(asked)))


@lru_cache(maxsize=256)
def _decided(answers: Answers, computed: Facts, asked: tuple[str, ...]) -> Decision:
    # A turn and the cards it touches ask for the same decision several times, and each tries hundreds of flips.
    return decide(answers, computed, asked=asked)


async def conversation_title(connection: Connection, team_id: str, known: Known) -> str:
    """Return what a decision is about: the words that began it, or its problem where they say nothing."""
    words = " ".join((await watches.title(connection, team_id, known.conversation.id)).split())
    if len(words.split()) < _FEWEST_WORDS:
        problem = known.current.get("problem")
        is_named = problem is not None and problem.value
        words = describe("problem", problem.value) if problem is not None and is_named else "Which way to adapt a model"
    return words if len(words) <= _LONGEST_TITLE else words[: _LONGEST_TITLE - 1].rstrip() + "…"


async def store_verdict(connection: Connection, team_id: str, known: Known) -> bool:
    """Add the verdict where it, or what it rests on, differs from the newest; return whether it did."""
    made: Mapping[str, Mapping[str, Any]] = {
        "answers": answers_to_json(known.answers),
        "facts": facts_to_json(known.facts),
        "decision": to_json(known.decision),
    }
    conversation_id = known.conversation.id
    newest = await facts.newest_verdict(connection, team_id, conversation_id)
    if newest and made == {"answers": newest.answers, "facts": newest.facts, "decision": newest.decision}:
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
