"""Verdicts and questions."""

from agents.conversation.state import Turn
from agents.conversation.tools.arguments import (
    AskUser,
    DelegateQuestion,
    ExplainQuestion,
    Export,
    Recommend,
    ShowAnswers,
)
from agents.conversation.tools.outcome import Outcome
from agents.errors import UserError
from agents.services.costs import Costs
from agents.services.decision_view import why_text
from agents.services.decisions import Decisions
from agents.services.delegations import Delegations


class DecisionTools:
    """Tools that ask, explain and show what was decided."""

    def __init__(self, decisions: Decisions, delegations: Delegations, costs: Costs) -> None:
        self._decisions = decisions
        self._delegations = delegations
        self._costs = costs

    async def recommend(self, turn: Turn, _: Recommend) -> Outcome:
        """Decide anew, and say the verdict with its rules."""
        await self._decisions.reconsider(turn["team_id"], turn["conversation_id"])
        state = await self._decisions.state(turn["team_id"], turn["conversation_id"])
        if state.verdict is None:
            return Outcome("Nothing is known yet, so there is no verdict.", {"verdict": None})
        verdict = state.verdict
        reasons = "; ".join(f"{reason.rule}: {reason.text}" for reason in verdict.reasons)
        return Outcome(f"{verdict.label}. {verdict.summary} {reasons}", {"verdict": verdict.approach})

    async def ask_user(self, turn: Turn, arguments: AskUser) -> Outcome:
        """Open a question."""
        if arguments.slot is None:
            await self._decisions.begin(turn["team_id"], turn["conversation_id"])
        else:
            await self._decisions.ask(turn["team_id"], turn["conversation_id"], arguments.slot)
        return Outcome("The question is open.", {"slot": arguments.slot})

    async def ask_colleague(self, turn: Turn, arguments: DelegateQuestion) -> Outcome:
        """Put a question to a colleague."""
        question = await self._delegations.delegate(
            turn["team_id"],
            turn["conversation_id"],
            asked_of=arguments.who,
            asked_by=turn["who"],
            question_id=arguments.question_id,
        )
        text = f"{arguments.who} is asked in the thread: {question.text}"
        return Outcome(text, {"asked_of": arguments.who, "slot": question.slot})

    async def show_answers(self, turn: Turn, _: ShowAnswers) -> Outcome:
        """Show the answers card."""
        await self._decisions.show_answers(turn["team_id"], turn["conversation_id"])
        return Outcome("The answers are shown in the thread.")

    async def explain_question(self, turn: Turn, arguments: ExplainQuestion) -> Outcome:
        """Say why a question is asked."""
        if arguments.slot is not None:
            why = why_text(arguments.slot)
            return Outcome(why, {"why": why})
        state = await self._decisions.state(turn["team_id"], turn["conversation_id"])
        if state.open_question is None:
            raise UserError("No question is open, so there is nothing to explain. Every verdict names its rules.")
        return Outcome(state.open_question.why, {"why": state.open_question.why})

    async def export(self, turn: Turn, arguments: Export) -> Outcome:
        """Post a file."""
        team_id, conversation_id = turn["team_id"], turn["conversation_id"]
        if arguments.what == "record":
            await self._decisions.export_record(team_id, conversation_id, event_key=turn["id"])
        else:
            await self._costs.export_csv(team_id, conversation_id, event_key=turn["id"])
        return Outcome("The file is posted in the thread.")
