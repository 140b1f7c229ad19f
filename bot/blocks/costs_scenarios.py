"""Scenarios: their list, the forms that name and compare them, and two of them side by side."""

from collections.abc import Mapping
from typing import Any

from agents.costs.wording import dollars
from agents.services.cost_scenarios import LONGEST_NAME, NOW, NOW_NAME, ScenarioList
from agents.services.cost_side_by_side import SideBySide, SideBySideRow, month, more
from bot.blocks.costs import SAVE_SCENARIO
from bot.blocks.elements import (
    Align,
    actions,
    bullets,
    button,
    choice,
    confirmation,
    context,
    escaped,
    input_block,
    message,
    modal,
    option,
    person,
    section,
    table,
    text_input,
)
from bot.blocks.message import Block, Message
from bot.blocks.words import instant

NAME_FORM, COMPARE_FORM = "name_scenario", "compare_scenarios"
COMPARE, RENAME, DELETE = "compare_scenario", "rename_scenario", "delete_scenario"
NAME, LEFT, RIGHT = "name", "left", "right"
_ENTERED = "entered"
_ALIGN: tuple[Align, ...] = ("left", "right", "right", "right", "right", "right")
_INPUTS_SHOWN = 10


def scenarios_message(conversation_id: str, kept: ScenarioList) -> Message:
    """Return the list of scenarios with what can be done to each."""
    save = button("Save what holds now", SAVE_SCENARIO, {"conversation_id": conversation_id})
    if not kept.scenarios:
        return message("No scenarios", [section("*Scenarios*\nNone is saved here."), actions(save)])
    blocks: list[Block] = [section("*Scenarios*: inputs under a name, priced with today's prices when compared")]
    for scenario in kept.scenarios:
        of = {"conversation_id": conversation_id, "scenario_id": scenario.id}
        sure = confirmation("Delete it?", f"“{escaped(scenario.name)}” cannot be brought back.", "Delete")
        blocks += [
            section(f"*{escaped(scenario.name)}* · {person(scenario.saved_by)} · {instant(scenario.saved_at)}"),
            actions(
                button("Compare…", COMPARE, of),
                button("Rename", RENAME, {**of, "name": scenario.name}),
                button("Delete", DELETE, of, style="danger", confirm=sure),
            ),
        ]
    blocks.append(actions(save))
    return message("Scenarios: " + ", ".join(each.name for each in kept.scenarios), blocks)


def name_modal(metadata: Mapping[str, Any], *, begun: str = "") -> Block:
    """Return the form that names a scenario: a new one, or where it `begun` with a name the one that has it."""
    element = text_input(_ENTERED, "Twice the traffic", most=LONGEST_NAME, begun=begun)
    hint = "" if begun else "Keeps the inputs as they are now, to be compared with others later."
    title, submit = ("Rename scenario", "Rename") if begun else ("Save as scenario", "Save")
    return modal(NAME_FORM, title, [input_block(NAME, "Name", element, hint=hint)], submit=submit, metadata=metadata)


def entered_name(values: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the name as typed."""
    return str(values[NAME][_ENTERED] or "")


def compare_modal(kept: ScenarioList, right: str, metadata: Mapping[str, Any]) -> Block:
    """Return the form that picks two scenarios; what holds now may be one of them."""
    now = [option(NOW_NAME, NOW)] if kept.is_priced else []
    options = [*now, *(option(each.name, each.id) for each in kept.scenarios)]

    def picker(begun: str) -> Block:
        return choice(_ENTERED, "Pick one", options, chosen=begun)

    blocks = [input_block(LEFT, "This", picker(NOW)), input_block(RIGHT, "With", picker(right))]
    return modal(COMPARE_FORM, "Compare scenarios", blocks, submit="Compare", metadata=metadata)


def entered_pair(values: Mapping[str, Mapping[str, Any]]) -> tuple[str, str]:
    """Return the two that were picked."""
    return str(values[LEFT][_ENTERED]), str(values[RIGHT][_ENTERED])


def side_by_side_message(both: SideBySide) -> Message:
    """Return two scenarios beside each other."""
    left, right = escaped(both.left_name), escaped(both.right_name)
    header = ("Approach", both.left_name, both.right_name, "Difference", "Upfront", "Upfront difference")
    differing = [f"{escaped(each.label)}: {escaped(each.left)} → *{escaped(each.right)}*" for each in both.inputs]
    blocks: list[Block] = [
        section(f"*{left}* beside *{right}*, a month\n{_leaders(both)}"),
        table([header, *(_row(row) for row in both.rows)], _ALIGN),
        *(bullets("What differs", differing, _INPUTS_SHOWN) or [section("No input differs.")]),
        context(f"Both at prices as of {both.right.as_of:%d %B %Y}. Differences are {right} less {left}."),
    ]
    return message(f"{both.left_name} beside {both.right_name}", blocks)


def _leaders(both: SideBySide) -> str:
    first, second = both.left.cheapest, both.right.cheapest
    if first is None or second is None:
        return "One of them has no ranking."
    if first.label == second.label:
        return f"{escaped(first.label)} is the cheapest in both."
    left, right = escaped(both.left_name), escaped(both.right_name)
    return f"Cheapest: {escaped(first.label)} in “{left}”, {escaped(second.label)} in “{right}”."


def _row(row: SideBySideRow) -> tuple[str, ...]:
    upfront = "-" if row.right is None else dollars(row.right.usd_upfront.value)
    cells = (row.label, month(row.left), month(row.right), more(row.usd_per_month_more, row.left), upfront)
    return (*cells, more(row.usd_upfront_more))
