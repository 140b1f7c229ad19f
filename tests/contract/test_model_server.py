"""What every server of students promises, asked of the fake and of a real vLLM; then what only the real one can say."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

import aiohttp
import pytest

from agents.adapters.servers.vllm import Vllm
from agents.distillation.serving import ServedModel, ServerError
from agents.ports import ModelServer
from tests.contract.sleeping import sleeps_and_wakes
from tests.fakes.model_server import FakeModelServer
from tests.fakes.sleeping_vllm import SleepingVllm
from tests.vllm.adapters import ADAPTERS, says, write_adapter
from tests.vllm.fixtures import MAX_RANK, WAITS
from tests.vllm.server import API_KEY, VllmServer
from tests.vllm.tiny_model import MODEL

pytestmark = pytest.mark.integration

HELLO: Final = ({"role": "user", "content": "hello"},)
TOKENS: Final = 4


@dataclass(frozen=True, slots=True)
class Server:
    """A server, and names on it that no other test has."""

    server: ModelServer
    base: str
    prefix: str
    folder: Path

    def named(self, name: str) -> str:
        return f"{self.prefix}/{name}"

    def adapter(self, number: int, *, rank: int = 8) -> Path:
        folder = self.folder / f"a{number}-{rank}"
        return folder if folder.exists() else write_adapter(folder, number, rank=rank)

    async def own(self) -> dict[str, ServedModel]:
        """Return what is served under this test's names."""
        listed = await self.server.models()
        return {each.name.partition("/")[2]: each for each in listed if each.name.startswith(self.named(""))}

    async def answering(self, name: str) -> int | None:
        """Return the number of the adapter that answers to a name; None where it is none of them."""
        if isinstance(self.server, FakeModelServer):
            told = (await self.server.chat(self.named(name), HELLO, max_tokens=1_000)).text
            found = re.search(r"a(\d)-\d+$", told)
            return int(found.group(1)) if found else None
        told = (await self.server.chat(self.named(name), HELLO, max_tokens=TOKENS)).text
        return next((number for number in range(ADAPTERS) if told == says(number, TOKENS)), None)


@pytest.fixture
async def real(request: pytest.FixtureRequest) -> AsyncIterator[Vllm]:
    running: VllmServer = request.getfixturevalue("vllm")
    server = Vllm(running.url, API_KEY)
    yield server
    await server.close()


@pytest.fixture(params=["fake", pytest.param("vllm", marks=[pytest.mark.vllm, WAITS])])
async def served(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Server]:
    prefix = f"t{uuid4().hex[:8]}"
    if request.param == "fake":
        yield Server(FakeModelServer(max_rank=MAX_RANK), "base", prefix, tmp_path)
        return
    running: VllmServer = request.getfixturevalue("vllm")
    server = Vllm(running.url, API_KEY)
    made = Server(server, MODEL, prefix, tmp_path)
    yield made
    for name in await made.own():
        await server.unload_adapter(made.named(name))
    await server.close()


async def test_an_adapter_is_listed_with_its_base_and_its_folder(served: Server) -> None:
    await served.server.load_adapter(served.named("tickets@v1"), served.adapter(0))

    name = served.named("tickets@v1")
    assert await served.own() == {"tickets@v1": ServedModel(name, served.base, str(served.adapter(0)))}
    (base,) = [each for each in await served.server.models() if each.name == served.base]
    assert base.parent is None


async def test_a_server_that_takes_adapters_says_so_and_loads_none_for_it(served: Server) -> None:
    before = await served.server.models()
    await served.server.require_adapters()
    assert await served.server.models() == before


async def test_a_server_without_the_routes_for_adapters_is_known_before_there_is_one() -> None:
    async with SleepingVllm().running() as other:
        server = Vllm(other.url)
        with pytest.raises(ServerError, match=r"takes no adapters while it runs .* Start vLLM with --enable-lora"):
            await server.require_adapters()
    with pytest.raises(ServerError, match="does not answer"):
        await server.require_adapters()
    await server.close()


async def test_each_adapter_answers_to_its_own_name(served: Server) -> None:
    for number in range(3):
        await served.server.load_adapter(served.named(f"tickets@v{number}"), served.adapter(number))

    assert [await served.answering(f"tickets@v{number}") for number in (2, 0, 1)] == [2, 0, 1]


async def test_a_name_is_not_taken_twice_but_in_another_s_place(served: Server) -> None:
    await served.server.load_adapter(served.named("tickets"), served.adapter(0))

    with pytest.raises(ServerError, match="already been loaded"):
        await served.server.load_adapter(served.named("tickets"), served.adapter(1))
    assert await served.answering("tickets") == 0
    await served.server.load_adapter(served.named("tickets"), served.adapter(1), replace=True)

    assert await served.answering("tickets") == 1
    assert {name: each.folder for name, each in (await served.own()).items()} == {"tickets": str(served.adapter(1))}


@pytest.mark.parametrize("replace", [False, True])
async def test_what_is_refused_leaves_what_is_served(served: Server, replace: bool) -> None:
    await served.server.load_adapter(served.named("tickets"), served.adapter(0))
    name = served.named("tickets" if replace else "other")
    empty = served.folder / "empty"
    empty.mkdir()

    with pytest.raises(ServerError, match=f"greater than max_lora_rank {MAX_RANK}"):
        await served.server.load_adapter(name, served.adapter(1, rank=2 * MAX_RANK), replace=replace)
    with pytest.raises(ServerError, match="No adapter found"):
        await served.server.load_adapter(name, empty, replace=replace)

    assert list(await served.own()) == ["tickets"]
    assert await served.answering("tickets") == 0


async def test_what_is_unloaded_answers_no_more_and_unloading_again_is_nothing(served: Server) -> None:
    await served.server.load_adapter(served.named("tickets"), served.adapter(0))

    await served.server.unload_adapter(served.named("tickets"))
    await served.server.unload_adapter(served.named("tickets"))

    assert await served.own() == {}
    with pytest.raises(ServerError, match="does not exist"):
        await served.answering("tickets")


async def test_a_server_for_texts_classifies_nothing_and_does_not_sleep(served: Server) -> None:
    with pytest.raises(ServerError, match="/classify"):
        await served.server.classify(served.base, "hello")
    assert not await served.server.can_sleep()
    assert not await served.server.sleep()
    assert not await served.server.is_sleeping()


async def test_what_a_sleeping_fake_is_asked_waits_until_it_is_awake() -> None:
    # The real one is asked the same by the encoder's end-to-end test, which has a server of its own.
    fake = FakeModelServer(can_sleep=True)
    assert (await sleeps_and_wakes(fake, lambda: fake.chat("base", HELLO, max_tokens=TOKENS))).text
    async with SleepingVllm().running() as routes:
        server = Vllm(routes.url)
        assert (await sleeps_and_wakes(server, lambda: server.chat("base", HELLO, max_tokens=TOKENS))).text
        await server.close()


@pytest.mark.vllm
@WAITS
async def test_a_student_answers_whoever_speaks_the_messages_api(real: Vllm, tmp_path: Path) -> None:
    name = f"t{uuid4().hex[:8]}/tickets@v1"
    await real.load_adapter(name, write_adapter(tmp_path / "a", 3))
    asked = {"model": name, "max_tokens": TOKENS, "messages": list(HELLO)}

    async with (
        aiohttp.ClientSession(headers={"authorization": f"Bearer {API_KEY}"}) as session,
        session.post(f"{real.url}/v1/messages", json=asked) as answer,
    ):
        told = await answer.json()
    await real.unload_adapter(name)

    assert told["content"][0]["text"] == says(3, TOKENS)
    assert told["usage"]["output_tokens"] == TOKENS


@pytest.mark.vllm
@WAITS
async def test_a_student_that_took_another_s_place_needs_its_files_no_more(real: Vllm, tmp_path: Path) -> None:
    # By vLLM's own `load_inplace` its engine reads them again for each token, and ends where they are gone.
    name = f"t{uuid4().hex[:8]}/tickets"
    await real.load_adapter(name, write_adapter(tmp_path / "first", 0))
    second = write_adapter(tmp_path / "second", 1)
    await real.load_adapter(name, second, replace=True)
    second.rename(tmp_path / "gone")

    told = await real.chat(name, HELLO, max_tokens=TOKENS)
    await real.unload_adapter(name)

    assert told.text == says(1, TOKENS)
    assert told.tokens_out == TOKENS


@pytest.mark.vllm
@WAITS
async def test_a_wrong_key_is_said(real: Vllm, tmp_path: Path) -> None:
    stranger = Vllm(real.url, "another")
    try:
        with pytest.raises(ServerError, match=r"refuses /v1/models \(401\)"):
            await stranger.models()
        with pytest.raises(ServerError, match=r"\(401\)"):
            await stranger.load_adapter("tickets", tmp_path)
    finally:
        await stranger.close()


@pytest.mark.vllm
@WAITS
async def test_a_server_without_the_routes_for_adapters_is_told_how_it_is_to_be_started(
    real: Vllm, tmp_path: Path
) -> None:
    # A vLLM that was started without them answers a path that it does not know, as this one does.
    without = Vllm(f"{real.url}/nothing", API_KEY)
    try:
        with pytest.raises(ServerError, match="VLLM_ALLOW_RUNTIME_LORA_UPDATING=True"):
            await without.load_adapter("tickets", tmp_path)
    finally:
        await without.close()


async def test_a_server_that_is_away_is_said_with_where_it_was_looked_for(unused_tcp_port: int) -> None:
    away = Vllm(f"http://127.0.0.1:{unused_tcp_port}")
    try:
        with pytest.raises(ServerError, match=f"does not answer at http://127.0.0.1:{unused_tcp_port}"):
            await away.models()
    finally:
        await away.close()
