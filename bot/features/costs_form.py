"""The cost form: `/cairn cost` and the costs card's buttons open it, whole or for one input."""

from collections.abc import Mapping
from typing import Any

from agents.errors import UserError
from agents.store import conversations, inbox
from agents.store.inbox import Event
from agents.wiring import Services
from bot.blocks.costs import CHANGE_INPUT, CHANGE_INPUTS
from bot.blocks.costs_form import (
    COST_FORM,
    COST_INPUT,
    NEW,
    PLACE,
    VALUE,
    cost_form_modal,
    entered_form,
    entered_input,
    input_modal,
)
from bot.blocks.message import Block
from bot.feature import VIEWS_IN_STACK, Feature, Turn, action_value, stack_height
from bot.threads import place_of

_OPENING = "What would it cost?"


async def _form(services: Services, event: Event) -> Block:
    """Return the form, filled from the person's newest conversation in the channel where there is one."""
    place = {"channel": event.channel, "thread_ts": event.thread_ts}
    if event.kind == "action":
        conversation_id = action_value(event)["conversation_id"]
        form = await services.cost_edits.form(event.team_id, conversation_id)
        return cost_form_modal(form, {**place, "conversation_id": conversation_id})
    found = None
    async with services.database.team(event.team_id) as connection:
        if event.channel is not None:
            found = await inbox.newest_conversation(connection, event.team_id, event.channel, event.user_id)
        conversation = None if found is None else await conversations.load(connection, event.team_id, found)
    form = await services.cost_edits.form(event.team_id, found)
    if conversation is None:
        return cost_form_modal(form, place)
    begun = f"Your newest decision here, of {conversation.created_at:%d %B %H:%M} UTC"
    return cost_form_modal(form, place, found=(conversation.id, begun))


async def _wrong(services: Services, event: Event) -> Mapping[str, str]:
    entered = entered_form(event.body["values"])
    return await services.cost_edits.wrong_form(event.team_id, _conversation(event, entered), entered)


async def _submitted(turn: Turn) -> None:
    """Take the form into its conversation, which begins in a thread of its own where there is none."""
    entered = entered_form(turn.event.body["values"])
    edits, conversation_id = turn.services.cost_edits, _conversation(turn.event, entered)
    if conversation_id is None:
        channel, thread_ts = await place_of(turn, _OPENING)
        conversation_id = await edits.begin(turn.team_id, channel, thread_ts, turn.user)
    await edits.take_form(turn.team_id, conversation_id, entered, who=turn.user, source=turn.event.key)


def _conversation(event: Event, entered: Mapping[str, Any]) -> str | None:
    """Return the conversation that a form is for, None for one that is to begin."""
    if PLACE in entered:
        return None if entered[PLACE] == NEW else str(entered[PLACE])
    conversation_id = event.body["metadata"].get("conversation_id")
    return None if conversation_id is None else str(conversation_id)


async def _input_form(services: Services, event: Event) -> Block:
    """Return the form of one input, chosen on the card or in the derivation of a figure."""
    conversation_id, _, key = str(event.body["value"]).partition(":")
    shown = await services.cost_edits.input(event.team_id, conversation_id, key)
    height = min(stack_height(event) + 1, VIEWS_IN_STACK)
    place = {"channel": event.channel, "thread_ts": event.thread_ts, "height": height}
    return input_modal(shown, {**place, "conversation_id": conversation_id, "key": key})


async def _wrong_input(services: Services, event: Event) -> Mapping[str, str]:
    about, text = event.body["metadata"], entered_input(event.body["values"])
    wrong = await services.cost_edits.wrong_input(event.team_id, about["conversation_id"], about["key"], text)
    return {} if wrong is None else {VALUE: wrong}


async def _input_submitted(turn: Turn) -> None:
    about, text = turn.event.body["metadata"], entered_input(turn.event.body["values"])
    await turn.services.cost_edits.take_input(
        turn.team_id, about["conversation_id"], about["key"], text, who=turn.user, source=turn.event.key
    )


async def _command(_turn: Turn) -> None:
    raise UserError("`/cairn cost` takes no words: it opens a form for them. `/cairn costs` shows the comparison.")


COST_FORM_FEATURE = Feature(
    subcommand="cost",
    usage="cost",
    summary="enter volumes, tokens, models and GPUs in a form, and compare what each way costs",
    command=_command,
    openers={"/cost": _form, CHANGE_INPUTS: _form, CHANGE_INPUT: _input_form},
    checks={COST_FORM: _wrong, COST_INPUT: _wrong_input},
    views={COST_FORM: _submitted, COST_INPUT: _input_submitted},
)
