"""Runs: what is running and what became of it, and the buttons that cancel and retry."""

import re
from collections.abc import Mapping
from typing import Any

from agents.runs.states import RunState
from agents.store.inbox import Event
from agents.store.outbox import Card, upsert_card
from agents.wiring import Services
from bot.blocks.message import Attachment, Block, Message
from bot.blocks.report import loss_message, model_card_message, report_message
from bot.blocks.run import CANCEL, DETAILS, RETRY, run_end_message, run_line, run_message, run_title
from bot.blocks.run_details import LOG_FILE, details_view
from bot.feature import Feature, Turn, action_value

_LISTED = 10
# Of each stage's log, in the details.
_LAST_LINES = 8


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
    run_id = action_value(event)["run_id"]
    run = await services.runs.view(event.team_id, run_id)
    return details_view(run, await services.outputs.of_run(event.team_id, run_id, last=_LAST_LINES))


async def _post_log(turn: Turn) -> None:
    run = await turn.services.runs.view(turn.team_id, turn.action_value()["run_id"])
    channel, thread_ts = (run.channel, run.thread_ts) if run.channel is not None else turn.place
    card = Card(f"run_log:{run.id}:{turn.event.key}", channel, thread_ts, "run_log", {"run_id": run.id})
    async with turn.services.database.team(turn.team_id) as connection:
        await upsert_card(connection, turn.team_id, card)


async def _run(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    run_id = subject["run_id"]
    return run_message(
        await services.runs.view(team_id, run_id), await services.outputs.of_run(team_id, run_id, last=1)
    )


async def _run_end(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    view = await services.reports.of_run(team_id, subject["run_id"])
    # A later attempt may have ended otherwise than the one that is told of, as a run that was taken up again.
    if view.report is None or view.run.state is not RunState.DONE:
        return run_end_message(await services.runs.view(team_id, subject["run_id"]))
    return report_message(view, view.report)


async def _loss_curve(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    return loss_message(await services.reports.loss(team_id, subject["run_id"]))


async def _model_card(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    return model_card_message(*await services.reports.model_card(team_id, subject["run_id"]))


async def _run_log(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    run = await services.runs.view(team_id, subject["run_id"])
    content = await services.outputs.log_file(run, team_id)
    title = f"Log of {run_title(run)}"
    log = Attachment(
        content=content.encode(), filename=f"run-{run.id}.log", title=title, comment=f"{title}, run `{run.id}`"
    )
    return Message(text=title, attachment=log)


RUNS = Feature(
    subcommand="runs",
    usage="runs [ID]",
    summary="the newest runs, or one of them",
    command=_command,
    said=re.compile(r"(?:my )?runs(?P<text>| [0-9a-f]{4,12})[.!?]*", re.IGNORECASE),
    actions={CANCEL: _cancel, RETRY: _retry, LOG_FILE: _post_log},
    openers={DETAILS: _details},
    cards={"run": _run, "run_end": _run_end, "run_log": _run_log, "loss_curve": _loss_curve, "model_card": _model_card},
)
