"""A bot that talks with a model, as a process of its own whose CPU time is its own.

Arguments: DSN, address of the Messages API, address of the local Slack's API. Each line on stdin is a JSON object that
names a `way` of making one turn, the thread and a key; it is answered by a line with the seconds and CPU seconds taken.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from agents.adapters.models.backend import Backend
from agents.adapters.models.messages import AnthropicChat
from agents.conversation.graph import Nodes, conversation_graph
from agents.conversation.metering import Unmetered
from agents.conversation.talkers.model import ModelTalker
from agents.conversation.talking import Situation
from agents.conversation.tools import MODEL_TOOLS
from agents.costs.inputs import LARGE_MODEL
from agents.dialogue.chat import ChatEvent, Request
from agents.dialogue.guard import Guard, Sources
from agents.dialogue.speech import Place, Suggestion
from agents.ports import ChatModel, Speech
from agents.services.decision_state import DecisionState
from agents.services.prices import PriceBooks
from agents.services.talk_costs import TalkCosts
from agents.services.talk_limits import DEFAULTS
from agents.store.checkpoints import Checkpoints
from agents.store.db import Database
from bot.voice import SlackVoice
from tests.fakes.messages_api import API_KEY
from tests.integration.conversation.conftest import BOOK, make_desk

TEAM, CHANNEL, USER = "T0LOCAL", "CGENERAL01", "UALICE0001"


class Recording:
    """A model that keeps what it was asked, so that the same can be asked bare."""

    def __init__(self, chat: ChatModel) -> None:
        self._chat = chat
        self.asked: list[Request] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._chat, name)

    def stream(self, request: Request) -> AsyncIterator[ChatEvent]:
        """Yield the model's answer."""
        self.asked.append(request)
        return self._chat.stream(request)


class Unchecked(Guard):
    """A guard that reads no sources and lets every sentence pass."""

    def __init__(self, _: Situation) -> None:
        super().__init__(Sources())

    def check(self, _: str) -> None:
        """Withhold nothing."""


class Frozen:
    """Decisions whose state was read once."""

    def __init__(self, state: DecisionState) -> None:
        self._state = state

    async def state(self, _team_id: str, _conversation_id: str) -> DecisionState:
        """Return it."""
        return self._state


class Silent:
    """A voice, and its replies, that show nothing."""

    def speech(self, _place: Place, _key: str) -> Speech:
        """Return a reply."""
        return self

    async def write(self, text: str) -> None:
        """Show nothing."""

    async def finish(self, text: str, suggestions: Sequence[Suggestion] = ()) -> None:
        """Show nothing."""


Way = Callable[[str, str, str], Awaitable[None]]


class Bot:
    """One conversation's machinery, each part to be left out."""

    def __init__(self, database: Database, checkpoints: Checkpoints, chat: ChatModel, slack_url: str) -> None:
        client = AsyncWebClient(token="xoxb-local-bot", base_url=slack_url, timeout=10, retry_handlers=[])

        async def only(_: str) -> AsyncWebClient:
            return client

        self._chat = chat
        self._asked: Sequence[Request] = ()
        self._checkpoints = checkpoints
        self._recording = Recording(chat)
        self._talker = ModelTalker("claude", self._recording, MODEL_TOOLS, Unmetered())
        no_limit = dict.fromkeys(DEFAULTS, Decimal(1_000_000))
        meter = TalkCosts(database, PriceBooks(lambda: BOOK), defaults=no_limit)
        metered = ModelTalker("claude", chat, MODEL_TOOLS, meter)
        unchecked = ModelTalker("claude", chat, MODEL_TOOLS, meter, guard_of=Unchecked)
        self._cards = make_desk(database, checkpoints, metered)
        self._streams = make_desk(database, checkpoints, metered, SlackVoice(database, only))
        self._unchecked = make_desk(database, checkpoints, unchecked, SlackVoice(database, only))
        self._histories: dict[str, list[Any]] = {}
        self._frozen: DecisionState | None = None

    @property
    def ways(self) -> Mapping[str, Way]:
        """The ways of making a turn, each with a part more than the one before."""
        return {
            "bare": self._bare,
            "talker and graph": self._graph,
            "checkpoint": self._checkpointed,
            "Postgres": self._in_cards,
            "stream": self._in_streams,
            "stream without checks": self._in_streams_without_checks,
        }

    async def _bare(self, _root: str, _key: str, _text: str) -> None:
        for request in self._asked:
            async for _ in self._chat.stream(request):
                pass

    async def _graph(self, root: str, key: str, text: str) -> None:
        graph = conversation_graph(self._nodes(await self._state())).compile()
        self._recording.asked.clear()
        given: Any = {"turn": self._turn(root, key, text), "messages": self._histories.get(root, [])}
        ended = await graph.ainvoke(given)
        self._histories[root] = ended["messages"]
        self._asked = tuple(self._recording.asked)

    async def _checkpointed(self, root: str, key: str, text: str) -> None:
        thread = f"{TEAM}:{CHANNEL}:{root}"
        graph = conversation_graph(self._nodes(await self._state()))
        async with self._checkpoints.saver(TEAM, thread) as saver:
            config: Any = {"configurable": {"thread_id": thread}}
            given: Any = {"turn": self._turn(root, key, text)}
            await graph.compile(checkpointer=saver).ainvoke(given, config, durability="sync")
            await saver.aprune([thread], strategy="keep_latest")

    async def _in_cards(self, root: str, key: str, text: str) -> None:
        await self._cards.conversations.say(TEAM, CHANNEL, root, USER, text, source=key, event_key=key)

    async def _in_streams(self, root: str, key: str, text: str) -> None:
        await self._streams.conversations.say(TEAM, CHANNEL, root, USER, text, source=key, event_key=key)

    async def _in_streams_without_checks(self, root: str, key: str, text: str) -> None:
        await self._unchecked.conversations.say(TEAM, CHANNEL, root, USER, text, source=key, event_key=key)

    def _nodes(self, state: DecisionState) -> Nodes:
        decisions: Any = Frozen(state)
        # A reply without calls needs no tools.
        tools: Any = None
        return Nodes(decisions, tools, self._talker, Silent())

    async def _state(self) -> DecisionState:
        if self._frozen is None:
            turned = await self._cards.conversations.start(TEAM, CHANNEL, "1.000001", USER, event_key="first")
            self._frozen = await self._cards.decisions.state(TEAM, turned.conversation_id)
        return self._frozen

    def _turn(self, root: str, key: str, text: str) -> Mapping[str, Any]:
        where = {"team_id": TEAM, "conversation_id": "c", "channel": CHANNEL, "thread_ts": root}
        return {"id": key, **where, "who": USER, "text": text, "source": key, "calls": []}


async def main(dsn: str, model_url: str, slack_url: str) -> None:
    chat = AnthropicChat(
        Backend(model=LARGE_MODEL, context_tokens=200_000, max_tokens=2_048, base_url=model_url), API_KEY
    )
    async with Database(dsn) as database, Checkpoints(dsn) as checkpoints:
        bot = Bot(database, checkpoints, chat, slack_url)
        while line := await asyncio.to_thread(sys.stdin.readline):
            asked = json.loads(line)
            begun, cpu = time.perf_counter(), time.process_time()
            await bot.ways[asked["way"]](asked["root"], asked["key"], asked["text"])
            taken = {"wall_s": time.perf_counter() - begun, "cpu_s": time.process_time() - cpu}
            print(json.dumps(taken), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
