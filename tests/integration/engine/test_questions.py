"""Questions of stages: asked once, answered once by those who may, and the run goes on, or ends, with the answer."""

import asyncio
from typing import Any

import pytest

from agents.errors import UserError
from agents.runs import RunState, RunView, StageState
from agents.runs.questions import ABORT, Answer, QuestionView
from agents.runs.roles import Person
from agents.services.questions import Questions
from agents.store import audit
from agents.store.db import Connection, Database
from tests.integration.engine.conftest import Workers, eventually
from tests.integration.engine.toys import (
    APPROVER,
    OTHER_APPROVER,
    REQUESTER,
    TEAM,
    make_questions,
    make_runs,
    notes,
    start_run,
)
from tests.people import Members, make_people

pytestmark = pytest.mark.integration

OTHER_TEAM = "T0OTHER"
in_process = pytest.mark.usefixtures("worker")


async def reached(database: Database, run_id: str, *states: RunState) -> RunView:
    runs = make_runs(database)

    async def is_there() -> RunView | None:
        view = await runs.view(TEAM, run_id)
        return view if view.state in states else None

    found: RunView = await eventually(is_there)
    return found


async def asked(database: Database, run_id: str) -> QuestionView:
    """Wait until the run asks, and return what."""
    question = (await reached(database, run_id, RunState.NEEDS_ATTENTION)).question
    assert question is not None
    return question


async def cards(database: Database, kind: str) -> list[dict[str, Any]]:
    async with database.team(TEAM) as connection:
        found = await connection.execute(
            "SELECT key, channel, subject, version FROM app.slack_card WHERE kind = %s ORDER BY created_at", (kind,)
        )
        return await found.fetchall()


async def answers(database: Database, run_id: str) -> list[tuple[str, Any]]:
    async with database.team(TEAM) as connection:
        entries = await audit.of_subject(connection, TEAM, f"run:{run_id}")
    return [(entry.who, entry.details["choice"]) for entry in entries if entry.action == "answer"]


async def live_jobs(database: Database) -> int:
    async with database.engine() as connection:
        found = await connection.execute("SELECT id FROM procrastinate_jobs WHERE status IN ('todo', 'doing')")
        return len(await found.fetchall())


@in_process
async def test_a_stage_that_asks_waits_without_a_worker_and_says_what_for(database: Database) -> None:
    run_id = await start_run(make_runs(database), kind="asking")
    question = await asked(database, run_id)
    assert (question.run_id, question.seq, question.kind, question.state) == (run_id, 0, "toy", "open")
    assert question.text == "Shall it go on? (0)"
    assert [choice.id for choice in question.choices] == ["go", "pay", "adopt"]
    stage = (await make_runs(database).view(TEAM, run_id)).stages[0]
    assert (stage.state, stage.owner) == (StageState.WAITING, None)
    assert [(card["key"], card["channel"]) for card in await cards(database, "run_question")] == [
        (f"question:{question.id}", "C1")
    ]

    async def has_no_job() -> bool:
        return await live_jobs(database) == 0

    await eventually(has_no_job)
    questions = make_questions(database)
    assert await questions.open(TEAM) == await questions.open_of(TEAM, run_id) == (question,)


@in_process
async def test_the_answer_reaches_the_stage_and_the_run_goes_on(database: Database) -> None:
    run_id = await start_run(make_runs(database), kind="asking")
    question = await asked(database, run_id)
    before = (await cards(database, "run_question"))[0]["version"]
    answered = await make_questions(database).answer(TEAM, question.id, "adopt", APPROVER, value=" b-1 ", event_key="e")
    assert (answered.state, answered.choice, answered.value, answered.answered_by) == (
        "answered", "adopt", "b-1", APPROVER,
    )  # fmt: skip
    assert answered.answered_at is not None
    view = await reached(database, run_id, RunState.DONE)
    assert view.stages[0].result == {"answers": [{"choice": "adopt", "value": "b-1", "who": APPROVER}]}
    assert view.question is None
    assert await answers(database, run_id) == [(APPROVER, "adopt")]
    assert (await cards(database, "run_question"))[0]["version"] == before + 1
    assert await make_questions(database).open(TEAM) == ()


@in_process
async def test_a_stage_may_ask_several_things_one_after_the_other(database: Database) -> None:
    run_id = await start_run(make_runs(database), kind="asking", questions=12)
    for number in range(12):
        question = await asked(database, run_id)
        assert question.details == {"number": number}
        await make_questions(database).answer(TEAM, question.id, "go", APPROVER)
    view = await reached(database, run_id, RunState.DONE)
    assert view.stages[0].attempt == 13, "waiting for people does not use up the attempts"
    assert len((view.stages[0].result or {})["answers"]) == 12


@in_process
async def test_a_retry_does_not_ask_again_what_was_answered(database: Database) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs, kind="asking", fails_once=True)
    question = await asked(database, run_id)
    await make_questions(database).answer(TEAM, question.id, "go", APPROVER)
    await reached(database, run_id, RunState.FAILED)
    await runs.retry(TEAM, run_id, REQUESTER)
    await reached(database, run_id, RunState.DONE)
    assert len(await cards(database, "run_question")) == 1


@in_process
async def test_abort_cancels_the_run_and_says_who_did(database: Database) -> None:
    run_id = await start_run(make_runs(database), kind="asking")
    question = await asked(database, run_id)
    answered = await make_questions(database).answer(TEAM, question.id, ABORT, APPROVER)
    assert (answered.state, answered.choice) == ("answered", ABORT)
    view = await make_runs(database).view(TEAM, run_id)
    assert view.state is RunState.CANCELLED
    assert view.error == f"{APPROVER} ended it rather than go on after the question: Shall it go on? (0)"
    assert [stage.state for stage in view.stages] == [StageState.CANCELLED] * 2
    assert await answers(database, run_id) == [(APPROVER, ABORT)]


@in_process
async def test_a_run_that_is_cancelled_withdraws_its_question(database: Database) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs, kind="asking")
    question = await asked(database, run_id)
    before = (await cards(database, "run_question"))[0]["version"]
    await runs.cancel(TEAM, run_id, REQUESTER)
    questions = make_questions(database)
    assert (await questions.view(TEAM, question.id)).state == "withdrawn"
    assert (await cards(database, "run_question"))[0]["version"] == before + 1
    with pytest.raises(UserError, match=f"Run {run_id} does not wait for an answer any more: it is cancelled"):
        await questions.answer(TEAM, question.id, "go", APPROVER)
    assert (await runs.view(TEAM, run_id)).state is RunState.CANCELLED


@in_process
async def test_two_people_who_answer_at_once_are_taken_one_after_the_other(database: Database) -> None:
    run_id = await start_run(make_runs(database), kind="asking")
    question = await asked(database, run_id)
    questions = make_questions(database)
    given = [(APPROVER, "go"), (OTHER_APPROVER, "pay"), (APPROVER, "go"), (OTHER_APPROVER, "pay")]
    outcomes = await asyncio.gather(
        *(questions.answer(TEAM, question.id, choice, who) for who, choice in given), return_exceptions=True
    )
    (counted,) = await answers(database, run_id)
    view = await reached(database, run_id, RunState.DONE)
    assert (view.stages[0].result or {})["answers"] == [{"choice": counted[1], "value": None, "who": counted[0]}]
    for (who, choice), outcome in zip(given, outcomes, strict=True):
        if (who, choice) == counted:
            assert isinstance(outcome, QuestionView), "the same answer again is the same answer"
        else:
            assert isinstance(outcome, UserError)
            assert f"already answered by {counted[0]}" in str(outcome)


@in_process
async def test_an_answer_and_a_cancel_at_once_leave_one_of_both(database: Database) -> None:
    runs, questions = make_runs(database), make_questions(database)
    for _ in range(4):
        run_id = await start_run(runs, kind="asking")
        question = await asked(database, run_id)
        await asyncio.gather(
            questions.answer(TEAM, question.id, "go", APPROVER),
            runs.cancel(TEAM, run_id, REQUESTER),
            return_exceptions=True,
        )
        view = await reached(database, run_id, RunState.DONE, RunState.CANCELLED)
        state = (await questions.view(TEAM, question.id)).state
        assert (view.state, state) in {
            (RunState.CANCELLED, "withdrawn"), (RunState.CANCELLED, "answered"), (RunState.DONE, "answered"),
        }  # fmt: skip
        assert view.question is None


@in_process
async def test_only_an_approver_may_choose_what_costs_money(database: Database) -> None:
    run_id = await start_run(make_runs(database), kind="asking")
    question = await asked(database, run_id)
    questions = make_questions(database)
    with pytest.raises(UserError, match=f"{REQUESTER} may not answer 'Pay for it' for run {run_id}"):
        await questions.answer(TEAM, question.id, "pay", REQUESTER)
    assert (await questions.view(TEAM, question.id)).state == "open"
    await questions.answer(TEAM, question.id, "go", REQUESTER)
    await reached(database, run_id, RunState.DONE)


@in_process
async def test_somebody_without_part_in_the_run_and_a_guest_may_not_answer(database: Database) -> None:
    run_id = await start_run(make_runs(database), kind="asking")
    question = await asked(database, run_id)
    with pytest.raises(UserError, match="U0EVE may not answer 'Go on'"):
        await make_questions(database).answer(TEAM, question.id, "go", "U0EVE")
    guests = make_people(approvers={APPROVER}, directory=Members({REQUESTER: Person(REQUESTER, is_guest=True)}))
    for choice in ("go", ABORT):
        with pytest.raises(UserError, match="a guest of this workspace"):
            await Questions(database, guests).answer(TEAM, question.id, choice, REQUESTER)
    assert (await make_runs(database).view(TEAM, run_id)).state is RunState.NEEDS_ATTENTION


@in_process
async def test_what_cannot_be_an_answer_is_refused_with_what_can(database: Database) -> None:
    run_id = await start_run(make_runs(database), kind="asking")
    question = await asked(database, run_id)
    questions = make_questions(database)
    for choice, value, words in (
        ("dance", None, r"'dance' cannot be chosen .* Choose one of: go, pay, adopt, abort\."),
        ("adopt", None, r"'Adopt one' needs a value, but none was given\. Enter it as well: Batch id\."),
        ("adopt", "  \0 ", "needs a value"),
        ("adopt", "x" * 1_001, r"Batch id has 1001 characters; 1000 are the most"),
        ("go", "b-1", "'Go on' takes no value, but 'b-1' was given"),
        (ABORT, "b-1", "takes no value"),
    ):
        with pytest.raises(UserError, match=words):
            await questions.answer(TEAM, question.id, choice, APPROVER, value=value)
    with pytest.raises(UserError, match=rf"There is no question 'nope'\. These wait for an answer: {question.id}\."):
        await questions.answer(TEAM, "nope", "go", APPROVER)
    with pytest.raises(UserError, match=r"There is no question .* None waits for an answer"):
        await questions.answer(OTHER_TEAM, question.id, "go", APPROVER)
    assert (await questions.find(TEAM, question.id[:5])).id == question.id
    assert await answers(database, run_id) == []


@in_process
async def test_nothing_that_costs_money_is_answered_while_everything_is_stopped(database: Database) -> None:
    run_id = await start_run(make_runs(database), kind="asking")
    question = await asked(database, run_id)
    async with database.team(TEAM) as connection:
        await connection.execute("INSERT INTO app.halt (team_id, who) VALUES (%s, 'U0ADMIN')", (TEAM,))
    questions = make_questions(database)
    with pytest.raises(UserError, match="Everything is stopped in this workspace"):
        await questions.answer(TEAM, question.id, "pay", APPROVER)
    await questions.answer(TEAM, question.id, ABORT, APPROVER)
    assert (await make_runs(database).view(TEAM, run_id)).state is RunState.CANCELLED


@in_process
async def test_a_handler_acts_in_the_transaction_of_the_answer_and_may_refuse_it(database: Database) -> None:
    seen: list[Answer] = []

    async def handler(connection: Connection, team_id: str, question: QuestionView, answer: Answer) -> None:
        await audit.add(connection, team_id, audit.Entry("toy", "handled", f"question:{question.id}"))
        seen.append(answer)
        if answer.choice == "go":
            raise UserError("Not now.")

    run_id = await start_run(make_runs(database), kind="asking")
    question = await asked(database, run_id)
    questions = make_questions(database, {"toy": handler})
    with pytest.raises(UserError, match="Not now"):
        await questions.answer(TEAM, question.id, "go", APPROVER)
    assert (await questions.view(TEAM, question.id)).state == "open"
    await questions.answer(TEAM, question.id, "pay", APPROVER)
    async with database.team(TEAM) as connection:
        assert len(await audit.of_subject(connection, TEAM, f"question:{question.id}")) == 1
    assert seen == [Answer("go", None, APPROVER), Answer("pay", None, APPROVER)]
    await reached(database, run_id, RunState.DONE)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_worker_killed_around_the_question_neither_loses_nor_doubles_it(
    database: Database, dsn: str, workers: Workers, when: str
) -> None:
    run_id = await start_run(make_runs(database), kind="asking")
    killed = workers.start(dsn)
    if when == "before":

        async def is_asking() -> bool:
            return bool(await notes(database, run_id, "asking"))

        await eventually(is_asking)
    else:
        await asked(database, run_id)
    killed.kill()
    killed.wait()
    workers.start(dsn)
    question = await asked(database, run_id)
    assert len(await cards(database, "run_question")) == 1
    await make_questions(database).answer(TEAM, question.id, "go", APPROVER)
    await reached(database, run_id, RunState.DONE)
    assert len(await cards(database, "run_question")) == 1
