"""`cairn students`: the students of a workspace, and what their aliases point to."""

import asyncio
import json
from pathlib import Path
from typing import Any

import click

from agents.distillation.registry import Student
from agents.services.students import StudentsView
from bot.shell.session import Session, open_session, take_data

_data = click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Data directory, as for `cairn local`.",
    expose_value=False,
    callback=take_data,
)


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object: students, aliases, what servers serve, calls.")
@_data
@click.pass_context
def students(context: click.Context, as_json: bool) -> None:
    """List the students with their scores and aliases.

    `students point ALIAS STUDENT@vN`, `students back ALIAS` and `students retire STUDENT@vN` change them.
    """
    if context.invoked_subcommand is None:
        view = asyncio.run(_view(context.obj))
        click.echo(json.dumps(students_document(view)) if as_json else listed_text(view))


@students.command()
@click.argument("alias")
@click.argument("label")
@click.option("--reason", default="", help="Kept with the move.")
@_data
@click.pass_obj
def point(data: Path | None, alias: str, label: str, reason: str) -> None:
    """Let ALIAS point to LABEL, such as tickets@v3."""

    async def move(session: Session) -> Student:
        return await session.services.students.point(session.team_id, alias, label, session.who, reason=reason)

    student = asyncio.run(_changed(data, move))
    click.echo(f"{alias} points to {student.label}; its server follows within a moment.")


@students.command()
@click.argument("alias")
@_data
@click.pass_obj
def back(data: Path | None, alias: str) -> None:
    """Roll ALIAS back to what it pointed to before."""

    async def move(session: Session) -> Student:
        return await session.services.students.back(session.team_id, alias, session.who)

    student = asyncio.run(_changed(data, move))
    click.echo(f"{alias} points to {student.label} again; its server follows within a moment.")


@students.command()
@click.argument("label")
@_data
@click.pass_obj
def retire(data: Path | None, label: str) -> None:
    """Take LABEL, such as tickets@v1, out of use for good."""

    async def end(session: Session) -> Student:
        return await session.services.students.retire(session.team_id, label, session.who)

    student = asyncio.run(_changed(data, end))
    click.echo(f"{student.label} is retired; its files stay with run {student.run_id}.")


def students_document(view: StudentsView) -> dict[str, Any]:
    """Return the students as plain JSON."""
    return {
        "students": [
            {
                "student": each.label,
                "run": each.run_id,
                "task": each.task,
                "kind": each.kind,
                "method": each.method,
                "base": each.base,
                "passed": each.passed,
                "overridden_by": each.overridden_by,
                "aliases": view.aliases_of(each),
                "made_at": each.made_at.isoformat(),
                "retired_at": each.retired_at.isoformat() if each.retired_at is not None else None,
                "scores": each.scores.get("candidates", []),
                "measured": view.measured.get(each.label),
            }
            for each in view.students
        ],
        "served": [
            {
                "server": each.server,
                "served_as": each.served_as,
                "student": f"{each.name}@v{each.version}",
                "error": each.error,
                "seen_at": each.seen_at.isoformat(),
            }
            for each in view.served
        ],
        "calls": dict(view.calls),
    }


async def _view(data: Path | None) -> StudentsView:
    async with open_session(data) as session:
        return await session.services.students.view(session.team_id)


async def _changed(data: Path | None, change: Any) -> Student:
    async with open_session(data) as session:
        student: Student = await change(session)
        return student


def listed_text(view: StudentsView) -> str:
    """Return the students as lines for a terminal."""
    if not view.students:
        return "There are no students yet. `cairn distill FILE` makes one."
    lines = []
    for each in view.students:
        state = "retired" if each.retired_at is not None else "passed" if each.passed else "did not pass"
        aliases = "".join(f"  ← {alias}" for alias in view.aliases_of(each))
        lines.append(
            f"{each.label:<24} {state:<13} {_score(each):<28} {_cost(each, view):<22} {each.method} on {each.base}"
            f"{aliases}"
        )
    lines += [f"not served: {each.served_as}: {each.error}" for each in view.served if each.error is not None]
    lines += [f"the first call of {alias}: {call}" for alias, call in view.calls.items()]
    return "\n".join(lines)


def _cost(student: Student, view: StudentsView) -> str:
    measured = view.measured.get(student.label)
    return "" if measured is None else f"${measured['usd_per_million_requests']:,.2f}/M requests"


def _score(student: Student) -> str:
    own = next((each for each in student.scores.get("candidates", []) if each["kind"] == "student"), None)
    if own is None:
        return ""
    name, metric = next(iter(own["metrics"].items()))
    return f"{name} {metric['value']:.1%}"
