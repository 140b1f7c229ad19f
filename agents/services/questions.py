"""What runs ask people in their middle, as every face uses it: look, and answer once.

An answer is one transaction: who may, the question, what its kind leads to, and the stage that goes on.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from agents.errors import UserError
from agents.runs.questions import ABORT, LONGEST_VALUE, Answer, Choice, QuestionView, chosen, shown_answer
from agents.runs.roles import Role, Standing
from agents.runs.views import RunView
from agents.services.people import People
from agents.store import audit, stages
from agents.store import questions as store
from agents.store import runs as run_store
from agents.store.db import Connection, Database

_NAMED_IN_AN_ERROR = 5

# Carries out what an answer means besides that the stage goes on, in the answer's own transaction; a UserError
# refuses the answer, and the question stays open.
Handler = Callable[[Connection, str, QuestionView, Answer], Awaitable[None]]


class Questions:
    """The questions of the runs of every team.

    Args:
        database: Where they are.
        people: Who may answer.
        handlers: By kind of question; a kind without one means nothing but that its stage goes on.
    """

    def __init__(self, database: Database, people: People, handlers: Mapping[str, Handler] | None = None) -> None:
        self._database = database
        self._people = people
        self._handlers = handlers or {}

    async def view(self, team_id: str, question_id: str) -> QuestionView:
        """Return the question as it stands."""
        async with self._database.team(team_id) as connection:
            return await store.get(connection, team_id, question_id) or await _none(connection, team_id, question_id)

    async def open(self, team_id: str) -> tuple[QuestionView, ...]:
        """Return the questions that wait for an answer, oldest first."""
        async with self._database.team(team_id) as connection:
            return tuple(await store.open_ones(connection, team_id))

    async def open_of(self, team_id: str, run_id: str) -> tuple[QuestionView, ...]:
        """Return the questions of a run that wait for an answer, oldest first."""
        async with self._database.team(team_id) as connection:
            return tuple(await store.open_ones(connection, team_id, run_id))

    async def find(self, team_id: str, prefix: str) -> QuestionView:
        """Return the one question whose id begins with `prefix`."""
        async with self._database.team(team_id) as connection:
            ids = await store.find(connection, team_id, prefix, _NAMED_IN_AN_ERROR) if prefix else []
        if len(ids) > 1:
            raise UserError(
                f"There are several questions that begin with {prefix!r}: {', '.join(ids)}. Give more of the id."
            )
        return await self.view(team_id, ids[0] if ids else prefix)

    async def choice(self, team_id: str, question_id: str, choice: str) -> tuple[QuestionView, Choice]:
        """Return a choice of a question that still waits for its answer; looked up for whoever is about to answer."""
        async with self._database.team(team_id) as connection:
            found = await store.get(connection, team_id, question_id)
            question = found or await _none(connection, team_id, question_id)
            run = await run_store.get(connection, team_id, question.run_id)
            assert run is not None  # noqa: S101  # a question goes with its run
            picked = _chosen(question, choice)
            await _require_open(connection, team_id, question, run, picked)
            return question, picked

    async def answer(
        self,
        team_id: str,
        question_id: str,
        choice: str,
        who: str,
        *,
        value: Any = None,
        event_key: str | None = None,
    ) -> QuestionView:
        """Answer the question, so that its stage goes on, or with `abort` cancel its run; return it as answered.

        The same answer of the same person again changes nothing.

        Args:
            team_id: Whose run asked.
            question_id: Which question.
            choice: The id of one of its choices, or `abort`.
            who: A Slack user id or `shell:LOGIN`.
            value: What was entered, where the choice asks for something.
            event_key: The event it came from.
        """
        # Looked up before the transaction, since it may ask Slack.
        standing = await self._people.standing(team_id, who)
        async with self._database.team(team_id) as connection:
            run, question = await _locked(connection, team_id, question_id)
            picked = _chosen(question, choice)
            await self._require_role(team_id, standing, run, picked)
            given = Answer(picked.id, _checked(picked, value), who, event_key)
            if given == Answer(question.choice or "", question.value, question.answered_by or ""):
                return question
            await _require_open(connection, team_id, question, run, picked)
            await self._carry_out(connection, team_id, question, given)
            await audit.add(connection, team_id, _entry(question, given))
            return await store.get(connection, team_id, question_id) or question

    async def _carry_out(self, connection: Connection, team_id: str, question: QuestionView, given: Answer) -> None:
        await store.answer(connection, team_id, question.id, given)
        if given.choice == ABORT:
            error = f"{given.who} ended it rather than go on after the question: {question.text}"
            await run_store.cancel(connection, team_id, question.run_id, error)
            return
        handler = self._handlers.get(question.kind)
        if handler is not None:
            await handler(connection, team_id, question, given)
        await stages.go_on(connection, stages.StageKey(team_id, question.run_id, question.seq))

    async def _require_role(self, team_id: str, standing: Standing, run: RunView, picked: Choice) -> None:
        """Whoever asked for the run may answer, but where money follows from the answer it takes an approver."""
        is_own = standing.who == run.requested_by and not picked.is_spend
        needed = Role.REQUESTER if is_own else Role.APPROVER
        if standing.role < needed:
            what = f"answer {picked.label!r} for run {run.id}"
            raise await self._people.refusal(team_id, standing, needed, what)


async def _locked(connection: Connection, team_id: str, question_id: str) -> tuple[RunView, QuestionView]:
    """Return run and question, which stay so until the transaction ends: two answers at once take turns."""
    asked = await store.get(connection, team_id, question_id) or await _none(connection, team_id, question_id)
    run = await run_store.lock(connection, team_id, asked.run_id)
    question = await store.get(connection, team_id, question_id)
    assert run is not None and question is not None  # noqa: S101, PT018  # neither is ever deleted
    return run, question


def _chosen(question: QuestionView, choice: str) -> Choice:
    found = chosen(question, choice)
    if found is None:
        known = ", ".join([*(each.id for each in question.choices), ABORT])
        raise UserError(f"{choice!r} cannot be chosen for question {question.id}. Choose one of: {known}.")
    return found


def _checked(picked: Choice, value: Any) -> Any:
    """Return the value that goes with the choice: what it asks for, or None where it asks for nothing."""
    if isinstance(value, str):
        value = value.strip().replace("\0", "") or None
    if picked.entry and value is None:
        raise UserError(f"{picked.label!r} needs a value, but none was given. Enter it as well: {picked.entry}.")
    if not picked.entry and value is not None:
        raise UserError(f"{picked.label!r} takes no value, but {value!r} was given. Choose it without one.")
    if isinstance(value, str) and len(value) > LONGEST_VALUE:
        raise UserError(f"{picked.entry} has {len(value)} characters; {LONGEST_VALUE} are the most. Shorten it.")
    return value


async def _require_open(
    connection: Connection, team_id: str, question: QuestionView, run: RunView, picked: Choice
) -> None:
    see = f"See it with `/cairn runs {run.id}`."
    if question.state == "answered":
        raise UserError(f"That was already answered by {question.answered_by}: {shown_answer(question)}. {see}")
    if question.state == "withdrawn":
        raise UserError(f"Run {run.id} does not wait for an answer any more: it is {run.state}. {see}")
    if picked.is_spend and await store.is_halted(connection, team_id):
        raise UserError(
            f"Everything is stopped in this workspace, so {picked.label!r}, which costs money, cannot be chosen now. "
            "An admin has to lift the stop first."
        )


def _entry(question: QuestionView, given: Answer) -> audit.Entry:
    details = {"question": question.id, "kind": question.kind, "choice": given.choice, "value": given.value}
    return audit.Entry(given.who, "answer", f"run:{question.run_id}", given.event_key, details=details)


async def _none(connection: Connection, team_id: str, question_id: str) -> QuestionView:
    waiting = [each.id for each in await store.open_ones(connection, team_id)][:_NAMED_IN_AN_ERROR]
    hint = f"These wait for an answer: {', '.join(waiting)}." if waiting else "None waits for an answer."
    raise UserError(f"There is no question {question_id!r}. {hint}")
