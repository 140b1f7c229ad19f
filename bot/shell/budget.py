"""`cairn budget`: what a workspace may spend, from a shell."""

import asyncio
import json
from pathlib import Path
from typing import Any

import click

from agents.runs.money import cap_words
from agents.services.budgets import BudgetView, read_budget
from bot.shell.session import open_session


@click.command()
@click.option("--set", "given", metavar="SCOPE=AMOUNT", multiple=True, help="run=20, day=50, workspace=none, …")
@click.option("--json", "as_json", is_flag=True, help="The limits as one JSON object, by scope.")
@click.option("--data", type=click.Path(path_type=Path), help="Data directory, as for `cairn local`.")
def budget(given: tuple[str, ...], as_json: bool, data: Path | None) -> None:
    """Show what the workspace may spend and what is left, or set limits.

    `run` is the most for any one run, `day` a day and `workspace` a calendar month, both UTC; `none` is no limit.
    """
    view = asyncio.run(_view(given, data))
    if as_json:
        click.echo(json.dumps(budget_document(view)))
        return
    for cap in view.caps:
        click.echo(f"{cap.scope:<10} {cap_words(cap)}")


def budget_document(view: BudgetView) -> dict[str, Any]:
    """Return the limits as plain JSON, amounts as numbers and null for no limit."""
    document = {}
    for cap in view.caps:
        budget = view.who_set(cap.scope)
        document[str(cap.scope)] = {
            "limit_usd": None if cap.limit_usd is None else float(cap.limit_usd),
            "spent_usd": float(cap.spent_usd),
            "reserved_usd": float(cap.reserved_usd),
            "left_usd": None if cap.left_usd is None else float(cap.left_usd),
            "set_by": None if budget is None else budget.set_by,
            "set_at": None if budget is None else budget.set_at.isoformat(),
        }
    return document


async def _view(given: tuple[str, ...], data: Path | None) -> BudgetView:
    # Read before anything is set, so that of several all are set or none.
    wanted = [read_budget(*each.partition("=")[::2]) for each in given]
    async with open_session(data) as session:
        budgets = session.services.budgets
        for scope, limit_usd in wanted:
            await budgets.set(session.team_id, scope, limit_usd, session.who)
        return await budgets.view(session.team_id)
