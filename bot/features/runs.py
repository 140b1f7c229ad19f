"""Runs: what is running and what became of it, and the buttons that cancel and retry."""

import re
from collections.abc import Mapping
from typing import Any

from agents.store.inbox import Event
from agents.store.outbox import Card, upsert_card
from agents.wiring import Services
from bot.blocks.message import Block, Message
from bot.blocks.run import CANCEL, DETAILS, RETRY, details_view, run_end_message, run_line, run_message
from bot.feature import Feature, Turn, action_value

_LISTED = 10


async def _command(turn: Turn) -> None:
    if turn.text:
        await _show_one(turn, turn.text)
        return
    newest = await turn.services.runs.newest(turn.team_id, _LISTED)
    lines = [run_line(run) for run in newest]
    if not lines:
        await turn.say("There are no runs yet. `/cairn index` proposes one.")
        return
    await turn.say("\n".join(["*Newest runs*", *lines, "", "`/cairn runs ID` shows one."]))


async def _show_one(turn: Turn, prefix: str) -> None:
    run = await turn.services.runs.find(turn.team_id, prefix.strip("` "))
    channel, thread_ts = turn.place
    card = Card(f"run:{run.id}:for:{turn.event.key}", channel, thread_ts, "run", {"run_id": run.id}, turn.user)
    async with turn.services.database.team(turn.team_id) as connection:
        await upsert_card(connection, turn.team_id, card)


async def _cancel(turn: Turn) -> None:
    await turn.services.runs.cancel(turn.team_id, turn.action_value()["run_id"], turn.user, turn.event.key)


async def _retry(turn: Turn) -> None:
    await turn.services.runs.retry(turn.team_id, turn.action_value()["run_id"], turn.user, turn.event.key)


async def _details(services: Services, event: Event) -> Block:
    return details_view(await services.runs.view(event.team_id, action_value(event)["run_id"]))


async def _run(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    return run_message(await services.runs.view(team_id, subject["run_id"]))


async def _run_end(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    return run_end_message(await services.runs.view(team_id, subject["run_id"]))


RUNS = Feature(
    subcommand="runs",
    usage="runs [ID]",
    summary="the newest runs, or one of them",
    command=_command,
    said=re.compile(r"(?:my )?runs(?P<text>| [0-9a-f]{4,12})[.!?]*", re.IGNORECASE),
    actions={CANCEL: _cancel, RETRY: _retry},
    openers={DETAILS: _details},
    cards={"run": _run, "run_end": _run_end},
)
