"""`cairn answer`: what a run asks in its middle, answered from a shell."""

import asyncio
import json
from pathlib import Path
from typing import Any

import click

from agents.runs.questions import QuestionView, shown_answer
from bot.shell.session import open_session


@click.command()
@click.argument("question_id", metavar="ID")
@click.argument("choice")
@click.argument("value", required=False)
@click.option("--json", "as_json", is_flag=True, help="The question as answered, as one JSON object.")
@click.option("--data", type=click.Path(path_type=Path), help="Data directory, as for `cairn local`.")
def answer(question_id: str, choice: str, value: str | None, as_json: bool, data: Path | None) -> None:
    """Answer the question whose id begins with ID by one of its choices, or by abort, which cancels the run.

    `cairn runs RUN` shows the question that a run waits with, and its choices. VALUE is for those that need one.
    """
    view = asyncio.run(_answer(question_id, choice, value, data))
    if as_json:
        click.echo(json.dumps(question_document(view)))
        return
    click.echo(f"{shown_answer(view)}. `cairn runs {view.run_id}` shows how the run goes on.")


def question_document(view: QuestionView) -> dict[str, Any]:
    """Return a question as plain JSON: id, run, kind, text, details, choices, state, choice, value, who, when."""
    return {
        "id": view.id,
        "run_id": view.run_id,
        "kind": view.kind,
        "text": view.text,
        "details": dict(view.details),
        "choices": [
            {"id": choice.id, "label": choice.label, "is_spend": choice.is_spend, "entry": choice.entry or None}
            for choice in view.choices
        ],
        "state": view.state,
        "asked_at": view.asked_at.isoformat(),
        "choice": view.choice,
        "value": view.value,
        "answered_by": view.answered_by,
        "answered_at": view.answered_at.isoformat() if view.answered_at is not None else None,
    }


async def _answer(prefix: str, choice: str, value: str | None, data: Path | None) -> QuestionView:
    async with open_session(data) as session:
        service = session.services.questions
        question = await service.find(session.team_id, prefix)
        return await service.answer(session.team_id, question.id, choice, session.who, value=value)
