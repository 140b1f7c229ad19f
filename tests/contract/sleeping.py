"""What every server that can sleep promises, as one test asks it of fakes and another of the real one."""

import asyncio
from collections.abc import Awaitable, Callable

from agents.distillation.serving import Completion
from agents.ports import ModelServer


async def sleeps_and_wakes(server: ModelServer, ask: Callable[[], Awaitable[Completion]]) -> Completion:
    """Put it to sleep, twice, and wake it, twice; return the answer to what it was asked while it slept."""
    assert await server.can_sleep()
    assert not await server.is_sleeping()
    for _ in range(2):
        assert await server.sleep()
        assert await server.is_sleeping()
    asked = asyncio.ensure_future(ask())
    await asyncio.wait({asked}, timeout=0.5)
    assert not asked.done()
    for _ in range(2):
        await server.wake()
        assert not await server.is_sleeping()
    return await asked
