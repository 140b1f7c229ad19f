"""The tools of a turn, by name."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from agents.conversation.state import Message, ToolCall, Turn, storable_json
from agents.conversation.tools import arguments as taken
from agents.conversation.tools.answers import AnswerTools
from agents.conversation.tools.calling import Calling
from agents.conversation.tools.decisions import DecisionTools
from agents.conversation.tools.definitions import MODEL_ARGUMENTS
from agents.conversation.tools.distilling import DistillingTools
from agents.conversation.tools.knowledge import KnowledgeTools
from agents.conversation.tools.outcome import Outcome, failed
from agents.conversation.tools.prices import CostTools
from agents.conversation.tools.runs import RunTools
from agents.errors import UserError
from agents.services.costs import Costs
from agents.services.decisions import Decisions
from agents.services.delegations import Delegations
from agents.services.distillations import Distillations
from agents.services.index import Indexes
from agents.services.runs import Runs
from agents.services.statements import Statements
from agents.telemetry import UNKNOWN, Telemetry

_MISTAKES_TOLD: Final = 3


@dataclass(frozen=True, slots=True)
class _Tool:
    arguments: type[taken.Arguments]
    run: Callable[[Calling, Any], Awaitable[Outcome]]


class Tools:
    """The tools of a turn, bound to the services they stand for."""

    def __init__(
        self,
        *,
        statements: Statements,
        decisions: Decisions,
        delegations: Delegations,
        costs: Costs,
        indexes: Indexes,
        runs: Runs,
        distillations: Distillations,
        telemetry: Telemetry | None = None,
    ) -> None:
        self._telemetry = telemetry or Telemetry()
        answering = AnswerTools(decisions, statements)
        deciding = DecisionTools(decisions, delegations, costs)
        pricing = CostTools(decisions, costs)
        knowing = KnowledgeTools(indexes, decisions)
        running = RunTools(runs)
        distilling = DistillingTools(distillations, decisions)
        handlers: Mapping[str, Callable[[Calling, Any], Awaitable[Outcome]]] = {
            "ask_colleague": deciding.ask_colleague,
            "ask_index": knowing.ask_index,
            "ask_user": deciding.ask_user,
            "cancel_request": running.cancel_request,
            "compare_costs": pricing.compare_costs,
            "explain_figure": pricing.explain_figure,
            "explain_question": deciding.explain_question,
            "export": deciding.export,
            "list_runs": running.list_runs,
            "propose_distill": distilling.propose_distill,
            "propose_index": knowing.propose_index,
            "recommend": deciding.recommend,
            "record_facts": answering.record_facts,
            "run_status": running.run_status,
            "show_answers": deciding.show_answers,
        }
        self._for_models: Final[Mapping[str, _Tool]] = {
            name: _Tool(arguments, handlers[name]) for name, arguments in MODEL_ARGUMENTS.items()
        }
        # What a press and fixed rules call: the same, but for what they know that a model does not.
        self._for_code: Final[Mapping[str, _Tool]] = {
            **self._for_models,
            "record_facts": _Tool(taken.RecordAnswers, answering.record_answers),
            "ask_colleague": _Tool(taken.DelegateQuestion, deciding.ask_colleague),
        }

    async def call(self, turn: Turn, call: ToolCall, history: Sequence[Message]) -> Outcome:
        """Run one call; a mistake of the talker or of a person comes back as text, never as an exception.

        Args:
            turn: The turn in which it is made.
            call: The call.
            history: The thread's messages, the one that makes the call among them.
        """
        calling = Calling.of(turn, call, history)
        tools = self._for_models if calling.is_model else self._for_code
        tool = tools.get(call["name"])
        # A name that a model made up is its own words.
        with self._telemetry.tool(UNKNOWN if tool is None else call["name"]) as measured:
            if tool is None:
                outcome = failed(f"There is no tool {call['name'][:60]!r}. There are: {', '.join(sorted(tools))}.")
            else:
                outcome = await _made(tool, calling, call)
            measured.ended("done" if "error" not in outcome.data else "failed")
            return outcome


async def _made(tool: _Tool, calling: Calling, call: ToolCall) -> Outcome:
    try:
        arguments = tool.arguments.model_validate(storable_json(call["arguments"]))
    except ValidationError as error:
        return failed(f"{call['name']}: {_mistakes(error)}.")
    try:
        return await tool.run(calling, arguments)
    except UserError as error:
        return failed(str(error))


def _mistakes(error: ValidationError) -> str:
    """Return what is wrong with arguments, each place with its reason."""
    found = error.errors()
    told = [
        f"{'.'.join(str(part) for part in each['loc']) or 'the arguments'}: {each['msg']}"
        for each in found[:_MISTAKES_TOLD]
    ]
    more = f"; and {len(found) - _MISTAKES_TOLD} more" if len(found) > _MISTAKES_TOLD else ""
    return "; ".join(told) + more
