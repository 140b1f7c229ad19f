"""The model that talks: who it is, what it costs, and how admins switch it and set what it may cost."""

import re
from collections.abc import Mapping
from typing import Any

from agents.errors import UserError
from agents.runs.roles import Role
from agents.services.talk_limits import Given, TalkScope, read_talk_budget
from agents.services.talking import TalkingView, limit_words
from agents.store.inbox import Event
from agents.store.outbox import Card, upsert_card
from agents.wiring import Services
from bot.blocks.message import Block, Message
from bot.blocks.model import (
    CHANGE_LIMITS,
    SET_LIMITS,
    USE_TALKER,
    entered_limits,
    limits_form,
    model_message,
)
from bot.feature import Feature, Turn
from bot.features.beside import place_beside
from bot.routing import first_word

_KNOWS = "It takes `use NAME`, `use default`, `limit SCOPE AMOUNT`, or nothing to show who talks."


async def _command(turn: Turn) -> None:
    """Show who talks, or do what the words say."""
    word, rest = first_word(turn.text)
    if not word:
        await _show(turn)
    elif word == "use" and rest:
        await _switch(turn, rest)
    elif word == "limit" and rest:
        scope, given = read_talk_budget(*first_word(rest))
        view = await turn.services.talk_budgets.set(turn.team_id, scope, given, turn.user, turn.event.key)
        await turn.say(f"The limit {scope.words}: {limit_words(view.cap(scope), is_counted=_is_of_all(scope))}.")
    else:
        raise UserError(f"`/cairn model` does not know {turn.text[:60]!r}. {_KNOWS}")


async def _show(turn: Turn) -> None:
    channel, thread_ts = turn.place
    subject = {"user": turn.user, "conversation_id": await _conversation_id(turn)}
    # What somebody's talking costs is for them; in direct messages nobody else is there.
    to = None if turn.event.body.get("is_direct") else turn.user
    card = Card(f"model:{turn.event.key}", channel, thread_ts, "model", subject, to)
    async with turn.services.database.team(turn.team_id) as connection:
        await upsert_card(connection, turn.team_id, card)


async def _conversation_id(turn: Turn) -> str | None:
    event = turn.event
    if event.channel is None or event.thread_ts is None:
        return None
    return await turn.services.talk_budgets.conversation_id(turn.team_id, event.channel, event.thread_ts)


async def _switch(turn: Turn, name: str) -> None:
    view = await turn.services.talkers.set(turn.team_id, name, turn.user, turn.event.key)
    by = f"`{view.model}`" if view.model else "rules and buttons, without a model"
    await turn.say(f"From the next message on {view.name} talks in this workspace: {by}.")


async def _chosen(turn: Turn) -> None:
    await _switch(turn, str(turn.event.body["value"]))


async def _form(services: Services, event: Event) -> Block:
    await services.talk_budgets.require_setter(event.team_id, event.user_id)
    return limits_form(await services.talking.view(event.team_id), place_beside(event))


async def _wrong(_services: Services, event: Event) -> Mapping[str, str]:
    wrong = {}
    for scope, amount in entered_limits(event.body["values"]).items():
        try:
            read_talk_budget(scope, amount)
        except UserError as cause:
            wrong[scope] = str(cause)
    return wrong


async def _submitted(turn: Turn) -> None:
    """Set the limits that were changed in the form, and say how all of them stand."""
    budgets = turn.services.talk_budgets
    before = await turn.services.talking.view(turn.team_id)
    for entered in entered_limits(turn.event.body["values"]).items():
        scope, given = read_talk_budget(*entered)
        if given != _given(before, scope):
            await budgets.set(turn.team_id, scope, given, turn.user, turn.event.key)
    caps = (await budgets.view(turn.team_id)).caps
    await turn.say(
        "\n".join(f"The limit {cap.scope.words}: {limit_words(cap, is_counted=_is_of_all(cap.scope))}." for cap in caps)
    )


def _given(view: TalkingView, scope: TalkScope) -> Given:
    budget = view.costs.who_set(scope)
    return "default" if budget is None else budget.limit_usd


def _is_of_all(scope: TalkScope) -> bool:
    """Return whether a limit is the whole workspace's, so that all there is counts against it."""
    return scope in {TalkScope.DAY, TalkScope.WORKSPACE}


async def _model(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    user = str(subject["user"])
    view = await services.talking.view(team_id, user_id=user, conversation_id=subject["conversation_id"])
    standing = await services.people.standing(team_id, user)
    return model_message(view, may_change=standing.role >= Role.ADMIN)


MODEL = Feature(
    subcommand="model",
    usage="model [use NAME | limit thread 2]",
    summary="who talks, what that costs and may cost; admins switch and set limits",
    command=_command,
    said=re.compile(r"(?:model|who talks|who is talking|which model (?:is this|talks))[?.!]*", re.IGNORECASE),
    actions={USE_TALKER: _chosen},
    openers={CHANGE_LIMITS: _form},
    views={SET_LIMITS: _submitted},
    checks={SET_LIMITS: _wrong},
    cards={"model": _model},
)
