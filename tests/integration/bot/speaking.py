"""Turns whose talker writes pieces, as a process of their own, for tests that kill it.

Arguments: DSN, API address, a folder for marks, and the point at which the process hangs the first time: `before` or
`after` a method of Slack, or `finished`.
"""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from slack_sdk.web.async_client import AsyncWebClient

from agents.conversation.conversations import Conversations
from agents.conversation.talking import Reply, Situation
from agents.dialogue.speech import Place, Suggestion
from agents.engine.worker import run_worker
from agents.ports import Speech, Voice
from agents.store.checkpoints import Checkpoints
from agents.store.db import Database
from agents.wiring import Services
from bot.features.decide import hear
from bot.routing import Routes
from bot.streamed_message import Pace
from bot.turns import Turns
from bot.voice import SlackVoice
from tests.integration.conversation.conftest import make_desk

FIRST_WORDS = ("The bill is **40%** lower. ", "The student is cheaper, ", "and nothing else changes.")
OTHER_WORDS = ("It costs **less** by two fifths. ", "I would go on.")
SUGGESTED = Suggestion("Go on", "go on")
CLAIM_S = 1.0


@dataclass(frozen=True, slots=True)
class Spoken:
    """The services of a conversation."""

    database: Database
    conversations: Conversations


class Hanging:
    """Hangs at one point, once for all processes that share the folder."""

    def __init__(self, marks: Path, point: str) -> None:
        self._mark = marks / "hangs"
        self._point = point

    @property
    def was_met(self) -> bool:
        """Whether a process hung there."""
        return self._mark.exists()

    async def at(self, point: str) -> None:
        """Hang until killed where this is the point."""
        if point == self._point and not self.was_met:
            self._mark.write_text(point)
            await asyncio.sleep(3600)


class Client(AsyncWebClient):
    """A client that hangs before or after a call."""

    hanging: Hanging

    async def api_call(self, api_method: str, **given: Any) -> Any:
        await self.hanging.at(f"before {api_method}")
        answer = await super().api_call(api_method, **given)
        await self.hanging.at(f"after {api_method}")
        return answer


class Writing:
    """Writes its words piece by piece, each once Slack had time for the one before; others when asked again."""

    name = "writing"

    def __init__(self, hanging: Hanging) -> None:
        self._hanging = hanging

    async def reply(self, situation: Situation, speech: Speech) -> Reply:
        """Return what was written."""
        words = OTHER_WORDS if self._hanging.was_met else FIRST_WORDS
        for piece in words:
            await speech.write(piece)
            await asyncio.sleep(0.1)
        return Reply("".join(words), suggestions=(SUGGESTED,))


class Finishing:
    """A voice whose replies may hang once they are finished."""

    def __init__(self, voice: Voice, hanging: Hanging) -> None:
        self._voice = voice
        self._hanging = hanging

    def speech(self, place: Place, key: str) -> Speech:
        """Return a reply of the voice."""
        return FinishingSpeech(self._voice.speech(place, key), self._hanging)


class FinishingSpeech:
    """A reply that may hang once it is finished."""

    def __init__(self, speech: Speech, hanging: Hanging) -> None:
        self._speech = speech
        self._hanging = hanging

    async def write(self, text: str) -> None:
        """Show the next piece."""
        await self._speech.write(text)

    async def finish(self, text: str, suggestions: Sequence[Suggestion] = ()) -> None:
        """End the reply, and hang."""
        await self._speech.finish(text, suggestions)
        await self._hanging.at("finished")


async def main(dsn: str, api_url: str, marks: str, point: str) -> None:
    hanging = Hanging(Path(marks), point)
    client = Client(token="xoxb-local-bot", base_url=api_url, timeout=3, retry_handlers=[])
    client.hanging = hanging

    async def only(_: str) -> AsyncWebClient:
        return client

    async with Database(dsn) as database, Checkpoints(dsn) as checkpoints:
        voice = SlackVoice(database, only, pace=Pace(0.0, 0.0), claim_s=CLAIM_S)
        desk = make_desk(database, checkpoints, Writing(hanging), Finishing(voice, hanging))
        services = cast("Services", Spoken(database, desk.conversations))
        turns = Turns(services, Routes((), otherwise=hear, unknown=hear))
        await run_worker(
            database, dsn, {}, None,
            queues=("turn",), stop=asyncio.Event(), lease_s=1, tasks={"turn": turns.handle},
        )  # fmt: skip


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
