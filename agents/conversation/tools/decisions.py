"""Verdicts and questions."""

import re
from collections.abc import Iterator
from typing import Final

from agents.conversation.tools.arguments import (
    AskColleague,
    AskUser,
    DelegateQuestion,
    ExplainQuestion,
    Export,
    Recommend,
    ShowAnswers,
)
from agents.conversation.tools.calling import Calling
from agents.conversation.tools.outcome import Outcome
from agents.errors import UserError
from agents.services.costs import Costs
from agents.services.decision_state import DecisionState, Verdict
from agents.services.decision_view import mention, why_text
from agents.services.decisions import Decisions
from agents.services.delegations import Delegations

_MENTION: Final = re.compile(r"<@([UW][A-Z0-9]{2,})(?:\|[^>]*)?>")


class DecisionTools:
    """Tools that ask, explain and show what was decided."""

    def __init__(self, decisions: Decisions, delegations: Delegations, costs: Costs) -> None:
        self._decisions = decisions
        self._delegations = delegations
        self._costs = costs

    async def recommend(self, calling: Calling, _: Recommend) -> Outcome:
        """Decide anew, and say the verdict with its rules."""
        await self._decisions.reconsider(calling.team_id, calling.conversation_id)
        state = await self._state(calling)
        if state.verdict is None:
            return Outcome("Nothing is known yet, so there is no verdict.", {"verdict": None})
        return Outcome("\n".join(_verdict(state.verdict, state)), {"verdict": state.verdict.approach})

    async def ask_user(self, calling: Calling, arguments: AskUser) -> Outcome:
        """Open a question; for a model only one that is worth an answer."""
        if arguments.slot is None:
            await self._decisions.begin(calling.team_id, calling.conversation_id)
        else:
            if calling.is_model:
                _require_worth(arguments.slot, await self._state(calling))
            await self._decisions.ask(calling.team_id, calling.conversation_id, arguments.slot)
        asked = (await self._state(calling)).open_question
        if asked is None:
            return Outcome(
                "No question is open: nothing that could still be said would change the verdict.", {"slot": None}
            )
        return Outcome(
            f"The question is open, with its buttons in the thread: {asked.text} (slot {asked.slot})",
            {"slot": asked.slot},
        )

    async def ask_colleague(self, calling: Calling, arguments: AskColleague) -> Outcome:
        """Put a question to a colleague whom somebody here has named."""
        named = {who for each in calling.history if each.get("who") for who in _MENTION.findall(each["text"])}
        if calling.is_model and arguments.who not in named:
            raise UserError(f"Nobody in this thread has mentioned {arguments.who}. Ask whom they mean: write “ask @…”.")
        question = await self._delegations.delegate(
            calling.team_id,
            calling.conversation_id,
            asked_of=arguments.who,
            asked_by=calling.turn["who"],
            question_id=arguments.question_id if isinstance(arguments, DelegateQuestion) else None,
        )
        text = f"{arguments.who} is asked in the thread: {question.text}"
        return Outcome(text, {"asked_of": arguments.who, "slot": question.slot})

    async def show_answers(self, calling: Calling, _: ShowAnswers) -> Outcome:
        """Show the answers card, and return what it shows."""
        await self._decisions.show_answers(calling.team_id, calling.conversation_id)
        answers = (await self._state(calling)).answers
        lines = [f"- {each.slot}: {each.shown} (from {mention(each.who)})" for each in answers]
        return Outcome("\n".join(["The answers are shown in the thread.", *(lines or ["There are none yet."])]))

    async def explain_question(self, calling: Calling, arguments: ExplainQuestion) -> Outcome:
        """Say why a question is asked."""
        if arguments.slot is not None:
            why = why_text(arguments.slot)
            return Outcome(why, {"why": why})
        state = await self._state(calling)
        if state.open_question is None:
            raise UserError("No question is open, so there is nothing to explain. Every verdict names its rules.")
        return Outcome(state.open_question.why, {"why": state.open_question.why})

    async def export(self, calling: Calling, arguments: Export) -> Outcome:
        """Post a file."""
        team_id, conversation_id = calling.team_id, calling.conversation_id
        if arguments.what == "record":
            await self._decisions.export_record(team_id, conversation_id, event_key=calling.key)
        else:
            await self._costs.export_csv(team_id, conversation_id, event_key=calling.key)
        return Outcome("The file is posted in the thread.")

    async def _state(self, calling: Calling) -> DecisionState:
        return await self._decisions.state(calling.team_id, calling.conversation_id)


def _require_worth(slot: str, state: DecisionState) -> None:
    """Let a question be asked only where its answer could change something, or is disputed.

    Raises:
        UserError: It could not; the text says what is worth asking.
    """
    unsettled = [each.item for each in state.unsettled]
    optional = [each.item for each in state.optional_questions]
    disputed = [each.slot for each in state.disputed]
    is_open = state.open_question is not None and state.open_question.slot == slot
    if is_open or slot in (*unsettled, *optional, *disputed):
        return
    held = next((each for each in state.answers if each.slot == slot), None)
    if held is not None and held.is_known:
        reason = f"{slot} is answered: {held.shown}, from {mention(held.who)}. Nobody disputes it."
    else:
        reason = f"No answer to {slot} could change anything now."
    worth = f"Could change the verdict: {', '.join(unsettled)}." if unsettled else "Nothing could change the verdict."
    refines = f" Would refine it: {', '.join(optional)}." if optional else ""
    raise UserError(f"{reason} {worth}{refines} A person changes an answer with “change an answer”.")


def _verdict(verdict: Verdict, state: DecisionState) -> Iterator[str]:
    """Yield the verdict with all that stands on its card."""
    standing = "provisional, a question that matters is open" if verdict.is_provisional else "settled"
    yield f"{verdict.label} ({standing}; confidence {verdict.confidence}). {verdict.summary}"
    if verdict.method_text:
        yield f"How: {verdict.method_text}"
    for reason in verdict.reasons:
        yield f"- {reason.rule}: {reason.text} Because of: {reason.evidence}"
    for blocker in verdict.blockers:
        yield f"- Gate {blocker.blocker} ({blocker.state}): {blocker.text} Lifted by: {blocker.lifted_by}"
    for ruled_out in verdict.not_because:
        yield f"- Not {ruled_out.label} ({ruled_out.reason_id}): {ruled_out.text}"
    for title, items in (("To do", verdict.todo), ("Add", verdict.add)):
        for item in items:
            yield f"- {title}: {item.text}"
    for change in verdict.what_would_change:
        yield f"- Would change: {change}"
    if state.unsettled:
        yield f"Could still change it: {', '.join(each.item for each in state.unsettled)}."
