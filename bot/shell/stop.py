"""`cairn stop-all` and `resume-all`: the switch that stops a whole workspace, from a shell."""

import asyncio
import json
from pathlib import Path

import click

from agents.services.halts import Stopped
from bot.shell.session import open_session

_json = click.option("--json", "as_json", is_flag=True, help="What changed, as one JSON object.")
_data = click.option("--data", type=click.Path(path_type=Path), help="Data directory, as for `cairn local`.")


@click.command(name="stop-all")
@click.argument("reason", nargs=-1)
@_json
@_data
def stop_all(reason: tuple[str, ...], as_json: bool, data: Path | None) -> None:
    """Stop every run of the workspace at once; nothing is approved, begun or paid for until `cairn resume-all`."""
    stopped = asyncio.run(_stop(" ".join(reason), data))
    if as_json:
        document = {
            "stopped_by": stopped.halt.who,
            "reason": stopped.halt.reason,
            "runs": list(stopped.runs),
            "outside": [
                {"run_id": each.run_id, "effect": each.key, "kind": each.kind, "external_id": each.external_id}
                for each in stopped.outside
            ],
        }
        click.echo(json.dumps(document))
        return
    click.echo(f"Everything is {stopped.halt.words}. Runs stopped now: {len(stopped.runs)}.")
    for each in stopped.outside:
        click.echo(
            f"  goes on outside, or may: {each.kind} {each.external_id or '(id not known)'} of run {each.run_id}"
        )


@click.command(name="resume-all")
@_json
@_data
def resume_all(as_json: bool, data: Path | None) -> None:
    """Let everything go on that was stopped."""
    runs = asyncio.run(_resume(data))
    click.echo(json.dumps({"runs": runs}) if as_json else f"Runs resumed: {runs}.")


async def _stop(reason: str, data: Path | None) -> Stopped:
    async with open_session(data) as session:
        return await session.services.halts.stop_all(session.team_id, session.who, reason)


async def _resume(data: Path | None) -> int:
    async with open_session(data) as session:
        return await session.services.halts.resume_all(session.team_id, session.who)
