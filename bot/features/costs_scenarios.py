"""Scenarios: inputs saved under a name, listed, renamed, deleted, and two of them side by side."""

from collections.abc import Mapping
from typing import Any

from agents.services.conversation_cards import card_key, conversation_card, conversation_of
from agents.services.cost_scenarios import NOW
from agents.store.inbox import Event
from agents.store.outbox import Card, upsert_card
from agents.wiring import Services
from bot.blocks.costs import COMPARE_WITH, SAVE_SCENARIO, SCENARIOS
from bot.blocks.costs_scenarios import (
    COMPARE,
    COMPARE_FORM,
    DELETE,
    LEFT,
    NAME,
    NAME_FORM,
    RENAME,
    RIGHT,
    compare_modal,
    entered_name,
    entered_pair,
    name_modal,
    scenarios_message,
    side_by_side_message,
)
from bot.blocks.elements import escaped
from bot.blocks.message import Block, Message
from bot.feature import Feature, Turn, action_value
from bot.pointers import show_or_point


async def _name_form(services: Services, event: Event) -> Block:
    """Return the form that saves what holds now, or renames what the button names."""
    value = action_value(event)
    if "scenario_id" not in value:
        await services.costs.comparison(event.team_id, value["conversation_id"])
    place = {"channel": event.channel, "thread_ts": event.thread_ts}
    return name_modal({**place, **value}, begun=value.get("name", ""))


async def _wrong_name(services: Services, event: Event) -> Mapping[str, str]:
    about, name = event.body["metadata"], entered_name(event.body["values"])
    renamed = about.get("scenario_id")
    wrong = await services.cost_scenarios.wrong_name(event.team_id, about["conversation_id"], name, renamed=renamed)
    return {} if wrong is None else {NAME: wrong}


async def _named(turn: Turn) -> None:
    about, name = turn.event.body["metadata"], entered_name(turn.event.body["values"])
    scenarios, conversation_id = turn.services.cost_scenarios, about["conversation_id"]
    if "scenario_id" in about:
        await scenarios.rename(turn.team_id, conversation_id, about["scenario_id"], name)
    else:
        await scenarios.save(turn.team_id, conversation_id, name, who=turn.user)
        await turn.say(f"Saved as “{escaped(name.strip())}”. Change an input, then compare with it on the costs card.")


async def _list(turn: Turn) -> None:
    conversation_id = turn.action_value()["conversation_id"]
    await show_or_point(turn, card_key("cost_scenarios", conversation_id), "The scenarios are in this thread:")
    await turn.services.cost_scenarios.show(turn.team_id, conversation_id)


async def _delete(turn: Turn) -> None:
    value = turn.action_value()
    await turn.services.cost_scenarios.delete(turn.team_id, value["conversation_id"], value["scenario_id"])


async def _compare_form(services: Services, event: Event) -> Block:
    value = action_value(event)
    kept = await services.cost_scenarios.list(event.team_id, value["conversation_id"])
    place = {"channel": event.channel, "thread_ts": event.thread_ts}
    return compare_modal(kept, value["scenario_id"], {**place, **value})


async def _wrong_pair(_services: Services, event: Event) -> Mapping[str, str]:
    left, right = entered_pair(event.body["values"])
    return {RIGHT: "That is the same one twice. Pick another."} if left == right else {}


async def _paired(turn: Turn) -> None:
    await _show_pair(turn, turn.event.body["metadata"]["conversation_id"], *entered_pair(turn.event.body["values"]))


async def _compare_with(turn: Turn) -> None:
    conversation_id, _, scenario_id = str(turn.event.body["value"]).partition(":")
    await _show_pair(turn, conversation_id, NOW, scenario_id)


async def _show_pair(turn: Turn, conversation_id: str, left: str, right: str) -> None:
    """Post two scenarios side by side; a refusal is told before anything is posted."""
    await turn.services.cost_scenarios.compare(turn.team_id, conversation_id, left, right)
    async with turn.services.database.team(turn.team_id) as connection:
        conversation = await conversation_of(connection, turn.team_id, conversation_id)
        about = conversation_card(conversation, "cost_pair")
        subject = {**about.subject, LEFT: left, RIGHT: right}
        key = f"cost_pair:{conversation_id}:{turn.event.key}"
        await upsert_card(
            connection, turn.team_id, Card(key, conversation.channel, conversation.thread_ts, "cost_pair", subject)
        )


async def _scenarios_card(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    conversation_id = subject["conversation_id"]
    return scenarios_message(conversation_id, await services.cost_scenarios.list(team_id, conversation_id))


async def _pair_card(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    conversation_id = subject["conversation_id"]
    return side_by_side_message(
        await services.cost_scenarios.compare(team_id, conversation_id, subject[LEFT], subject[RIGHT])
    )


COST_SCENARIOS_FEATURE = Feature(
    actions={SCENARIOS: _list, DELETE: _delete, COMPARE_WITH: _compare_with},
    openers={SAVE_SCENARIO: _name_form, RENAME: _name_form, COMPARE: _compare_form},
    checks={NAME_FORM: _wrong_name, COMPARE_FORM: _wrong_pair},
    views={NAME_FORM: _named, COMPARE_FORM: _paired},
    cards={"cost_scenarios": _scenarios_card, "cost_pair": _pair_card},
)
