"""The routes of vLLM by which it sleeps and wakes, as strict as vLLM 0.32 with VLLM_SERVER_DEV_MODE=1, on 127.0.0.1."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from tests.fakes.serving import serving

_MODES: Final = ("abort", "wait", "keep")


@dataclass
class SleepingVllm:
    """A vLLM that sleeps.

    Attributes:
        calls: "sleep" and "wake" as they came.
        is_development: Whether it has the routes at all.
        wakes: Cleared where it says that it woke and sleeps on.
        url: Where it answers.
    """

    calls: list[str] = field(default_factory=list)
    is_development: bool = True
    wakes: bool = True
    url: str = ""
    is_sleeping: bool = False
    _awake: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["SleepingVllm"]:
        """Answer meanwhile."""
        self._awake.set()
        app = web.Application()
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._chat)
        if self.is_development:
            app.router.add_post("/sleep", self._sleep)
            app.router.add_post("/wake_up", self._wake_up)
            app.router.add_get("/is_sleeping", self._is_sleeping)
        async with serving(app) as self.url:
            yield self

    async def _models(self, _: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "base", "root": "base", "parent": None}]})

    async def _chat(self, _: web.Request) -> web.Response:
        # What comes while it sleeps is taken in and waits.
        await self._awake.wait()
        usage = {"prompt_tokens": 1, "completion_tokens": 1}
        return web.json_response({"choices": [{"message": {"content": "yes"}}], "usage": usage})

    async def _sleep(self, request: web.Request) -> web.Response:
        level, mode = request.query.get("level", "1"), request.query.get("mode", "abort")
        if level not in {"0", "1", "2"} or mode not in _MODES:
            return web.json_response({"error": {"message": f"level {level}, mode {mode}", "code": 422}}, status=422)
        self.calls.append("sleep")
        self.is_sleeping = True
        self._awake.clear()
        return web.json_response({"status": "sleeping", "level": int(level)})

    async def _wake_up(self, _: web.Request) -> web.Response:
        self.calls.append("wake")
        if self.wakes:
            self.is_sleeping = False
            self._awake.set()
        return web.json_response({"status": "sleeping" if self.is_sleeping else "awake", "tags": None})

    async def _is_sleeping(self, _: web.Request) -> web.Response:
        return web.json_response({"is_sleeping": self.is_sleeping})
