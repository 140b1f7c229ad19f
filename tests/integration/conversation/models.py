"""A talker whose calls are taken as a model's."""

from collections import deque
from collections.abc import Sequence
from typing import Any

from agents.conversation.state import Message
from agents.conversation.talking import Reply, Situation, Wanted
from agents.ports import Speech
from agents.store.checkpoints import Checkpoints
from agents.store.db import Database
from tests.integration.conversation.conftest import Desk, make_desk


class CutOffError(Exception):
    """Stands for a process killed at this point of a turn."""


class Model:
    """Makes the calls that a test wants, some at once or one after the other, and remembers what came back."""

    name = "claude"

    def __init__(self) -> None:
        self.wants: deque[Sequence[Wanted]] = deque()
        self.dies_after_calls = False
        self.heard: list[Message] = []

    async def reply(self, situation: Situation, speech: Speech) -> Reply:
        self.heard = [message for message in situation.messages if message["role"] == "tool"]
        if self.dies_after_calls and situation.results:
            raise CutOffError
        return Reply(calls=self.wants.popleft()) if self.wants else Reply("Done.")


class Seat:
    """A desk at which a model talks."""

    def __init__(self, desk: Desk, model: Model) -> None:
        self.desk = desk
        self.model = model

    async def turn(self, text: str, *calls: Wanted, who: str = "U0ANA", event_key: str | None = None) -> str:
        """Say something, have the model make calls at once, and return what the last of them came to."""
        if calls:
            self.model.wants.append(calls)
        await self.desk.say(text, who, event_key)
        return self.model.heard[-1]["text"] if self.model.heard else ""

    async def says(self, text: str, *facts: dict[str, Any], who: str = "U0ANA", event_key: str | None = None) -> str:
        """Say something, have the model record facts of it, and return what came of that."""
        return await self.turn(text, record(*facts), who=who, event_key=event_key)


def record(*facts: dict[str, Any]) -> Wanted:
    return Wanted("record_facts", {"facts": list(facts)})


def fact(slot: str, value: str, quote: str, *, corrects: bool = False) -> dict[str, Any]:
    return {"slot": slot, "value": value, "quote": quote, "corrects": corrects}


def make_seat(database: Database, checkpoints: Checkpoints, **where: Any) -> Seat:
    model = Model()
    return Seat(make_desk(database, checkpoints, model, **where), model)
