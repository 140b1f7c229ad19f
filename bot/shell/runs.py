"""`cairn runs`, `cancel`: the runs of a workspace, from a shell."""

import asyncio
import json
from pathlib import Path

import click

from agents.runs.views import RunView
from bot.shell.session import open_session
from bot.shell.show import run_document, run_line, run_lines

_data = click.option("--data", type=click.Path(path_type=Path), help="Data directory, as for `cairn local`.")


@click.command()
@click.argument("run_id", metavar="[ID]", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per run, each on a line of its own.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="Newest runs to list.")
@_data
def runs(run_id: str | None, as_json: bool, limit: int, data: Path | None) -> None:
    """List the newest runs, or show the run whose id begins with ID."""
    for view in asyncio.run(_views(run_id, limit, data)):
        if as_json:
            click.echo(json.dumps(run_document(view)))
        else:
            click.echo(run_lines(view) if run_id else run_line(view))


@click.command()
@click.argument("run_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="The run as it stands then, as one JSON object.")
@_data
def cancel(run_id: str, as_json: bool, data: Path | None) -> None:
    """Cancel the run whose id begins with ID."""
    view = asyncio.run(_cancel(run_id, data))
    click.echo(json.dumps(run_document(view)) if as_json else f"Run {view.id} is {view.state}.")


async def _views(run_id: str | None, limit: int, data: Path | None) -> list[RunView]:
    async with open_session(data) as session:
        service = session.services.runs
        if run_id:
            return [await service.find(session.team_id, run_id)]
        return list(await service.newest(session.team_id, limit))


async def _cancel(run_id: str, data: Path | None) -> RunView:
    async with open_session(data) as session:
        service = session.services.runs
        found = await service.find(session.team_id, run_id)
        await service.cancel(session.team_id, found.id, session.who)
        return await service.view(session.team_id, found.id)
