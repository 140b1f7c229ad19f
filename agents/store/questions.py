"""What stages ask people: kept with the run, answered once, withdrawn with it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from psycopg.types.json import Jsonb

from agents.runs.questions import Answer, Choice, Question, QuestionView
from agents.store.db import Connection, one, rows, run
from agents.store.outbox import touch_card


def question_card(question_id: str) -> str:
    """Return the key of the card that shows a question."""
    return f"question:{question_id}"


async def insert(connection: Connection, team_id: str, run_id: str, seq: int, question: Question) -> str:
    """Add an open question of the stage and return its id; a stage has one at most."""
    made = await one(
        connection,
        "questions.insert",
        {
            "team_id": team_id,
            "run_id": run_id,
            "seq": seq,
            "kind": question.kind,
            "text": question.text,
            "details": Jsonb(dict(question.details)),
            "choices": Jsonb([asdict(choice) for choice in question.choices]),
        },
    )
    assert made is not None  # noqa: S101  # INSERT ... RETURNING answers with the row or raises
    return str(made["id"])


async def answer_to(connection: Connection, team_id: str, run_id: str, seq: int, question: Question) -> Answer | None:
    """Return what people answered when the stage asked this last: the same kind with equal details."""
    asked = {"kind": question.kind, "details": Jsonb(dict(question.details))}
    row = await one(connection, "questions.answer_to", {"team_id": team_id, "run_id": run_id, "seq": seq, **asked})
    return None if row is None else Answer(**row)


async def get(connection: Connection, team_id: str, question_id: str) -> QuestionView | None:
    """Return the question as it stands."""
    row = await one(connection, "questions.get", {"team_id": team_id, "question_id": question_id})
    return None if row is None else _view(row)


async def open_ones(connection: Connection, team_id: str, run_id: str | None = None) -> Sequence[QuestionView]:
    """Return the questions that wait for an answer, of the team or of one run, oldest first."""
    found = await rows(connection, "questions.open", {"team_id": team_id, "run_id": run_id})
    return [_view(row) for row in found]


async def find(connection: Connection, team_id: str, prefix: str, at_most: int) -> Sequence[str]:
    """Return the ids that begin with `prefix`, those of open questions first."""
    found = await rows(connection, "questions.find", {"team_id": team_id, "prefix": prefix, "at_most": at_most})
    return [row["id"] for row in found]


async def answer(connection: Connection, team_id: str, question_id: str, given: Answer) -> bool:
    """Record the answer; False where the question is not open."""
    value = None if given.value is None else Jsonb(given.value)
    written = {"team_id": team_id, "question_id": question_id, "choice": given.choice, "value": value}
    if not await run(connection, "questions.answer", {**written, "who": given.who}):
        return False
    await touch_card(connection, team_id, question_card(question_id))
    return True


async def withdraw(connection: Connection, team_id: str, run_id: str) -> None:
    """Close the run's open questions without an answer, and say so on their cards."""
    for row in await rows(connection, "questions.withdraw", {"team_id": team_id, "run_id": run_id}):
        await touch_card(connection, team_id, question_card(row["id"]))


async def is_halted(connection: Connection, team_id: str) -> bool:
    """Return whether everything of the team is stopped."""
    row = await one(connection, "questions.is_halted", {"team_id": team_id})
    return row is not None and bool(row["is_halted"])


def _view(row: Mapping[str, Any]) -> QuestionView:
    return QuestionView(**{**row, "choices": tuple(Choice(**choice) for choice in row["choices"])})
