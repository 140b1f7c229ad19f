"""The tools of a turn, by name."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from pydantic import ValidationError

from agents.conversation.state import ToolCall, Turn, storable_json
from agents.conversation.tools import arguments as taken
from agents.conversation.tools.answers import AnswerTools
from agents.conversation.tools.decisions import DecisionTools
from agents.conversation.tools.knowledge import KnowledgeTools
from agents.conversation.tools.outcome import Outcome, failed
from agents.conversation.tools.prices import CostTools
from agents.conversation.tools.runs import RunTools
from agents.errors import UserError
from agents.services.costs import Costs
from agents.services.decisions import Decisions
from agents.services.delegations import Delegations
from agents.services.index import Indexes
from agents.services.runs import Runs

_Tool = tuple[type[taken.Arguments], Callable[[Turn, Any], Awaitable[Outcome]]]


class Tools:
    """The tools of a turn, bound to the services they stand for."""

    def __init__(
        self, decisions: Decisions, delegations: Delegations, costs: Costs, indexes: Indexes, runs: Runs
    ) -> None:
        answering = AnswerTools(decisions)
        deciding = DecisionTools(decisions, delegations, costs)
        pricing = CostTools(decisions, costs)
        knowing = KnowledgeTools(indexes)
        running = RunTools(runs)
        self._run: Final[Mapping[str, _Tool]] = {
            "record_facts": (taken.RecordAnswers, answering.record_answers),
            "recommend": (taken.Recommend, deciding.recommend),
            "compare_costs": (taken.CompareCosts, pricing.compare_costs),
            "ask_user": (taken.AskUser, deciding.ask_user),
            "ask_colleague": (taken.DelegateQuestion, deciding.ask_colleague),
            "show_answers": (taken.ShowAnswers, deciding.show_answers),
            "explain_question": (taken.ExplainQuestion, deciding.explain_question),
            "export": (taken.Export, deciding.export),
            "ask_index": (taken.AskIndex, knowing.ask_index),
            "propose_index": (taken.ProposeIndex, knowing.propose_index),
            "run_status": (taken.RunStatus, running.run_status),
            "cancel_request": (taken.CancelRequest, running.cancel_request),
        }

    async def call(self, turn: Turn, call: ToolCall) -> Outcome:
        """Run one call; a mistake of the talker or of a person comes back as text, never as an exception."""
        known = self._run.get(call["name"])
        if known is None:
            return failed(f"There is no tool {call['name']!r}. There are: {', '.join(self._run)}.")
        schema, run = known
        try:
            arguments = schema.model_validate(storable_json(call["arguments"]))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the arguments"
            return failed(f"{call['name']}: {where}: {first['msg']}.")
        try:
            return await run(turn, arguments)
        except UserError as error:
            return failed(str(error))
