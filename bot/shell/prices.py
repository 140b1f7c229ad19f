"""`cairn prices`: what models and GPUs cost this workspace, and what it sets itself."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from agents.services.price_refresh import Refreshed, said_of_refresh
from agents.services.price_view import SourceLine, own_text, price_document, source_lines, view_document
from agents.services.prices import PriceChange, PriceHistory, PricesView, price_line, said_of
from bot.shell.session import open_session, take_data

_data = click.option("--data", type=click.Path(path_type=Path), help="Data directory, as for `cairn local`.")
_json = click.option("--json", "as_json", is_flag=True, help="One JSON object.")
# Of the group, and of each of its commands for whoever writes it last.
_data_too = click.option(
    "--data", type=click.Path(path_type=Path), expose_value=False, callback=take_data, help="Data directory."
)


@click.group(invoke_without_command=True)
@_json
@click.option("--all", "is_all", is_flag=True, help="Every model of the lists, not only the usual ones.")
@_data
@click.pass_context
def prices(context: click.Context, as_json: bool, is_all: bool, data: Path | None) -> None:
    """Show what models and GPUs cost, and set prices of this workspace's own.

    Without a subcommand it lists the prices. `set` and `unset` change them, `refresh` fetches the public lists,
    `history` shows what something has cost.
    """
    context.obj = data
    if context.invoked_subcommand is None:
        _print_list(asyncio.run(_view(data)), as_json=as_json, is_all=is_all)


@prices.command(name="list")
@_json
@click.option("--all", "is_all", is_flag=True, help="Every model of the lists, not only the usual ones.")
@_data_too
@click.pass_obj
def list_(data: Path | None, as_json: bool, is_all: bool) -> None:
    """List the prices that hold here, with their source and day."""
    _print_list(asyncio.run(_view(data)), as_json=as_json, is_all=is_all)


@prices.command(name="set")
@click.argument("words", nargs=-1, metavar="NAME KEY=AMOUNT...")
@_json
@_data_too
@click.pass_obj
def set_(data: Path | None, words: Sequence[str], as_json: bool) -> None:
    """Set a price: `in=`, `out=`, `cache_read=`, `cache_write=` of a model in USD per million tokens, or `hour=`,
    `low=`, `high=` of a GPU in USD per GPU hour.

    `tier=`, `in_long=` and `out_long=` price long prompts; a GPU that Cairn does not know also takes `memory_gb=`,
    `tflops=` and `gb_per_s=`.
    """  # noqa: D205  # click shows the first paragraph as the summary
    _print_change(asyncio.run(_set(" ".join(words), data)), as_json=as_json)


@prices.command()
@click.argument("words", nargs=-1, metavar="NAME")
@_json
@_data_too
@click.pass_obj
def unset(data: Path | None, words: Sequence[str], as_json: bool) -> None:
    """Remove a price of this workspace's own; the list's holds again."""
    _print_change(asyncio.run(_unset(" ".join(words), data)), as_json=as_json)


@prices.command()
@_json
@_data_too
@click.pass_obj
def refresh(data: Path | None, as_json: bool) -> None:
    """Fetch the public lists now; what fails leaves the prices as they are."""
    found = asyncio.run(_refresh(data))
    if as_json:
        click.echo(json.dumps({"sources": [_refreshed_document(each) for each in found]}))
        return
    click.echo(said_of_refresh(found))


@prices.command()
@click.argument("words", nargs=-1, metavar="NAME")
@_json
@_data_too
@click.pass_obj
def history(data: Path | None, words: Sequence[str], as_json: bool) -> None:
    """Show what a model or GPU has cost: on the lists that were fetched, and by this workspace's own word."""
    found = asyncio.run(_history(" ".join(words), data))
    click.echo(json.dumps(_history_document(found)) if as_json else "\n".join(_history_lines(found)))


async def _view(data: Path | None) -> PricesView:
    async with open_session(data) as session:
        return await session.services.prices.view(session.team_id)


async def _set(text: str, data: Path | None) -> PriceChange:
    async with open_session(data) as session:
        return await session.services.prices.set(session.team_id, text, session.who)


async def _unset(name: str, data: Path | None) -> PriceChange:
    async with open_session(data) as session:
        return await session.services.prices.unset(session.team_id, name, session.who)


async def _refresh(data: Path | None) -> tuple[Refreshed, ...]:
    async with open_session(data) as session:
        return await session.services.price_refresh.refresh(session.team_id, session.who)


async def _history(name: str, data: Path | None) -> PriceHistory:
    async with open_session(data) as session:
        return await session.services.prices.history(session.team_id, name)


def _print_list(view: PricesView, *, as_json: bool, is_all: bool) -> None:
    document = view_document(view, is_all=is_all)
    if as_json:
        click.echo(json.dumps(document))
        return
    shown = [*document["models"], *document["gpus"]]
    width = max(len(each["name"]) for each in shown)
    for each in shown:
        click.echo(f"{each['name']:<{width}}  {each['text']}  ({each['source']}, {each['as_of']})")
        if each["notice"]:
            click.echo(f"{'':<{width}}  ! {each['notice']}")
    click.echo("\n".join(["", *(_source_text(line) for line in source_lines(view))]))
    for warning in document["warnings"]:
        click.echo(f"! {warning}")


def _source_text(line: SourceLine) -> str:
    return f"{line.name}: {line.text}"


def _print_change(change: PriceChange, *, as_json: bool) -> None:
    if not as_json:
        click.echo(said_of(change))
        return
    before, after = (None if each is None else price_document(each) for each in (change.before, change.after))
    click.echo(
        json.dumps({"name": change.name, "before": before, "after": after, "remarks": list(change.remarks)})
    )  # fmt: skip


def _refreshed_document(each: Refreshed) -> dict[str, Any]:
    changed = None if each.changed is None else [
        {"kind": change.kind, "name": change.name, "before": change.before, "after": change.price}
        for change in each.changed
    ]  # fmt: skip
    return {"source": each.source, "error": each.error, "changed": changed}


def _history_document(found: PriceHistory) -> dict[str, Any]:
    return {
        "name": found.name,
        "now": None if found.now is None else price_document(found.now),
        "own": [
            {
                "price": dict(row.price),
                "set_by": row.set_by,
                "set_at": row.set_at.isoformat(),
                "ended_by": row.ended_by,
                "ended_at": row.ended_at.isoformat() if row.ended_at else None,
            }
            for row in found.own
        ],
        "listed": [
            {
                "source": each.source,
                "version": each.version,
                "price": dict(each.price),
                "first_at": each.first_at.isoformat(),
                "last_at": each.last_at.isoformat(),
            }
            for each in found.listed
        ],
    }


def _history_lines(found: PriceHistory) -> list[str]:
    lines = [f"{found.name}: {price_line(found.now) if found.now else 'no price any more'}"]
    for row in found.own:
        until = f"{row.ended_at:%Y-%m-%d %H:%M} by {row.ended_by}" if row.ended_at else "now"
        lines.append(f"  own   {row.set_at:%Y-%m-%d %H:%M} by {row.set_by} until {until}: {own_text(row.price)}")
    for each in found.listed:
        days = f"{each.first_at:%Y-%m-%d} to {each.last_at:%Y-%m-%d}"
        lines.append(f"  list  {days} {each.source} {each.version}: {own_text(each.price)}")
    return lines
