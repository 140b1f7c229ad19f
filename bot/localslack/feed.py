"""What the page is told as it happens: events for one person or everyone, replayed after a short break."""

import asyncio
import secrets
from collections import deque
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bot.localslack.settings import JsonObject

REPLAYABLE = 1000


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One line of news; `users` is None when it is for everyone."""

    number: int
    name: str
    data: JsonObject
    users: frozenset[str] | None

    def is_for(self, user_id: str) -> bool:
        """Whether a person gets to see it."""
        return self.users is None or user_id in self.users


class Feed:
    """Keeps the last events and hands new ones to whoever listens."""

    def __init__(self) -> None:
        # Numbers start anew with each start, so an id names the start too.
        self.start = secrets.token_hex(4)
        self._number = 0
        self._events: deque[FeedEvent] = deque(maxlen=REPLAYABLE)
        self._listeners: set[asyncio.Queue[FeedEvent | None]] = set()

    def publish(self, name: str, data: JsonObject, users: Collection[str] | None = None) -> None:
        """Tell some people, or everyone, that something happened."""
        self._number += 1
        event = FeedEvent(self._number, name, data, frozenset(users) if users is not None else None)
        self._events.append(event)
        for listener in self._listeners:
            listener.put_nowait(event)

    def missed(self, last_id: str) -> list[FeedEvent] | None:
        """Return what came after an event id, or None when that is no longer known."""
        start, _, number = last_id.partition("-")
        oldest = self._events[0].number if self._events else self._number + 1
        if start != self.start or not number.isdigit() or int(number) < oldest - 1:
            return None
        return [event for event in self._events if event.number > int(number)]

    def event_id(self, event: FeedEvent) -> str:
        """Return the id under which a listener may ask for what came later."""
        return f"{self.start}-{event.number}"

    @contextmanager
    def listening(self) -> Iterator[asyncio.Queue[FeedEvent | None]]:
        """Give a queue of events as they happen; None in it means that the server stops."""
        queue: asyncio.Queue[FeedEvent | None] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)

    def stop(self) -> None:
        """Let every listener end."""
        for listener in self._listeners:
            listener.put_nowait(None)
