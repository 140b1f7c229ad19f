"""The `cairn` command: every face that is not Slack."""

import os
import sys

import click

from agents.errors import UserError
from bot.shell import LazyCommands

# What scripts can rely on; click itself ends with 2 on wrong use.
DONE, FAILED, WRONG_USE = 0, 1, 2


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="cairn-slack", prog_name="cairn")
def cairn() -> None:
    """Decide how to adapt a language model, price it, and do it.

    Start with `cairn local`: the whole product on this machine, with no account and no key.
    """


def main() -> None:
    """Run the command and end with 0 (done), 1 (failed) or 2 (wrong use)."""
    os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")
    try:
        code = cairn.main(standalone_mode=False)
    except click.ClickException as cause:
        cause.show()
        sys.exit(WRONG_USE if isinstance(cause, click.UsageError) else FAILED)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        sys.exit(FAILED)
    except UserError as cause:
        click.echo(str(cause), err=True)
        sys.exit(FAILED)
    sys.exit(code if isinstance(code, int) else DONE)


if __name__ == "__main__":
    main()
