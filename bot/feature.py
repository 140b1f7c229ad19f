"""What a feature is: a thing a person can ask for, with every way to ask for it in one place."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.store.inbox import Event
from agents.store.outbox import Card, upsert_card
from agents.wiring import Services
from bot.blocks.message import Message
from bot.downloads import Downloads

Block = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Turn:
    """One event being handled: who did what, and a way to answer.

    `text` is what the person wrote, after the subcommand where there was one. Every attempt at an event makes a new
    turn and says the same things in the same order, so what is said keeps its key.
    """

    services: Services
    event: Event
    text: str = ""
    reading: Downloads | None = None
    _said: int = field(default=0, init=False)

    @property
    def team_id(self) -> str:
        """The team it happened in."""
        return self.event.team_id

    @property
    def user(self) -> str:
        """Who did it."""
        return self.event.user_id

    @property
    def downloads(self) -> Downloads:
        """Reads files that were dropped.

        Raises:
            RuntimeError: Whoever built the turns gave nothing to read them with.
        """
        if self.reading is None:
            raise RuntimeError("files cannot be read here")
        return self.reading

    @property
    def place(self) -> tuple[str, str | None]:
        """Channel and thread to answer in; the person's direct messages where it happened outside of any."""
        return self.event.channel or self.event.user_id, self.event.thread_ts

    async def say(self, text: str) -> None:
        """Answer with a short text that the person alone sees."""
        card = say_card(self.event, f"f{self._said}", text)
        self._said += 1
        async with self.services.database.team(self.team_id) as connection:
            await upsert_card(connection, self.team_id, card)

    def action_value(self) -> dict[str, Any]:
        """Return the JSON object that the pressed button or chosen option carries."""
        return action_value(self.event)


def say_card(event: Event, name: str, text: str) -> Card:
    """Return the card that tells a person something; `name` tells several answers to one event apart.

    In direct messages it is an ordinary message: nobody else is there, and it stays.
    """
    is_direct = event.channel is None or bool(event.body.get("is_direct"))
    return Card(
        key=f"say:{event.key}:{name}",
        channel=event.channel or event.user_id,
        thread_ts=event.thread_ts,
        kind="say",
        subject={"text": text, "suggestions": []},
        ephemeral_user=None if is_direct else event.user_id,
    )


def action_value(event: Event) -> dict[str, Any]:
    """Return the JSON object that the pressed button or chosen option of an event carries."""
    value = event.body["value"]
    return dict(json.loads(value)) if value else {}


# Slack stacks three views; what is opened from the topmost takes its place.
VIEWS_IN_STACK = 3


def stack_height(event: Event) -> int:
    """Return how many modals lie on each other where something was done in one that says so; 0 elsewhere.

    A modal that others are opened from keeps its place in its metadata, as `height`.
    """
    return int((event.body.get("metadata") or {}).get("height", 0))


Handler = Callable[[Turn], Awaitable[None]]
# Opens a modal while Slack waits, within three seconds: only quick reads, no writes.
Opener = Callable[[Services, Event], Awaitable[Block]]
# Returns what is wrong with a modal's values, by block id; also while Slack waits.
Check = Callable[[Services, Event], Awaitable[Mapping[str, str]]]
# team and subject to the newest message of a card.
Renderer = Callable[[Services, str, Mapping[str, Any]], Awaitable[Message]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """Everything that leads to a feature and everything that it shows.

    Action ids may carry a suffix after a colon, since ids must differ within a block: `answer:3` is `answer`.
    """

    # The subcommand of /cairn, listed in help with usage and summary; None where there is none.
    subcommand: str | None = None
    usage: str = ""
    summary: str = ""
    command: Handler | None = None
    # A message to Cairn that matches as a whole is taken as this command; the group `text` is what remains.
    said: re.Pattern[str] | None = None
    actions: Mapping[str, Handler] = field(default_factory=dict)
    views: Mapping[str, Handler] = field(default_factory=dict)
    # Modals: by `/subcommand` or by action, and the checks of what was entered by callback id.
    openers: Mapping[str, Opener] = field(default_factory=dict)
    checks: Mapping[str, Check] = field(default_factory=dict)
    cards: Mapping[str, Renderer] = field(default_factory=dict)
    # Takes the files of a message, before what the message says is handled.
    files: Handler | None = None
    # Runs when somebody opens the Home tab.
    home: Handler | None = None
