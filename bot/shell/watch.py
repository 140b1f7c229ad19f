"""`cairn watch`: decisions that are watched, from a shell."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from agents.services.watch_view import FlipView, WatchView
from agents.services.watches import Checked
from bot.shell.session import Session, open_session, take_data

_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON, one object per line.")
_DATA = click.option("--data", type=click.Path(path_type=Path), help="Data directory, as for `cairn local`.")
# Of the group, and of each of its commands for whoever writes it last.
_DATA_TOO = click.option(
    "--data", type=click.Path(path_type=Path), expose_value=False, callback=take_data, help="Data directory."
)


@click.group(invoke_without_command=True)
@_JSON
@_DATA
@click.pass_context
def watch(context: click.Context, as_json: bool, data: Path | None) -> None:
    """List the decisions that are watched, and what would flip them; or save, check, stop or update one."""
    context.obj = data
    if context.invoked_subcommand is None:
        asyncio.run(_list(as_json, data))


@watch.command("list")
@_JSON
@_DATA_TOO
@click.pass_obj
def list_watches(data: Path | None, *, as_json: bool) -> None:
    """List what is watched, the newest first."""
    asyncio.run(_list(as_json, data))


@watch.command()
@click.argument("conversation_id", metavar="CONVERSATION")
@_JSON
@_DATA_TOO
@click.pass_obj
def save(data: Path | None, *, conversation_id: str, as_json: bool) -> None:
    """Watch the verdict of a conversation from now on."""
    asyncio.run(_save(conversation_id, as_json, data))


@watch.command()
@_JSON
@_DATA_TOO
@click.pass_obj
def check(data: Path | None, *, as_json: bool) -> None:
    """Check everything that is watched now, and print what flipped; each flip is told in its thread as well."""
    asyncio.run(_check(as_json, data))


@watch.command()
@click.argument("watch_id", metavar="ID")
@_JSON
@_DATA_TOO
@click.pass_obj
def stop(data: Path | None, *, watch_id: str, as_json: bool) -> None:
    """End the watch whose id begins with ID."""
    asyncio.run(_stop(watch_id, as_json, data))


@watch.command()
@click.argument("watch_id", metavar="ID")
@click.argument("requests")
@_JSON
@_DATA_TOO
@click.pass_obj
def volume(data: Path | None, *, watch_id: str, requests: str, as_json: bool) -> None:
    """Take the volume of a watched decision anew: REQUESTS as people say it, such as "2M a month"."""
    asyncio.run(_volume(watch_id, requests, as_json, data))


async def _list(as_json: bool, data: Path | None) -> None:
    async with open_session(data) as session:
        found = await session.services.watches.list(session.team_id)
    if not found and not as_json:
        click.echo("No decision is watched. `cairn watch save CONVERSATION` saves one, as “Watch” on its verdict does.")
    for each in found:
        _print(each, as_json)


async def _save(conversation_id: str, as_json: bool, data: Path | None) -> None:
    async with open_session(data) as session:
        _print(await session.services.watches.save(session.team_id, conversation_id, session.who), as_json)


async def _check(as_json: bool, data: Path | None) -> None:
    async with open_session(data) as session:
        watches = session.services.watches
        await watches.ask_all(session.team_id, f"{session.who} asked for it")
        checked: list[Checked] = []
        # Another process may take some of them at the same time; between them each is checked once.
        while found := await watches.check_due(session.team_id):
            checked += found
        flips = [
            await watches.flip(session.team_id, each.watch_id, each.flip) for each in checked if each.flip is not None
        ]
    for flip in flips:
        click.echo(json.dumps(flip_document(flip)) if as_json else "\n".join(_flip_lines(flip)))
    if not as_json:
        click.echo(f"{len(checked)} checked, {len(flips)} flipped.")


async def _stop(prefix: str, as_json: bool, data: Path | None) -> None:
    async with open_session(data) as session:
        found = await _found(session, prefix)
        ended = await session.services.watches.stop(session.team_id, found.watch_id, session.who)
    click.echo(json.dumps(watch_document(ended)) if as_json else f"“{ended.title}” is no longer watched.")


async def _volume(prefix: str, requests: str, as_json: bool, data: Path | None) -> None:
    async with open_session(data) as session:
        found = await _found(session, prefix)
        said = await session.services.watches.set_volume(
            session.team_id, found.watch_id, requests, session.who, source="shell"
        )
        now = await session.services.watches.find(session.team_id, found.watch_id)
    click.echo(json.dumps({**watch_document(now), "understood": said}) if as_json else said)


async def _found(session: Session, prefix: str) -> WatchView:
    return await session.services.watches.find(session.team_id, prefix)


def watch_document(watch: WatchView) -> dict[str, Any]:
    """Return a watch as plain JSON."""
    return {
        "id": watch.watch_id,
        "conversation": watch.conversation_id,
        "title": watch.title,
        "verdict": watch.verdict,
        "since": watch.since.isoformat(),
        "cheapest": watch.cheapest or None,
        "saved_by": watch.saved_by,
        "saved_at": watch.saved_at.isoformat(),
        "checked_at": watch.checked_at.isoformat() if watch.checked_at is not None else None,
        "checked_because": watch.checked_because or None,
        "prices_of": watch.prices_of,
        "flips": watch.flips,
        "would_flip": list(watch.outlook),
        "unpriced": watch.unpriced or None,
        "is_active": watch.is_active,
    }


def flip_document(flip: FlipView) -> dict[str, Any]:
    """Return a flip as plain JSON."""
    return {
        "watch": flip.watch_id,
        "conversation": flip.conversation_id,
        "title": flip.title,
        "headline": flip.headline,
        "changed": [dict(zip(("what", "was", "now", "source"), line, strict=True)) for line in flip.changed],
        "became": [dict(zip(("what", "was", "now"), line, strict=True)) for line in flip.became],
        "notices": list(flip.notices),
        "because": flip.because,
        "at": flip.at.isoformat(),
    }


def _print(watch: WatchView, as_json: bool) -> None:
    click.echo(json.dumps(watch_document(watch)) if as_json else "\n".join(_lines(watch)))


def _lines(watch: WatchView) -> Sequence[str]:
    cheapest = f"; cheapest: {watch.cheapest}" if watch.cheapest else ""
    checked = "not checked yet"
    if watch.checked_at is not None:
        checked = f"checked {watch.checked_at:%Y-%m-%d %H:%M}, because {watch.checked_because}"
    return [
        f"{watch.watch_id}  {watch.title}",
        f"  {watch.verdict} since {watch.since:%Y-%m-%d %H:%M}{cheapest}",
        f"  {watch.saved_by} watches it; {checked}; prices of {watch.prices_of}",
        *((f"  {watch.unpriced}",) if watch.unpriced else ()),
        *(f"  would flip: {each}" for each in watch.outlook),
    ]


def _flip_lines(flip: FlipView) -> Sequence[str]:
    return [
        f"{flip.watch_id}  {flip.headline}",
        *(f"  {notice}" for notice in flip.notices),
        *(
            f"  {label}: {was} -> {now}" + (f" ({source})" if source else "")
            for label, was, now, source in flip.changed
        ),
        *(f"  {what}: {was} -> {now}" for what, was, now in flip.became if was != now),
    ]
