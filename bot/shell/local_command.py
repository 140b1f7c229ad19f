"""The command line of `cairn local`."""

import asyncio
from pathlib import Path

import click

from agents.settings import load_settings
from bot.shell.local import DEFAULT_PORT, LocalOptions, can_open_page, run_local


@click.command()
@click.option("--data", type=click.Path(path_type=Path), help="Data directory; the user's own by default.")
@click.option("--docs", type=click.Path(path_type=Path), help="A folder to register as a source; a sample by default.")
@click.option(
    "--port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one."
)
@click.option("--no-open", is_flag=True, help="Do not open the page in a browser.")
def local(data: Path | None, docs: Path | None, port: int, no_open: bool) -> None:
    """Run everything on this machine: a Slack-like page, the bot, a worker and Postgres."""
    settings = load_settings(**({"data_dir": data} if data else {}))
    options = LocalOptions(settings.data_dir, docs, port, not no_open and can_open_page(), say)
    asyncio.run(run_local(options))


def say(text: str) -> None:
    """Tell the person at the terminal, at once also where output is piped."""
    click.echo(text)
