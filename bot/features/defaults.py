"""Defaults: what a workspace had remembered, offered in new threads; shown, set and forgotten by `/cairn defaults`."""

import re
from collections.abc import Mapping
from typing import Any

from agents.errors import UserError
from agents.store.inbox import Event
from agents.store.outbox import Card, touch_card, upsert_card
from agents.wiring import Services
from bot.blocks.defaults import (
    DECLINE,
    FORGET_DEFAULT,
    REMEMBER,
    REMEMBERED,
    USE,
    defaults_message,
    first_box,
    kept_text,
    offer_message,
    picked_marks,
    remember_form,
)
from bot.blocks.elements import escaped
from bot.blocks.message import Block, Message
from bot.feature import Feature, Turn, action_value
from bot.features.beside import beside
from bot.routing import first_word


async def _command(turn: Turn) -> None:
    """Show the defaults, or set or forget one."""
    word, rest = first_word(turn.text)
    defaults = turn.services.defaults
    if word in {"", "list"}:
        await _show(turn)
    elif word == "set":
        name, value = first_word(rest)
        await turn.say(kept_text(await defaults.set(turn.team_id, name, value, turn.user, turn.event.key)))
    elif word in {"forget", "unset", "remove"}:
        if not rest:
            raise UserError("Write which one: `/cairn defaults forget gpu`. `/cairn forget defaults` forgets all.")
        await turn.say(_forgotten(await defaults.forget(turn.team_id, [rest], turn.user, turn.event.key)))
    else:
        raise UserError(f"`/cairn defaults` does not know {word!r}. It takes `set NAME VALUE` and `forget NAME`.")


async def _show(turn: Turn) -> None:
    """Show the person alone what is remembered."""
    channel, thread_ts = turn.place
    is_direct = turn.event.channel is None or channel.startswith("D")
    key = f"defaults:{turn.event.key}"
    card = Card(key, channel, thread_ts, "defaults", {"card": key}, None if is_direct else turn.user)
    async with turn.services.database.team(turn.team_id) as connection:
        await upsert_card(connection, turn.team_id, card)


async def _forget(turn: Turn) -> None:
    """Forget what the pressed button stands for, and show what is left where that can be edited."""
    pressed = turn.action_value()
    names = await turn.services.defaults.forget(turn.team_id, pressed["names"], turn.user, turn.event.key)
    async with turn.services.database.team(turn.team_id) as connection:
        await touch_card(connection, turn.team_id, str(pressed.get("card", "")))
    await beside(turn).say(_forgotten(names))


async def _form(services: Services, event: Event) -> Block:
    conversation_id = action_value(event)["conversation_id"]
    found = await services.defaults.rememberable(event.team_id, conversation_id, event.user_id)
    place = {"channel": event.channel, "thread_ts": event.thread_ts}
    return remember_form(found, {**place, "conversation_id": conversation_id})


async def _wrong(_services: Services, event: Event) -> Mapping[str, str]:
    values = event.body["values"]
    return {} if picked_marks(values) else {first_box(values): "Tick what is to be remembered, or cancel."}


async def _remember(turn: Turn) -> None:
    body = turn.event.body
    marks = picked_marks(body["values"])
    views = await turn.services.defaults.remember(
        turn.team_id, body["metadata"]["conversation_id"], marks, turn.user, turn.event.key
    )
    names = {mark.partition(":")[0] for mark in marks}
    await turn.say(kept_text([each for each in views if each.name in names]))


async def _use(turn: Turn) -> None:
    pressed = turn.action_value()
    await turn.services.defaults.use(
        turn.team_id, pressed["conversation_id"], turn.user, turn.event.key, mark=pressed["mark"]
    )


async def _decline(turn: Turn) -> None:
    await turn.services.defaults.decline(turn.team_id, turn.action_value()["conversation_id"], turn.user)


def _forgotten(names: tuple[str, ...]) -> str:
    return f"Forgotten: {escaped(', '.join(names))}." if names else "The workspace's defaults are forgotten."


async def _card(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    return defaults_message(await services.defaults.list(team_id), subject["card"])


async def _offer(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    return offer_message(await services.defaults.offer(team_id, subject["conversation_id"], subject))


DEFAULTS = Feature(
    subcommand="defaults",
    usage="defaults [set NAME VALUE]",
    summary="what this workspace had remembered: models, GPUs, prices, volumes",
    command=_command,
    said=re.compile(r"defaults[.!?]*", re.IGNORECASE),
    actions={USE: _use, DECLINE: _decline, FORGET_DEFAULT: _forget},
    openers={REMEMBER: _form},
    checks={REMEMBERED: _wrong},
    views={REMEMBERED: _remember},
    cards={"defaults": _card, "defaults_offer": _offer},
)
