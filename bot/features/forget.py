"""Forget: what Cairn keeps of a conversation, of a person and of the workspace, and how to have it forgotten."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agents.errors import UserError
from agents.services.default_reading import read_name
from agents.services.forgetting import KeptThread
from agents.store import inbox
from agents.store.outbox import Card, upsert_card
from agents.wiring import Services
from bot.blocks.forget import FORGET_ME, FORGET_THREAD, forget_message, forgotten_message
from bot.blocks.message import Message
from bot.blocks.words import plural
from bot.feature import Feature, Turn
from bot.features.beside import beside
from bot.routing import first_word

_PARTS = ("thread", "me", "defaults")
_HOW = "`/cairn forget` takes `thread`, `me` and `defaults [NAME]`, and shows all of them without a word."


async def _command(turn: Turn) -> None:
    """Show what is kept, or the part that was named, each with the button that forgets it."""
    words = re.sub(r"^(?:this|the|my|about)\s+", "", turn.text.lower()).rstrip(".!?")
    word, rest = first_word(words)
    word = {"conversation": "thread", "default": "defaults", "myself": "me"}.get(word, word)
    if word not in {"", *_PARTS}:
        raise UserError(f"{turn.text!r} is nothing that can be forgotten. {_HOW}")
    parts: Sequence[str] = [word] if word else _PARTS
    thread = await _meant(turn) if "thread" in parts else None
    if word == "thread":
        if thread is None:
            raise UserError("There is no conversation of yours here. Write `forget this thread` to me in its thread.")
        await turn.services.forgetting.require_forgetter(turn.team_id, thread.started_by, turn.user)
    names = await _named(turn, rest) if word == "defaults" and rest else None
    subject = {
        "parts": list(parts),
        "user": turn.user,
        "names": names,
        "place": None if thread is None else [thread.channel, thread.thread_ts],
    }
    channel, thread_ts = turn.place
    is_direct = turn.event.channel is None or channel.startswith("D")
    key = f"forget:{turn.event.key}"
    card = Card(key, channel, thread_ts, "forget", subject, None if is_direct else turn.user)
    async with turn.services.database.team(turn.team_id) as connection:
        await upsert_card(connection, turn.team_id, card)


async def _named(turn: Turn, text: str) -> list[str]:
    """Return the default that was named, as the list that a card forgets."""
    name = read_name(text)
    if name not in {each.name for each in await turn.services.defaults.list(turn.team_id)}:
        raise UserError(f"{name} is not remembered. `/cairn defaults` shows what is.")
    return [name]


async def _meant(turn: Turn) -> KeptThread | None:
    """Return the conversation of the thread, or else the newest that the person started in the channel."""
    channel, thread_ts = turn.place
    forgetting = turn.services.forgetting
    found = None if thread_ts is None else await forgetting.of_thread(turn.team_id, channel, thread_ts)
    if found is not None:
        return found
    async with turn.services.database.team(turn.team_id) as connection:
        newest = await inbox.newest_conversation(connection, turn.team_id, channel, turn.user)
    return None if newest is None else await forgetting.of_conversation(turn.team_id, newest)


async def _forget_thread(turn: Turn) -> None:
    pressed = turn.action_value()
    is_gone = await turn.services.forgetting.forget_thread(
        turn.team_id,
        pressed["channel"],
        pressed["thread_ts"],
        who=turn.user,
        event_key=turn.event.key,
        since=pressed["since"],
    )
    if not is_gone:
        raise UserError("That conversation is forgotten already.")
    if (turn.event.channel, turn.event.thread_ts) != (pressed["channel"], pressed["thread_ts"]):
        await beside(turn).say("That conversation is forgotten; its thread says what stays.")


async def _forget_me(turn: Turn) -> None:
    gone = await turn.services.forgetting.forget_person(turn.team_id, turn.user, turn.user, turn.event.key)
    await beside(turn).say(
        f"Forgotten: {plural(gone.conversations, 'conversations')} that you began, "
        f"{plural(len(gone.defaults), 'defaults')} of the workspace, and your name and words in "
        f"{plural(gone.threads, 'threads')} of others. Proposals, runs, what was spent and the audit stay."
    )


async def _card(services: Services, team_id: str, subject: Mapping[str, Any]) -> Message:
    place = subject["place"]
    thread = None if place is None else await services.forgetting.of_thread(team_id, *place)
    held = [each.name for each in await services.defaults.list(team_id)]
    wanted = subject["names"]
    return forget_message(
        thread,
        await services.forgetting.of_person(team_id, subject["user"]),
        [name for name in held if wanted is None or name in wanted],
        subject["parts"],
    )


async def _forgotten(_services: Services, _team_id: str, subject: Mapping[str, Any]) -> Message:
    return forgotten_message(subject)


async def _withdrawn(_services: Services, _team_id: str, _subject: Mapping[str, Any]) -> Message:
    return Message(text="This message was forgotten.", is_withdrawn=True)


FORGET = Feature(
    subcommand="forget",
    usage="forget [thread | me | defaults]",
    summary="what I keep, and how to have it forgotten",
    command=_command,
    said=re.compile(
        r"forget(?:\s+(?P<text>(?:(?:this|the)\s+)?(?:thread|conversation)|(?:about\s+)?me|(?:the\s+)?defaults?))?[.!?]*",
        re.IGNORECASE,
    ),
    actions={FORGET_THREAD: _forget_thread, FORGET_ME: _forget_me},
    cards={"forget": _card, "forgotten": _forgotten, "withdrawn": _withdrawn},
)
