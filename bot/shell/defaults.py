"""`cairn defaults`: what a workspace had remembered, from a shell."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import click

from agents.errors import UserError
from agents.services.default_reading import read_name
from agents.services.default_views import DefaultView, Rememberable
from bot.shell.session import Session, open_session


@click.command()
@click.option("--set", "given", metavar="NAME=VALUE", multiple=True, help='gpu="2 x H100", requests_per_day=40k, …')
@click.option("--forget", "forgotten", metavar="NAME", multiple=True, help="Forget one; may be given several times.")
@click.option("--remember", metavar="CONVERSATION", help="Remember what a conversation holds, as --name picks it.")
@click.option("--name", "names", metavar="NAME", multiple=True, help="With --remember: what; else all but volumes.")
@click.option("--use", metavar="CONVERSATION", help="Use the defaults in a conversation that lacks them.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, one object per line.")
@click.option("--data", type=click.Path(path_type=Path), help="Data directory, as for `cairn local`.")
def defaults(
    *,
    given: tuple[str, ...],
    forgotten: tuple[str, ...],
    remember: str | None,
    names: tuple[str, ...],
    use: str | None,
    as_json: bool,
    data: Path | None,
) -> None:
    """Show what the workspace usually has: models, GPUs, prices, volumes; or set, remember, use or forget it.

    New threads offer it. It becomes an answer of a thread where somebody presses, or with --use.
    """
    for each in given:
        if "=" not in each:
            raise click.UsageError(f"--set {each!r} lacks a value: write NAME=VALUE, such as gpu=2xH100.")
    asyncio.run(_defaults(given, forgotten, remember=remember, names=names, use=use, as_json=as_json, data=data))


async def _defaults(
    given: Sequence[str],
    forgotten: Sequence[str],
    *,
    remember: str | None,
    names: Sequence[str],
    use: str | None,
    as_json: bool,
    data: Path | None,
) -> None:
    async with open_session(data) as session:
        service, team_id, who = session.services.defaults, session.team_id, session.who
        for each in given:
            name, _, value = each.partition("=")
            await service.set(team_id, name, value, who, _event())
        if forgotten:
            await service.forget(team_id, forgotten, who, _event())
        if remember is not None:
            await _remember(session, remember, names)
        if use is not None:
            used = await service.use(team_id, use, who, _event())
            document = {"conversation": use, "taken": list(used.taken), "left": list(used.left)}
            lines = [*(f"Used: {each}" for each in used.taken), *(f"Left: {each}" for each in used.left)]
            click.echo(json.dumps(document) if as_json else "\n".join(lines) or "Nothing of it was lacking there.")
            return
        found = await service.list(team_id)
    if not found and not as_json:
        click.echo("This workspace has no defaults. `cairn defaults --set requests_per_day=40k` sets one.")
    for view in found:
        click.echo(json.dumps(default_document(view)) if as_json else _line(view))


async def _remember(session: Session, conversation_id: str, names: Sequence[str]) -> None:
    """Remember what was named of a conversation, or all that is of the workspace."""
    found = await session.services.defaults.rememberable(session.team_id, conversation_id, session.who)
    wanted = {read_name(each) for each in names}
    picked: list[Rememberable] = [each for each in found if (each.name in wanted if wanted else each.is_standing)]
    if missing := wanted - {each.name for each in picked}:
        raise UserError(f"That conversation holds nothing new of {', '.join(sorted(missing))}.")
    if not picked:
        offered = ", ".join(each.name for each in found)
        raise UserError(f"What it holds is of that task alone. Name what to remember: --name {offered}.")
    marks = [each.mark for each in picked]
    await session.services.defaults.remember(session.team_id, conversation_id, marks, session.who, _event())


def default_document(view: DefaultView) -> dict[str, Any]:
    """Return a default as plain JSON."""
    return {
        "name": view.name,
        "value": view.value,
        "shown": view.shown,
        "said_by": view.said_by,
        "said_at": view.said_at.isoformat(),
        "remembered_by": view.consented_by,
        "remembered_at": view.consented_at.isoformat(),
        "conversation": view.conversation_id,
        "age_days": view.age_days,
        "is_stale": view.is_stale,
    }


def _line(view: DefaultView) -> str:
    age = f"; {view.age_days} days old" if view.is_stale else ""
    return (
        f"{view.name:<22} {view.shown}  (said by {view.said_by}, {view.said_at:%Y-%m-%d}; "
        f"remembered by {view.consented_by}{age})"
    )


def _event() -> str:
    return f"shell:{uuid4().hex}"
