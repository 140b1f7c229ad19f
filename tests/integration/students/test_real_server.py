"""A real vLLM serves what the aliases say: moved, rolled back, and again once it was killed and started anew."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from agents.adapters.servers.vllm import Vllm
from tests.integration.engine.conftest import eventually
from tests.integration.students.conftest import BOB, TEAM, Works
from tests.vllm.adapters import adapter_files, says, write_adapter
from tests.vllm.fixtures import MAX_RANK, WAITS
from tests.vllm.server import API_KEY, SharedVllm, VllmServer

pytestmark = [pytest.mark.integration, pytest.mark.vllm, WAITS]

ALIAS, FIRST, SECOND = "t0local/tickets", "t0local/tickets@v1", "t0local/tickets@v2"
OTHER: Final = "t0other/tickets"
TOKENS: Final = 3


@pytest.fixture
async def alone(generating: SharedVllm) -> AsyncIterator[VllmServer]:
    """The server while no other test uses it: it may be killed, and all names are this test's."""
    lent = generating.lent(alone=True)
    # Whoever waits for other tests keeps a thread, not the loop.
    yield await asyncio.to_thread(lent.__enter__)
    lent.__exit__(None, None, None)


async def served(server: Vllm) -> dict[str, str]:
    """Return the version that each name serves, by its folder."""
    return {each.name: Path(each.folder or "").name for each in await server.models() if each.parent}


async def told(server: Vllm, name: str) -> str:
    return (await server.chat(name, [{"role": "user", "content": "hello"}], max_tokens=TOKENS)).text


async def test_aliases_move_go_back_and_are_restored_on_a_real_server(
    works: Works, alone: VllmServer, generating: SharedVllm, tmp_path: Path
) -> None:
    server = Vllm(alone.url, API_KEY)
    keeper = works.keeper(server=server)
    for number in (0, 1):
        await works.made(rank=8, files=adapter_files(number))
    await server.load_adapter(OTHER, write_adapter(tmp_path / "other", 2))

    for version in (1, 2):
        await works.students.point(TEAM, "tickets", f"tickets@v{version}", BOB)
        assert await keeper.align(TEAM) == {}
    assert await served(server) == {OTHER: "other", ALIAS: "v2", FIRST: "v1", SECOND: "v2"}
    assert [await told(server, name) for name in (ALIAS, FIRST, OTHER)] == [says(each, TOKENS) for each in (1, 0, 2)]

    await works.made(rank=2 * MAX_RANK, files=adapter_files(3, rank=2 * MAX_RANK))
    await works.students.point(TEAM, "tickets", "tickets@v3", BOB)
    errors = await keeper.align(TEAM)
    assert set(errors) == {ALIAS, "t0local/tickets@v3"}
    assert "greater than max_lora_rank" in errors[ALIAS]
    assert await told(server, ALIAS) == says(1, TOKENS)

    await works.students.back(TEAM, "tickets", BOB)
    await works.students.back(TEAM, "tickets", BOB)
    assert await keeper.align(TEAM) == {}
    assert await served(server) == {OTHER: "other", ALIAS: "v1", FIRST: "v1"}
    assert await told(server, ALIAS) == says(0, TOKENS)

    stop = asyncio.Event()
    keeping = asyncio.create_task(keeper.keep(stop))
    try:
        alone.kill()
        assert (await asyncio.to_thread(generating.running)).url == alone.url

        async def is_restored() -> bool:
            return await served(server) == {ALIAS: "v1", FIRST: "v1"}

        await eventually(is_restored)
        assert await told(server, ALIAS) == says(0, TOKENS)
    finally:
        stop.set()
        await keeping
        for name in await served(server):
            await server.unload_adapter(name)
        await server.close()
