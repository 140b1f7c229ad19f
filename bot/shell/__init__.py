"""The shell's commands; to add one, write its module and name it here."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass

import click


@dataclass(frozen=True, slots=True)
class Listed:
    """A command as `cairn --help` lists it, and where it is imported from when it is used.

    `cairn decide` should not wait for Slack's and Postgres' libraries, and `cairn --help` for none.
    """

    place: str
    summary: str


COMMANDS: Mapping[str, Listed] = {
    "local": Listed("bot.shell.local_command:local", "Run everything on this machine, with no account and no key."),
    "talk": Listed("bot.shell.talk:talk", "Talk about a task until there is a verdict, with no Slack."),
    "decide": Listed("bot.shell.decide:decide", "Say which way to adapt a model, from a file of answers."),
    "cost": Listed("bot.shell.cost:cost", "Compare what each way costs, from a file of inputs."),
    "watch": Listed("bot.shell.watch:watch", "List the decisions that are watched, and what would flip them."),
    "index": Listed("bot.shell.index:index", "Index a folder of documents."),
    "ask": Listed("bot.shell.index:ask", "Ask an index; answers are quotes that were checked."),
    "distill": Listed("bot.shell.distill:distill", "Make a small model of your own for a task, from a file."),
    "students": Listed("bot.shell.students:students", "List the small models of your own; move their aliases."),
    "sources": Listed("bot.shell.index:sources", "List or register the folders and databases that runs may read."),
    "runs": Listed("bot.shell.runs:runs", "List the newest runs, show one, or follow it to its end."),
    "logs": Listed("bot.shell.logs:logs", "Print what the stages of a run wrote into their logs."),
    "proposals": Listed("bot.shell.proposals:proposals", "List the proposals that wait for a decision."),
    "approve": Listed("bot.shell.proposals:approve", "Approve a proposal, which starts its run."),
    "deny": Listed("bot.shell.proposals:deny", "Deny a proposal."),
    "answer": Listed("bot.shell.answer:answer", "Answer what a run asks in its middle."),
    "cancel": Listed("bot.shell.runs:cancel", "Cancel a run."),
    "prices": Listed("bot.shell.prices:prices", "Show what models and GPUs cost, and set prices of your own."),
    "measure": Listed("bot.shell.measure:measure", "Load throughput that you measured; figures then rest on it."),
    "budget": Listed("bot.shell.budget:budget", "Show or set what a workspace may spend."),
    "model": Listed("bot.shell.model:model", "Show or set who talks, and what that may cost."),
    "defaults": Listed("bot.shell.defaults:defaults", "Show or change what a workspace had remembered."),
    "forget": Listed("bot.shell.forget:forget", "Forget a conversation, the defaults, or what somebody said."),
    "stop-all": Listed("bot.shell.stop:stop_all", "Stop every run of a workspace at once."),
    "resume-all": Listed("bot.shell.stop:resume_all", "Let everything go on that was stopped."),
    "audit": Listed("bot.shell.audit:audit", "Print who did what, as lines, JSON or CSV."),
    "serve": Listed("bot.shell.serve:serve", "Serve a Slack workspace over Socket Mode."),
    "worker": Listed("bot.shell.serve:worker", "Work on the stages of runs."),
    "workers": Listed("bot.shell.workers:workers", "List the workers, and what waits for one."),
    "migrate": Listed("bot.shell.serve:migrate", "Bring a database of your own to this version's schema."),
    "check": Listed("bot.shell.check:check", "Say what is missing here, and how to mend it."),
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
        module, _, attribute = COMMANDS[cmd_name].place.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101  # the table names commands only
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, listed.summary) for name, listed in COMMANDS.items()])
