"""Whole turns with a model on a real vLLM: nonsense starts nothing, and a thread outlives the server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from agents.conversation.metering import Unmetered
from agents.conversation.talkers.failover import HOLD_OFF_S, Failover
from agents.conversation.talkers.guided import Guided
from agents.conversation.talkers.model import ModelTalker
from agents.conversation.tools import MODEL_TOOLS
from agents.dialogue.chat import ChatEvent, Request, TextPiece
from agents.ports import ChatModel
from agents.settings import load_settings
from agents.store.checkpoints import Checkpoints
from agents.store.db import Database
from agents.wiring import open_chats
from tests.integration.conversation.conftest import Desk, make_desk
from tests.vllm.fixtures import ENDLESS, NOTED, SAID, WAITS
from tests.vllm.server import API_KEY, SharedVllm, VllmServer
from tests.vllm.tiny_model import MODEL, cue

pytestmark = [pytest.mark.integration, pytest.mark.vllm, WAITS]


class Overheard:
    """A model whose server is killed once it has said as many characters in one answer."""

    def __init__(self, chat: ChatModel) -> None:
        self.name, self.context_tokens, self.max_tokens = chat.name, chat.context_tokens, chat.max_tokens
        self.kills_after: tuple[int, VllmServer] | None = None
        self._chat = chat

    async def stream(self, request: Request) -> AsyncIterator[ChatEvent]:
        said = 0
        async for event in self._chat.stream(request):
            yield event
            said += len(event.text) if isinstance(event, TextPiece) else 0
            if self.kills_after is not None and said > self.kills_after[0]:
                _, server = self.kills_after
                self.kills_after = None
                server.kill()

    async def count_tokens(self, request: Request) -> int:
        return await self._chat.count_tokens(request)


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
async def opened() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def model_at(server: VllmServer, opened: AsyncExitStack) -> Overheard:
    settings = load_settings(vllm_url=server.url, vllm_model=MODEL, vllm_api_key=API_KEY)
    return Overheard((await open_chats(settings, opened))["vllm"])


def talker_of(chat: ChatModel, clock: Clock | None = None) -> Failover:
    return Failover(ModelTalker("vllm", chat, MODEL_TOOLS, Unmetered()), Guided(), clock=clock or Clock())


async def launched(desk: Desk) -> list[str]:
    return [card["kind"] for card in await desk.cards() if card["kind"] in ("proposal", "run")]


async def test_a_model_that_recites_is_heard_and_its_calls_are_made(
    vllm: VllmServer, opened: AsyncExitStack, database: Database, checkpoints: Checkpoints
) -> None:
    desk = make_desk(database, checkpoints, talker_of(await model_at(vllm, opened)))

    await desk.say(f"hello {cue('said')}")
    await desk.say(f"it is too expensive {cue('calls')}")

    said = await desk.said()
    assert said[0] == SAID
    assert said[1].startswith(NOTED)
    assert (await desk.answers())["problem"] == ["cost"]
    assert await launched(desk) == []


async def test_nonsense_ends_every_turn_in_words_and_starts_nothing(
    vllm: VllmServer, opened: AsyncExitStack, database: Database, checkpoints: Checkpoints
) -> None:
    desk = make_desk(database, checkpoints, talker_of(await model_at(vllm, opened)))

    for turn, text in enumerate(("too expensive, 20k requests a day", "yes, start it now", "and?"), start=1):
        await desk.say(text)
        assert len(await desk.said()) >= turn

    assert await launched(desk) == []
    assert await desk.answers() == {}


async def test_a_thread_outlives_the_death_of_the_server_and_hears_it_again(
    generating: SharedVllm, opened: AsyncExitStack, database: Database, checkpoints: Checkpoints
) -> None:
    clock = Clock()
    with generating.lent(alone=True) as server:
        model = await model_at(server, opened)
        talker = talker_of(model, clock)
        desk = make_desk(database, checkpoints, talker)
        other = make_desk(database, checkpoints, talker, thread_ts="1700000000.000200")

        model.kills_after = (2 * len(ENDLESS), server)
        await desk.say(f"hello {cue('endless')}")
        cut = (await desk.said())[-1]
        await other.say("hello")
        unreachable = (await other.said())[-1]
        await other.say("too expensive, 20k requests a day")
        by_buttons = await other.answers()

        assert (await asyncio.to_thread(generating.running)).url == server.url
        clock.now_s += HOLD_OFF_S + 1
        await desk.say(f"hello again {cue('said')}")
        back = (await desk.said())[-1]

    assert cut.startswith(ENDLESS.split(". ")[0])
    assert "The model broke off, so I go on by buttons." in cut
    assert "The model cannot be reached just now, so I go on by buttons." in unreachable
    assert by_buttons["requests_per_day"] == 20_000
    assert back == f"The model answers again.\n\n{SAID}"
    assert await launched(desk) == await launched(other) == []
