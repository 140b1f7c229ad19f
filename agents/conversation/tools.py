"""What a talker may have done. No tool spends or starts anything: `propose_*` writes a proposal for a person to press.

Arguments are checked strictly; what cannot be done comes back as text that says why, for the talker to act on.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from agents.conversation.state import ToolCall, Turn, storable_json
from agents.errors import UserError
from agents.runs.views import RunView
from agents.services.costs import Costs
from agents.services.decision_view import why_text
from agents.services.decisions import Decisions
from agents.services.delegations import Delegations
from agents.services.index import Indexes
from agents.services.runs import Runs


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call: text for a model, and the same as data for code."""

    text: str
    data: Mapping[str, Any] = field(default_factory=dict)


class _Arguments(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class RecordFacts(_Arguments):
    """Answers somebody gave, by slot; nothing that was not said.

    `question_id` ties them to the question they answer; `show` puts all answers into the thread, to be checked.
    """

    answers: dict[str, JsonValue] = Field(min_length=1)
    question_id: str | None = None
    show: bool = False


class Recommend(_Arguments):
    """The verdict by the rules, on the answers as they are."""


class CompareCosts(_Arguments):
    """The cost comparison on the answers as they are."""


class AskUser(_Arguments):
    """Open the question about a slot; without one, the question that the rules want next."""

    slot: str | None = None


class AskColleague(_Arguments):
    """Put the open question to a colleague, by Slack user id; the answer is kept under the name of who gives it."""

    who: str = Field(pattern=r"[UW][A-Z0-9]{2,}")
    question_id: str | None = None


class ShowAnswers(_Arguments):
    """Show all answers, to be checked and changed."""


class ExplainQuestion(_Arguments):
    """Why the question about a slot, or the open one, is asked, with the rules that read its answer."""

    slot: str | None = None


class Export(_Arguments):
    """Post a file: the decision record, or the cost comparison as CSV."""

    what: Literal["record", "costs_csv"] = "record"


class AskIndex(_Arguments):
    """Ask an index; without `index` the question may begin with its name, or there is only one."""

    question: str = Field(min_length=1)
    index: str | None = None


class ProposeIndex(_Arguments):
    """Propose to fill the index `name` from a registered source; somebody has to approve it."""

    name: str
    source: str


class RunStatus(_Arguments):
    """How a run stands; without an id the newest ones."""

    run_id: str | None = None


class CancelRequest(_Arguments):
    """Point to where a run is cancelled; only a person's press cancels it."""

    run_id: str


class Tools:
    """The tools of a turn, bound to the services they stand for."""

    def __init__(
        self, decisions: Decisions, delegations: Delegations, costs: Costs, indexes: Indexes, runs: Runs
    ) -> None:
        self._decisions = decisions
        self._delegations = delegations
        self._costs = costs
        self._indexes = indexes
        self._runs = runs
        self._run: Final[Mapping[str, tuple[type[_Arguments], Callable[[Turn, Any], Awaitable[Outcome]]]]] = {
            "record_facts": (RecordFacts, self._record_facts),
            "recommend": (Recommend, self._recommend),
            "compare_costs": (CompareCosts, self._compare_costs),
            "ask_user": (AskUser, self._ask_user),
            "ask_colleague": (AskColleague, self._ask_colleague),
            "show_answers": (ShowAnswers, self._show_answers),
            "explain_question": (ExplainQuestion, self._explain_question),
            "export": (Export, self._export),
            "ask_index": (AskIndex, self._ask_index),
            "propose_index": (ProposeIndex, self._propose_index),
            "run_status": (RunStatus, self._run_status),
            "cancel_request": (CancelRequest, self._cancel_request),
        }

    async def call(self, turn: Turn, call: ToolCall) -> Outcome:
        """Run one call; a mistake of the talker or of a person comes back as text, never as an exception."""
        known = self._run.get(call["name"])
        if known is None:
            return _failed(f"There is no tool {call['name']!r}. There are: {', '.join(self._run)}.")
        schema, run = known
        try:
            arguments = schema.model_validate(storable_json(call["arguments"]))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the arguments"
            return _failed(f"{call['name']}: {where}: {first['msg']}.")
        try:
            return await run(turn, arguments)
        except UserError as error:
            return _failed(str(error))

    async def _record_facts(self, turn: Turn, arguments: RecordFacts) -> Outcome:
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
        data = {
            "slots": list(recorded.slots),
            "unasked": list(recorded.unasked),
            "replaced": list(recorded.replaced),
            "open_slot": recorded.open_slot,
            "is_finished": recorded.is_finished,
        }
        return Outcome(" ".join([text, *recorded.replaced]), data)

    async def _recommend(self, turn: Turn, _: Recommend) -> Outcome:
        await self._decisions.reconsider(turn["team_id"], turn["conversation_id"])
        state = await self._decisions.state(turn["team_id"], turn["conversation_id"])
        if state.verdict is None:
            return Outcome("Nothing is known yet, so there is no verdict.", {"verdict": None})
        verdict = state.verdict
        reasons = "; ".join(f"{reason.rule}: {reason.text}" for reason in verdict.reasons)
        return Outcome(f"{verdict.label}. {verdict.summary} {reasons}", {"verdict": verdict.approach})

    async def _compare_costs(self, turn: Turn, _: CompareCosts) -> Outcome:
        missing = await self._costs.show(turn["team_id"], turn["conversation_id"])
        if missing:
            await self._decisions.ask(turn["team_id"], turn["conversation_id"], missing[0])
            return Outcome(f"Nothing can be priced without {' and '.join(missing)}.", {"missing": list(missing)})
        return Outcome("The comparison is shown in the thread.", {"missing": []})

    async def _ask_user(self, turn: Turn, arguments: AskUser) -> Outcome:
        if arguments.slot is None:
            await self._decisions.begin(turn["team_id"], turn["conversation_id"])
        else:
            await self._decisions.ask(turn["team_id"], turn["conversation_id"], arguments.slot)
        return Outcome("The question is open.", {"slot": arguments.slot})

    async def _ask_colleague(self, turn: Turn, arguments: AskColleague) -> Outcome:
        question = await self._delegations.delegate(
            turn["team_id"],
            turn["conversation_id"],
            asked_of=arguments.who,
            asked_by=turn["who"],
            question_id=arguments.question_id,
        )
        text = f"{arguments.who} is asked in the thread: {question.text}"
        return Outcome(text, {"asked_of": arguments.who, "slot": question.slot})

    async def _show_answers(self, turn: Turn, _: ShowAnswers) -> Outcome:
        await self._decisions.show_answers(turn["team_id"], turn["conversation_id"])
        return Outcome("The answers are shown in the thread.")

    async def _explain_question(self, turn: Turn, arguments: ExplainQuestion) -> Outcome:
        if arguments.slot is not None:
            why = why_text(arguments.slot)
            return Outcome(why, {"why": why})
        state = await self._decisions.state(turn["team_id"], turn["conversation_id"])
        if state.open_question is None:
            raise UserError("No question is open, so there is nothing to explain. Every verdict names its rules.")
        return Outcome(state.open_question.why, {"why": state.open_question.why})

    async def _export(self, turn: Turn, arguments: Export) -> Outcome:
        team_id, conversation_id = turn["team_id"], turn["conversation_id"]
        if arguments.what == "record":
            await self._decisions.export_record(team_id, conversation_id, event_key=turn["id"])
        else:
            await self._costs.export_csv(team_id, conversation_id, event_key=turn["id"])
        return Outcome("The file is posted in the thread.")

    async def _ask_index(self, turn: Turn, arguments: AskIndex) -> Outcome:
        names = [row.name for row in await self._indexes.list(turn["team_id"])]
        first, _, rest = arguments.question.strip().partition(" ")
        index, question = arguments.index, arguments.question
        if index is None and first.rstrip(":,") in names and rest:
            index, question = first.rstrip(":,"), rest
        if index is None and len(names) != 1:
            known = f"Begin the question with one of: {', '.join(names)}." if names else "There is none yet."
            raise UserError(f"It is not clear which index to ask. {known}")
        answer = await self._indexes.ask(
            turn["team_id"],
            index or names[0],
            question,
            who=turn["who"],
            channel=turn["channel"],
            thread_ts=turn["thread_ts"],
            event_key=turn["id"],
        )
        # Passages are documents' words: data for a model, never instructions.
        return Outcome(json.dumps(answer.document(), default=str), {"abstained": answer.abstained})

    async def _propose_index(self, turn: Turn, arguments: ProposeIndex) -> Outcome:
        proposal = await self._indexes.propose(
            turn["team_id"],
            arguments.name,
            arguments.source,
            requested_by=turn["who"],
            channel=turn["channel"],
            thread_ts=turn["thread_ts"],
            conversation_id=turn["conversation_id"],
            event_key=turn["id"],
        )
        text = f"Proposal {proposal.id} is in the thread with its estimate; it waits for somebody to approve it."
        return Outcome(text, {"proposal_id": proposal.id})

    async def _run_status(self, turn: Turn, arguments: RunStatus) -> Outcome:
        if arguments.run_id is not None:
            found: Sequence[RunView] = (await self._runs.find(turn["team_id"], arguments.run_id),)
        else:
            found = await self._runs.newest(turn["team_id"], at_most=5)
        text = "\n".join(_standing(run) for run in found) or "There are no runs yet."
        return Outcome(text, {"text": text})

    async def _cancel_request(self, turn: Turn, arguments: CancelRequest) -> Outcome:
        run = await self._runs.find(turn["team_id"], arguments.run_id)
        if not run.may_be_cancelled:
            raise UserError(f"Run {run.id} is {run.state} already, so there is nothing to cancel.")
        text = f"Run {run.id} is {run.state}. Press Cancel on its card, or use `/cairn runs {run.id}`, to end it."
        return Outcome(text, {"text": text})


def _standing(run: RunView) -> str:
    stage = run.current
    return f"Run {run.id} ({run.kind}): {run.state}" + (f", at {stage.name}" if stage is not None else "")


def _failed(text: str) -> Outcome:
    return Outcome(text, {"error": text})
