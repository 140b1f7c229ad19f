"""`cairn logs`: what the stages of a run wrote into their logs."""

import asyncio
import json
from contextlib import aclosing
from pathlib import Path

import click

from agents.errors import UserError
from agents.runs.logs import LogLine, log_texts
from agents.runs.states import RunState
from agents.runs.views import RunView
from bot.shell.session import Session, open_session


@click.command()
@click.argument("run_id", metavar="ID")
@click.option("--stage", help="Only what this stage wrote.")
@click.option("--follow", is_flag=True, help="Go on until the run is over; ends with 0 where it is done, else with 1.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line of the log.")
@click.option("--data", type=click.Path(path_type=Path), help="Data directory, as for `cairn local`.")
def logs(run_id: str, stage: str | None, follow: bool, as_json: bool, data: Path | None) -> int:
    """Print the log of the run whose id begins with ID."""
    return asyncio.run(_logs(run_id, stage, follow, as_json, data))


async def _logs(run_id: str, stage: str | None, follow: bool, as_json: bool, data: Path | None) -> int:
    async with open_session(data) as session:
        run = await session.services.runs.find(session.team_id, run_id)
        seq = _seq(run, stage) if stage is not None else None
        last = await _print(session, run, seq, as_json, None)
        if not follow:
            if last is None and not as_json:
                click.echo(f"Run {run.id} has written no log so far.", err=True)
            return 0
        async with aclosing(session.services.outputs.follow(session.team_id, run.id)) as changed:
            async for run in changed:
                last = await _print(session, run, seq, as_json, last)
        return 0 if run.state is RunState.DONE else 1


async def _print(
    session: Session, run: RunView, seq: int | None, as_json: bool, last: LogLine | None
) -> LogLine | None:
    """Print what follows a line, and return the last line that is printed now."""
    names = [stage.name for stage in run.stages]
    async for line in session.services.outputs.lines(session.team_id, run.id, seq=seq, after=last):
        if as_json:
            click.echo(json.dumps(_document(line, names[line.seq])))
        else:
            click.echo("\n".join(log_texts([line], names, last)))
        last = line
    return last


def _seq(run: RunView, name: str) -> int:
    for stage in run.stages:
        if stage.name == name:
            return stage.seq
    known = ", ".join(stage.name for stage in run.stages)
    raise UserError(f"Run {run.id} has no stage {name!r}. Choose one of: {known}.")


def _document(line: LogLine, stage: str) -> dict[str, object]:
    return {
        "stage": stage,
        "attempt": line.attempt,
        "n": line.n,
        "at": line.at.isoformat(),
        "level": line.level,
        "line": line.line,
    }
