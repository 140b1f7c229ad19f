"""Costs: the comparison of a conversation, as a table, a chart and a CSV file."""

import re
from collections.abc import Mapping
from typing import Any, cast

from agents.costs.derived.figures import derivation
from agents.costs.guide_tables.tables import guide_tables
from agents.errors import UserError
from agents.services.conversation_cards import card_key
from agents.services.costs import ChartKind
from agents.store import inbox
from agents.store.inbox import Event
from agents.wiring import Services
from bot.blocks.costs import CHART, CSV, GUIDE, LINK, WHY_FIGURE, costs_message, link_message
from bot.blocks.costs_guide import GUIDE_TABLE, guide_message
from bot.blocks.costs_why import DRILL, PICK_FIGURE, derivation_modal, figures_modal
from bot.blocks.message import Block, Message
from bot.blocks.verdict import COSTS
from bot.feature import VIEWS_IN_STACK, Feature, Turn, action_value, stack_height
from bot.pointers import point_to, show_or_point

_NO_CONVERSATION = (
    "There is nothing here to price yet. Fill in the form of `/cairn cost`, or begin with `/cairn decide` and press "
    "“Compare costs”."
)
# How many figures a modal leads back to; its metadata takes 3,000 characters.
_LONGEST_TRAIL = 12


async def _command(turn: Turn) -> None:
    """Price the conversation of the thread, or the newest that the person started in the channel."""
    channel, thread_ts = turn.place
    async with turn.services.database.team(turn.team_id) as connection:
        if thread_ts is not None:
            found = await inbox.conversation_of_thread(connection, turn.team_id, channel, thread_ts)
        else:
            found = await inbox.newest_conversation(connection, turn.team_id, channel, turn.user)
    if found is None:
        raise UserError(_NO_CONVERSATION)
    await _show(turn, found)


async def _pressed(turn: Turn) -> None:
    await _show(turn, turn.action_value()["conversation_id"])


async def _show(turn: Turn, conversation_id: str) -> None:
    await turn.services.conversations.show_costs(turn.team_id, conversation_id, turn.user, event_key=turn.event.key)


async def _csv(turn: Turn) -> None:
    conversation_id = turn.action_value()["conversation_id"]
    await turn.services.conversations.export(
        turn.team_id, conversation_id, turn.user, what="costs_csv", event_key=turn.event.key
    )


async def _chart(turn: Turn) -> None:
    conversation_id, _, kind = str(turn.event.body["value"]).partition(":")
    await turn.services.costs.show_chart(turn.team_id, conversation_id, cast("ChartKind", kind))


async def _guide(turn: Turn) -> None:
    """Show the guide's tables; where they are in the thread already, say where."""
    conversation_id = turn.action_value()["conversation_id"]
    await show_or_point(turn, card_key("cost_guide", conversation_id), "The guide's tables are in this thread:")
    await turn.services.costs.show_guide(turn.team_id, conversation_id, "")


async def _guide_table(turn: Turn) -> None:
    conversation_id, _, chosen = str(turn.event.body["value"]).partition(":")
    await turn.services.costs.show_guide(turn.team_id, conversation_id, chosen)


async def _link(turn: Turn) -> None:
    channel, ts = turn.event.channel, turn.event.body["message_ts"]
    if channel is None or ts is None:
        raise UserError("That card has no address. Ask for costs in its thread and press Link there.")
    await point_to(turn, channel, ts, "This comparison, to share:")


async def _figures(services: Services, event: Event) -> Block:
    conversation_id = action_value(event)["conversation_id"]
    comparison = await services.costs.comparison(event.team_id, conversation_id)
    place = {"channel": event.channel, "thread_ts": event.thread_ts}
    return figures_modal(comparison, {**place, "conversation_id": conversation_id, "height": 1})


async def _picked(services: Services, event: Event) -> Block:
    return await _derivation(services, event, str(event.body["value"]), [])


async def _drilled(services: Services, event: Event) -> Block:
    """Open the derivation of a term; in the topmost modal it takes the place of the one it was opened from."""
    value, about = action_value(event), event.body["metadata"]
    trail = list(about.get("trail") or ())
    if value.get("is_back"):
        trail = trail[:-1]
    elif stack_height(event) == VIEWS_IN_STACK:
        trail = [*trail, about["figure"]][-_LONGEST_TRAIL:]
    return await _derivation(services, event, value["figure"], trail)


async def _derivation(services: Services, event: Event, figure: str, trail: list[str]) -> Block:
    about = event.body["metadata"]
    comparison = await services.costs.comparison(event.team_id, about["conversation_id"])
    height = min(stack_height(event) + 1, VIEWS_IN_STACK)
    metadata = {**about, "figure": figure, "height": height, "trail": trail}
    return derivation_modal(derivation(comparison, figure), metadata, trail)


async def _costs(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    conversation_id = subject["conversation_id"]
    card = await services.costs.card(team_id, conversation_id, subject.get("chart", "volume"))
    return costs_message(conversation_id, card)


async def _guide_card(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    conversation_id = subject["conversation_id"]
    comparison = await services.costs.comparison(team_id, conversation_id)
    return guide_message(conversation_id, guide_tables(comparison), subject.get("table", ""))


async def _pointer(_services: Services, _team_id: str, subject: Mapping[str, Any]) -> Message:
    return link_message(subject["channel"], subject["ts"], subject["text"])


COSTS_FEATURE = Feature(
    subcommand="costs",
    usage="costs",
    summary="compare what each way costs, for your newest decision here",
    command=_command,
    # The bare singular answers the first question: "cost" is what goes wrong.
    said=re.compile(r"costs[.!?]*|compare costs?[.!?]*", re.IGNORECASE),
    actions={COSTS: _pressed, CSV: _csv, CHART: _chart, GUIDE: _guide, GUIDE_TABLE: _guide_table, LINK: _link},
    openers={WHY_FIGURE: _figures, PICK_FIGURE: _picked, DRILL: _drilled},
    cards={"costs": _costs, "cost_guide": _guide_card, "link": _pointer},
)
