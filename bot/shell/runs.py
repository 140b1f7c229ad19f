"""`cairn runs`, `cancel`: the runs of a workspace, from a shell."""

import asyncio
import json
import sys
from contextlib import aclosing
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from agents.errors import UserError
from agents.runs.logs import LogLine, line_text
from agents.runs.states import RunState
from agents.runs.views import RunView
from bot.shell.follow import Bars, changes
from bot.shell.session import Session, open_session
from bot.shell.show import run_document, run_line, run_lines

_data = click.option("--data", type=click.Path(path_type=Path), help="Data directory, as for `cairn local`.")


@click.command()
@click.argument("run_id", metavar="[ID]", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per run, each on a line of its own.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="Newest runs to list.")
@click.option(
    "--follow", is_flag=True,
    help="Show the run as it goes on, the newest one without ID, until it is over; with --json one object per change.",
)  # fmt: skip
@_data
def runs(run_id: str | None, as_json: bool, limit: int, follow: bool, data: Path | None) -> int:
    """List the newest runs, or show the run whose id begins with ID.

    With --follow it ends with 0 where the run is done, else with 1.
    """
    if follow:
        view = asyncio.run(_followed(run_id, as_json, data))
        return 0 if view.state is RunState.DONE else 1
    asyncio.run(_show(run_id, as_json, limit, data))
    return 0


@click.command()
@click.argument("run_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="The run as it stands then, as one JSON object.")
@_data
def cancel(run_id: str, as_json: bool, data: Path | None) -> None:
    """Cancel the run whose id begins with ID."""
    view = asyncio.run(_cancel(run_id, data))
    click.echo(json.dumps(run_document(view)) if as_json else f"Run {view.id} is {view.state}.")


async def _show(run_id: str | None, as_json: bool, limit: int, data: Path | None) -> None:
    async with open_session(data) as session:
        service = session.services.runs
        if run_id is None:
            for view in await service.newest(session.team_id, limit):
                click.echo(json.dumps(run_document(view)) if as_json else run_line(view))
            return
        view = await service.find(session.team_id, run_id)
        output = await session.services.outputs.of_run(session.team_id, view.id)
        click.echo(json.dumps(run_document(view, output)) if as_json else run_lines(view, output))


async def _followed(run_id: str | None, as_json: bool, data: Path | None) -> RunView:
    async with open_session(data) as session:
        service = session.services.runs
        if run_id is not None:
            view = await service.find(session.team_id, run_id)
        else:
            going_on = [each for each in await service.newest(session.team_id) if not each.state.is_over]
            if not going_on:
                raise UserError("No run is going on. `cairn runs` lists those that are over.")
            view = going_on[0]
        if as_json:
            return await _follow_as_documents(session, view)
        if sys.stdout.isatty():
            return await _follow_in_terminal(session, view)
        return await _follow_as_lines(session, view)


async def _follow_in_terminal(session: Session, run: RunView) -> RunView:
    outputs = session.services.outputs
    async with aclosing(outputs.follow(session.team_id, run.id)) as changed:
        with Bars(Console()) as bars:
            async for run in changed:  # noqa: PLR1704  # the same run, later
                bars.show(run, await outputs.of_run(session.team_id, run.id))
    return run


async def _follow_as_documents(session: Session, run: RunView) -> RunView:
    outputs = session.services.outputs
    shown: dict[str, Any] | None = None
    async with aclosing(outputs.follow(session.team_id, run.id)) as changed:
        async for run in changed:  # noqa: PLR1704  # the same run, later
            document = run_document(run, await outputs.of_run(session.team_id, run.id))
            if document != shown:
                click.echo(json.dumps(document))
            shown = document
    return run


async def _follow_as_lines(session: Session, run: RunView) -> RunView:
    outputs = session.services.outputs
    click.echo(run_line(run))
    shown: RunView | None = None
    last: LogLine | None = None
    async with aclosing(outputs.follow(session.team_id, run.id)) as changed:
        async for run in changed:  # noqa: PLR1704  # the same run, later
            async for line in outputs.lines(session.team_id, run.id, after=last):
                click.echo(f"{run.stages[line.seq].name}: {line_text(line)}")
                last = line
            for change in changes(shown, run):
                click.echo(change)
            shown = run
    return run


async def _cancel(run_id: str, data: Path | None) -> RunView:
    async with open_session(data) as session:
        service = session.services.runs
        found = await service.find(session.team_id, run_id)
        await service.cancel(session.team_id, found.id, session.who)
        return await service.view(session.team_id, found.id)
