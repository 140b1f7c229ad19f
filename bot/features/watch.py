"""Watch: verdicts that are checked when prices, measurements or volumes change; a flip is one reply in the thread."""

from collections.abc import Mapping
from typing import Any

from agents.decision.interview import read_reply
from agents.errors import UserError
from agents.store.inbox import Event
from agents.store.outbox import Card, upsert_card
from agents.wiring import Services
from bot.blocks.message import Block, Message
from bot.blocks.verdict import STOP_WATCH, WATCH
from bot.blocks.watch import (
    UPDATE_VOLUME,
    VOLUME,
    VOLUME_ENTERED,
    entered_volume,
    flip_message,
    volume_form,
    watches_message,
)
from bot.feature import Feature, Turn, action_value


async def _save(turn: Turn) -> None:
    await turn.services.watches.save(turn.team_id, turn.action_value()["conversation_id"], turn.user)


async def _stop(turn: Turn) -> None:
    watch = await turn.services.watches.stop(turn.team_id, turn.action_value()["watch_id"], turn.user)
    await turn.say(f"\u201c{watch.title}\u201d is no longer watched.")


async def _command(turn: Turn) -> None:
    """Show the person alone what is watched."""
    channel, thread_ts = turn.place
    is_direct = turn.event.channel is None or channel.startswith("D")
    card = Card(f"watches:{turn.event.key}", channel, thread_ts, "watches", {}, None if is_direct else turn.user)
    async with turn.services.database.team(turn.team_id) as connection:
        await upsert_card(connection, turn.team_id, card)


async def _form(services: Services, event: Event) -> Block:
    watch = await services.watches.find(event.team_id, action_value(event)["watch_id"])
    place = {"channel": event.channel, "thread_ts": event.thread_ts, "watch_id": watch.watch_id}
    return volume_form(watch, place)


async def _wrong(_services: Services, event: Event) -> Mapping[str, str]:
    try:
        reply = read_reply("requests_per_day", entered_volume(event.body["values"]))
    except UserError as error:
        return {VOLUME: str(error)}
    return {} if reply.values["requests_per_day"] is not None else {VOLUME: "Write a volume, such as 2M a month."}


async def _entered(turn: Turn) -> None:
    said = await turn.services.watches.set_volume(
        turn.team_id,
        turn.event.body["metadata"]["watch_id"],
        entered_volume(turn.event.body["values"]),
        turn.user,
        source=turn.event.key,
    )
    await turn.say(said)


async def _flip(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    return flip_message(await services.watches.flip(team_id, subject["watch_id"], subject["n"]))


async def _watches(services: Services, team_id: str, _subject: Mapping[str, Any]) -> Message:
    return watches_message(await services.watches.list(team_id))


WATCHING = Feature(
    subcommand="watch",
    usage="watch",
    summary="decisions that are watched, and what would flip them",
    command=_command,
    actions={WATCH: _save, STOP_WATCH: _stop},
    openers={UPDATE_VOLUME: _form},
    checks={VOLUME_ENTERED: _wrong},
    views={VOLUME_ENTERED: _entered},
    cards={"watch_flip": _flip, "watches": _watches},
)
