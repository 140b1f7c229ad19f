"""Budget: what the workspace may spend, what is left, and how admins set it."""

import re
from collections.abc import Mapping
from typing import Any

from agents.errors import UserError
from agents.runs.money import Cap, cap_words
from agents.services.budgets import BudgetView, read_budget
from agents.store.inbox import Event
from agents.store.outbox import Card, upsert_card
from agents.wiring import Services
from bot.blocks.budget import CHANGE_BUDGET, SET_BUDGET, budget_form, budget_message, entered_budgets
from bot.blocks.message import Block, Message
from bot.feature import Feature, Turn
from bot.features.beside import place_beside
from bot.routing import first_word


async def _command(turn: Turn) -> None:
    """Show the budgets, or set one by `/cairn budget day 50`."""
    if not turn.text:
        channel, thread_ts = turn.place
        card = Card(f"budget:{turn.event.key}", channel, thread_ts, "budget", {}, turn.user)
        async with turn.services.database.team(turn.team_id) as connection:
            await upsert_card(connection, turn.team_id, card)
        return
    scope, limit_usd = read_budget(*first_word(turn.text))
    view = await turn.services.budgets.set(turn.team_id, scope, limit_usd, turn.user, turn.event.key)
    await turn.say(_line(next(cap for cap in view.caps if cap.scope is scope)))


async def _form(services: Services, event: Event) -> Block:
    await services.budgets.require_setter(event.team_id, event.user_id)
    return budget_form(await services.budgets.view(event.team_id), place_beside(event))


async def _wrong(_services: Services, event: Event) -> Mapping[str, str]:
    wrong = {}
    for scope, amount in entered_budgets(event.body["values"]).items():
        try:
            read_budget(scope, amount)
        except UserError as cause:
            wrong[scope] = str(cause)
    return wrong


async def _submitted(turn: Turn) -> None:
    """Set the limits that were changed in the form, and say how all of them stand."""
    budgets = turn.services.budgets
    view = await budgets.view(turn.team_id)
    for entered in entered_budgets(turn.event.body["values"]).items():
        scope, limit_usd = read_budget(*entered)
        if limit_usd != _limit(view, scope):
            await budgets.set(turn.team_id, scope, limit_usd, turn.user, turn.event.key)
    shown = (await budgets.view(turn.team_id)).caps
    await turn.say("\n".join(map(_line, shown)))


def _limit(view: BudgetView, scope: str) -> object:
    budget = next((each for each in view.set if each.scope == scope), None)
    return None if budget is None else budget.limit_usd


def _line(cap: Cap) -> str:
    return f"The limit {cap.scope.words}: {cap_words(cap)}."


async def _budget(services: Services, team_id: str, _subject: Mapping[str, Any]) -> Message:
    return budget_message(await services.budgets.view(team_id))


BUDGET = Feature(
    subcommand="budget",
    usage="budget [run|day|workspace AMOUNT]",
    summary="what this workspace may spend and what is left; admins set it",
    command=_command,
    said=re.compile(r"budgets?[.!?]*", re.IGNORECASE),
    openers={CHANGE_BUDGET: _form},
    views={SET_BUDGET: _submitted},
    checks={SET_BUDGET: _wrong},
    cards={"budget": _budget},
)
