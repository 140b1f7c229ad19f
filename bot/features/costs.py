"""Costs: the comparison of a conversation, as a table, a chart and a CSV file."""

import re
from collections.abc import Mapping
from typing import Any

from agents.errors import UserError
from agents.store import inbox
from agents.wiring import Services
from bot.blocks.costs import CSV, costs_message
from bot.blocks.message import Message
from bot.blocks.verdict import COSTS
from bot.feature import Feature, Turn

_NO_CONVERSATION = "There is no decision here to price yet. Start one with `/cairn decide`, then press “Compare costs”."


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


async def _costs(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    conversation_id = subject["conversation_id"]
    return costs_message(conversation_id, await services.costs.card(team_id, conversation_id))


COSTS_FEATURE = Feature(
    subcommand="costs",
    usage="costs",
    summary="compare what each way costs, for your newest decision here",
    command=_command,
    # The bare singular answers the first question: "cost" is what goes wrong.
    said=re.compile(r"costs[.!?]*|compare costs?[.!?]*", re.IGNORECASE),
    actions={COSTS: _pressed, CSV: _csv},
    cards={"costs": _costs},
)
