"""`cairn forget`: what Cairn keeps, deleted from a shell."""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

import click

from bot.shell.session import Session, open_session

_STAYS = "Proposals, runs, what was spent, what calls of a model cost, and the audit stay."


@click.command()
@click.option("--conversation", metavar="ID", help="A conversation, with all that was said in it.")
@click.option("--defaults", "is_defaults", is_flag=True, help="The workspace's defaults, all of them.")
@click.option("--user", metavar="U…", help="What somebody said: the conversations they began, their name elsewhere.")
@click.option(
    "--by-age", is_flag=True, help="What is older than CAIRN_RETENTION_DAYS; `cairn serve` does it by itself."
)
@click.option("--yes", is_flag=True, help="Do it; else what would be forgotten is said, and you are asked.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@click.option("--data", type=click.Path(path_type=Path), help="Data directory, as for `cairn local`.")
def forget(
    *,
    conversation: str | None,
    is_defaults: bool,
    user: str | None,
    by_age: bool,
    yes: bool,
    as_json: bool,
    data: Path | None,
) -> None:
    """Forget a conversation, the workspace's defaults, or what somebody said; it cannot be undone.

    What money hangs on stays: proposals, runs, what was spent and what calls of a model cost, and the audit.
    """
    chosen = [conversation is not None, is_defaults, user is not None, by_age]
    if sum(chosen) != 1:
        raise click.UsageError("Say what to forget: one of --conversation ID, --defaults, --user U… and --by-age.")
    asyncio.run(_forget(conversation, user, is_defaults=is_defaults, is_sure=yes, as_json=as_json, data=data))


async def _forget(
    conversation: str | None,
    user: str | None,
    *,
    is_defaults: bool,
    is_sure: bool,
    as_json: bool,
    data: Path | None,
) -> None:
    async with open_session(data) as session:
        if conversation is not None:
            document = await _conversation(session, conversation, is_sure)
        elif user is not None:
            document = await _person(session, user, is_sure)
        elif is_defaults:
            document = await _all_defaults(session, is_sure)
        else:
            document = {"forgotten": "by_age", **asdict(await session.services.retention.clear())}
    if as_json:
        click.echo(json.dumps(document))
        return
    counts = ", ".join(f"{name}: {value}" for name, value in document.items() if name != "forgotten")
    click.echo(f"Forgotten ({document['forgotten']}). {counts}. {_STAYS}")


async def _conversation(session: Session, conversation_id: str, is_sure: bool) -> dict[str, Any]:
    service = session.services.forgetting
    found = await service.of_conversation(session.team_id, conversation_id)
    _ask(f"Forget the conversation {conversation_id}, begun by {found.started_by}?", asdict(found.kept), is_sure)
    await service.forget_thread(
        session.team_id, found.channel, found.thread_ts, who=session.who, event_key=_event(), since=found.since
    )
    return {"forgotten": "conversation", "conversation": conversation_id, **asdict(found.kept)}


async def _person(session: Session, user: str, is_sure: bool) -> dict[str, Any]:
    service = session.services.forgetting
    _ask(f"Forget what {user} said?", asdict(await service.of_person(session.team_id, user)), is_sure)
    gone = await service.forget_person(session.team_id, user, session.who, _event())
    return {"forgotten": "person", "user": user, **asdict(gone)}


async def _all_defaults(session: Session, is_sure: bool) -> dict[str, Any]:
    service = session.services.defaults
    names = [each.name for each in await service.list(session.team_id)]
    _ask("Forget the workspace's defaults?", {"defaults": ", ".join(names) or "none"}, is_sure)
    return {"forgotten": "defaults", "names": list(await service.forget(session.team_id, None, session.who, _event()))}


def _ask(question: str, kept: dict[str, Any], is_sure: bool) -> None:
    if is_sure:
        return
    click.echo(", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in kept.items()), err=True)
    click.confirm(question, abort=True, err=True)


def _event() -> str:
    return f"shell:{uuid4().hex}"
