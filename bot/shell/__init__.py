"""The shell's commands; to add one, write its module and name it here."""

import importlib
from collections.abc import Mapping

import click

# Imported when used: `cairn decide` should not wait for Slack's and Postgres' libraries.
COMMANDS: Mapping[str, str] = {
    "local": "bot.shell.local_command:local",
    "decide": "bot.shell.decide:decide",
    "cost": "bot.shell.cost:cost",
    "index": "bot.shell.index:index",
    "ask": "bot.shell.index:ask",
    "sources": "bot.shell.index:sources",
    "runs": "bot.shell.runs:runs",
    "approve": "bot.shell.runs:approve",
    "cancel": "bot.shell.runs:cancel",
    "serve": "bot.shell.serve:serve",
    "worker": "bot.shell.serve:worker",
    "migrate": "bot.shell.serve:migrate",
    "check": "bot.shell.check:check",
}


class LazyCommands(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table above."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command; None where there is no such."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101  # the table names commands only
        return command
