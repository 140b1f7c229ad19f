"""Threads that Cairn starts: a slash command and the Home tab have none to answer in."""

import asyncio
import time

from agents.errors import UserError
from agents.store.outbox import Card, posted, upsert_card
from bot.feature import Turn

_LOOK_S = 0.05
_PATIENCE_S = 20.0
_NOT_THERE = {"channel_not_found", "not_in_channel", "is_archived", "user_not_in_channel"}


async def place_of(turn: Turn, opening: str) -> tuple[str, str]:
    """Return channel and ts of the thread to answer in: where the event happened, or one that is started for it.

    Args:
        turn: The event.
        opening: The first message of a thread that is started.

    Raises:
        UserError: As of `start_thread`.
        TimeoutError: As of `start_thread`.
    """
    channel, thread_ts = turn.place
    return (channel, thread_ts) if thread_ts is not None else await start_thread(turn, opening)


async def start_thread(turn: Turn, text: str) -> tuple[str, str]:
    """Post the first message of a thread for this event and return channel and ts, also on a repetition.

    The message goes through the outbox like every other, so a turn that is repeated finds the one already posted.

    Raises:
        UserError: Cairn cannot write in that channel.
        TimeoutError: Slack takes no messages just now; the turn is to be tried again.
    """
    channel = turn.event.channel or turn.event.user_id
    key = f"opening:{turn.event.key}"
    database = turn.services.database
    async with database.team(turn.team_id) as connection:
        if await posted(connection, turn.team_id, key) is None:
            subject = {"user": turn.user, "text": text}
            await upsert_card(connection, turn.team_id, Card(key, channel, None, "opening", subject))
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        async with database.team(turn.team_id) as connection:
            found = await posted(connection, turn.team_id, key)
        if found is not None and found.ts is not None:
            return found.channel, found.ts
        if found is not None and found.error is not None and found.is_settled:
            raise _cannot_post(found.error)
        await asyncio.sleep(_LOOK_S)
    raise TimeoutError("the first message of the thread was not posted in time")


def _cannot_post(error: str) -> UserError:
    if error in _NOT_THERE:
        return UserError("I cannot write in this channel. Invite me with `/invite @cairn`, or write to me directly.")
    return UserError(f"Slack does not let me write here ({error}). Write to me directly instead.")
