"""Taking answers: from presses and texts that code has read, and from a model that quotes who said them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from agents.conversation.tools.arguments import RecordAnswers, RecordFacts, StatedFact
from agents.conversation.tools.calling import Calling
from agents.conversation.tools.outcome import Outcome
from agents.conversation.tools.said import Said, where_said
from agents.conversation.tools.stated_figures import has_foreign_figures
from agents.decision.interview import BY_SLOT
from agents.services.decisions import Decisions, Recorded
from agents.services.statements import Heard, Statement, Statements

# For people, where a model's call came to nothing and another talker goes on.
NOTHING_TAKEN: Final = "I could not take an answer from that."


class AnswerTools:
    """Tools that take answers."""

    def __init__(self, decisions: Decisions, statements: Statements) -> None:
        self._decisions = decisions
        self._statements = statements

    async def record_answers(self, calling: Calling, arguments: RecordAnswers) -> Outcome:
        """Take what code read from a press or a text."""
        turn = calling.turn
        recorded = await self._decisions.record(
            turn["team_id"],
            turn["conversation_id"],
            answers=arguments.answers,
            who=turn["who"],
            source=turn["source"],
            question_id=arguments.question_id,
            show_answers=arguments.show,
        )
        text = f"Recorded: {', '.join(recorded.slots) or 'nothing new'}. Open question: {recorded.open_slot or 'none'}."
        return Outcome(" ".join([text, *recorded.replaced]), _data(recorded))

    async def record_facts(self, calling: Calling, arguments: RecordFacts) -> Outcome:
        """Take what a model found in people's words, each fact by its quote and its author."""
        said = calling.said()
        statements: list[tuple[int, Statement]] = []
        refused: list[str] = []
        for fact in arguments.facts:
            found = where_said(fact.quote, said)
            reason = _refusal(fact, found)
            if found is None or reason:
                refused.append(f"{fact.slot}: {reason}")
            else:
                statements.append((said.index(found), _statement(fact, found)))
        heard = await self._statements.take(
            calling.team_id,
            calling.conversation_id,
            [statement for _, statement in sorted(statements, key=lambda each: each[0])],
            show_answers=calling.is_first,
        )
        return _outcome(heard, refused)


def _statement(fact: StatedFact, found: Said) -> Statement:
    return Statement(
        slot=fact.slot,
        value=fact.value,
        who=found.who,
        source=found.source,
        corrects=fact.corrects,
        is_newest=found.is_newest,
        followed_by=found.followed_by,
    )


def _refusal(fact: StatedFact, found: Said | None) -> str:
    """Return why a fact is not even looked at; empty where it is.

    Neither its quote nor its value is repeated: what a model made up must not come back as a tool's words.
    """
    if found is None:
        return (
            "the quote does not stand like this in what a person of this thread wrote. Quote their words exactly, from "
            "one message and not from a quoted line or a document, or leave the fact out."
        )
    if has_foreign_figures(_without_options(fact), fact.quote):
        return (
            "the value has a figure that the quote does not have. Give the figure as the person wrote it, with its "
            "unit and period, and quote the words that hold it."
        )
    return ""


def _without_options(fact: StatedFact) -> str:
    """Return a value without the names of its slot's options, whose digits nobody has to say."""
    asked = BY_SLOT.get(fact.slot)
    value = fact.value
    for option in asked.options if asked is not None else ():
        value = value.replace(option.value, " ")
    return value


def _outcome(heard: Heard, refused: Sequence[str]) -> Outcome:
    """Return what came of it, in a few lines for a model."""
    recorded = heard.recorded
    parts: Sequence[tuple[str, Sequence[str]]] = (
        ("Recorded", heard.taken),
        ("Replaced", recorded.replaced),
        ("Held already", heard.held),
        ("Not recorded", (*refused, *heard.not_taken)),
        ("Contradiction, not recorded", heard.contradictions),
    )
    lines = [f"{title}:\n" + "\n".join(f"- {line}" for line in said) for title, said in parts if said]
    open_slot = heard.asked or recorded.open_slot
    about = BY_SLOT[open_slot].text if open_slot is not None else ""
    lines.append(
        f"Open question, with its buttons in the thread: {about} (slot {open_slot})"
        if about
        else "No question is open."
    )
    came_to_something = heard.taken or heard.held or heard.contradictions or heard.asked
    error = {} if came_to_something else {"error": NOTHING_TAKEN}
    return Outcome("\n".join(lines), {**_data(recorded), "open_slot": open_slot, **error})


def _data(recorded: Recorded) -> Mapping[str, Any]:
    """Return what code needs to know of answers that were taken."""
    return {
        "slots": list(recorded.slots),
        "unasked": list(recorded.unasked),
        "replaced": list(recorded.replaced),
        "open_slot": recorded.open_slot,
        "is_finished": recorded.is_finished,
    }
