"""What a workspace may spend: the limits as a card, the form that sets them, and the switch that stops everything."""

from collections.abc import Mapping
from typing import Any

from agents.runs.money import SETTABLE, Scope, cap_words
from agents.services.budgets import BudgetView
from agents.services.halts import Stopped
from bot.blocks.elements import (
    actions,
    button,
    context,
    escaped,
    input_block,
    message,
    modal,
    person,
    section,
    text_input,
)
from bot.blocks.message import Block, Message
from bot.blocks.words import instant, plural

CHANGE_BUDGET, SET_BUDGET = "change_budget", "set_budget"
_ENTERED = "entered"
_LABELS = {Scope.RUN: "Any one run", Scope.DAY: "A day (UTC)", Scope.WORKSPACE: "A calendar month (UTC)"}
_NAMED_OUTSIDE = 10


def budget_message(view: BudgetView) -> Message:
    """Return the limits with what is left under each, and a button that changes them."""
    lines, set_by = [], []
    for cap in view.caps:
        lines.append(f"*{_LABELS[cap.scope]}*: {cap_words(cap)}")
        budget = view.who_set(cap.scope)
        if budget is not None:
            set_by.append(f"{_LABELS[cap.scope]}: set by {person(budget.set_by)}, {instant(budget.set_at)}")
    rule = "Beside these, no run spends more than was approved for it. Admins set the limits."
    blocks = [section("\n".join(lines)), context("\n".join([*set_by, rule])), actions(button("Change", CHANGE_BUDGET))]
    return message("What this workspace may spend", blocks)


def budget_form(view: BudgetView, metadata: Mapping[str, Any]) -> Block:
    """Return the form with the limits as they are; an empty field is no limit."""
    blocks = [context("In dollars; leave a field empty for no limit. It holds for runs in hand as well.")]
    for scope in SETTABLE:
        budget = view.who_set(scope)
        begun = f"{budget.limit_usd.normalize():f}" if budget is not None else ""
        amount = text_input(_ENTERED, "no limit", most=20, begun=begun)
        blocks.append(input_block(scope, _LABELS[scope], amount, is_optional=True))
    return modal(SET_BUDGET, "Budgets", blocks, submit="Set", metadata=metadata)


def entered_budgets(values: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return what was entered for each limit, `none` for an empty field."""
    return {str(scope): str(values[scope][_ENTERED] or "").strip() or "none" for scope in SETTABLE}


def stopped_text(stopped: Stopped) -> str:
    """Return what was stopped, and what goes on where Cairn cannot stop it."""
    halt = stopped.halt
    reason = f": {escaped(halt.reason)}" if halt.reason else ""
    until = "Nothing is approved, begun or paid for until an admin writes `/cairn resume-all`."
    lines = [
        f"Everything is stopped by {person(halt.who)}{reason}.",
        f"{plural(len(stopped.runs), 'runs')} stopped now. {until}",
    ]
    if stopped.outside:
        lines.append("*Outside this goes on, or may; end it there if it must not:*")
        lines += [
            f"•  {escaped(each.kind)} `{escaped(each.external_id or 'id not known')}` (run `{each.run_id}`)"
            for each in stopped.outside[:_NAMED_OUTSIDE]
        ]
        if len(stopped.outside) > _NAMED_OUTSIDE:
            lines.append(f"_and {len(stopped.outside) - _NAMED_OUTSIDE} more: `cairn stop-all --json` lists them_")
    return "\n".join(lines)
