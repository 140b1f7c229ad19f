"""Prices: what comparisons are made with, and how approvers set, remove and refresh it."""

import re
from collections.abc import Mapping
from typing import Any

from agents.costs.prices.typed import HOW, PriceTypoError, gpu_price, model_price
from agents.errors import UserError
from agents.services.price_refresh import said_of_refresh
from agents.services.prices import said_of
from agents.store.inbox import Event
from agents.store.outbox import Card, upsert_card
from agents.wiring import Services
from bot.blocks.elements import escaped
from bot.blocks.message import Block, Message
from bot.blocks.prices import (
    GPU_FORM,
    MODEL_FORM,
    NAME,
    REFRESH,
    SET_GPU,
    SET_MODEL,
    UNSET,
    UNSET_FORM,
    entered_price,
    gpu_form,
    history_text,
    model_form,
    prices_message,
    unset_form,
)
from bot.feature import Feature, Turn
from bot.features.beside import beside, place_beside
from bot.routing import first_word

_COMMANDS = "`set NAME in=2 out=10`, `set GPU hour=2.50`, `unset NAME`, `history NAME`, `refresh`, `list`"


async def _command(turn: Turn) -> None:
    """Show the prices, or do what the words say."""
    word, rest = first_word(turn.text)
    prices = turn.services.prices
    if word in {"", "list"}:
        await _show(turn)
    elif word == "set":
        await turn.say(escaped(said_of(await prices.set(turn.team_id, rest, turn.user, turn.event.key))))
    elif word in {"unset", "remove"}:
        await turn.say(escaped(said_of(await prices.unset(turn.team_id, rest, turn.user, turn.event.key))))
    elif word == "history":
        await turn.say(history_text(await prices.history(turn.team_id, rest)))
    elif word == "refresh":
        await _refresh(turn)
    else:
        raise UserError(f"`/cairn prices` does not know {word!r}. It takes {_COMMANDS}. {HOW}")


async def _show(turn: Turn) -> None:
    channel, thread_ts = turn.place
    card = Card(f"prices:{turn.event.key}", channel, thread_ts, "prices", {}, None)
    async with turn.services.database.team(turn.team_id) as connection:
        await upsert_card(connection, turn.team_id, card)


async def _refresh(turn: Turn) -> None:
    found = await turn.services.price_refresh.refresh(turn.team_id, turn.user, turn.event.key)
    await beside(turn).say(escaped(said_of_refresh(found)))


async def _model_form(services: Services, event: Event) -> Block:
    return model_form(await _place(services, event))


async def _gpu_form(services: Services, event: Event) -> Block:
    return gpu_form(await _place(services, event))


async def _unset_form(services: Services, event: Event) -> Block:
    place = await _place(services, event)
    view = await services.prices.view(event.team_id)
    if not view.own:
        raise UserError("This workspace has no price of its own any more.")
    return unset_form(view, place)


async def _place(services: Services, event: Event) -> Mapping[str, Any]:
    await services.prices.require_setter(event.team_id, event.user_id)
    return place_beside(event)


async def _wrong(_services: Services, event: Event) -> Mapping[str, str]:
    name, given = entered_price(event.body["values"])
    read = model_price if event.body["callback_id"] == MODEL_FORM else gpu_price
    if not re.search(r"\w", name):
        return {NAME: f"{name!r} cannot be the name of a model or a GPU."}
    try:
        read(given)
    except PriceTypoError as cause:
        return {cause.key or next(iter(given), NAME): cause.reason}
    return {}


async def _submitted(turn: Turn) -> None:
    name, given = entered_price(turn.event.body["values"])
    text = " ".join((name, *(f"{key}={value.replace(' ', '')}" for key, value in given.items())))
    await turn.say(escaped(said_of(await turn.services.prices.set(turn.team_id, text, turn.user, turn.event.key))))


async def _removed(turn: Turn) -> None:
    name, _ = entered_price(turn.event.body["values"])
    await turn.say(escaped(said_of(await turn.services.prices.unset(turn.team_id, name, turn.user, turn.event.key))))


async def _prices(services: Services, team_id: str, _subject: Mapping[str, Any]) -> Message:
    return prices_message(await services.prices.view(team_id))


PRICES = Feature(
    subcommand="prices",
    usage="prices [set NAME in=2 out=10]",
    summary="what models and GPUs cost here; approvers set, remove and refresh",
    command=_command,
    said=re.compile(r"prices[.!?]*", re.IGNORECASE),
    actions={REFRESH: _refresh},
    openers={SET_MODEL: _model_form, SET_GPU: _gpu_form, UNSET: _unset_form},
    checks={MODEL_FORM: _wrong, GPU_FORM: _wrong},
    views={MODEL_FORM: _submitted, GPU_FORM: _submitted, UNSET_FORM: _removed},
    cards={"prices": _prices},
)
