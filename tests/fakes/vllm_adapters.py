"""vLLM's routes for adapters and chats on 127.0.0.1, over the server of models that keeps to its rules."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from agents.distillation.serving import ServerError
from tests.fakes.model_server import FakeModelServer
from tests.fakes.serving import serving


@dataclass
class VllmWithAdapters:
    """A vLLM that takes adapters while it runs.

    Attributes:
        server: What it serves.
        loads: Each name that was loaded, with its folder and the SHA-256 of the files that lay there, in order.
        unknown: The names that callers asked for in vain.
        url: Where it answers.
    """

    server: FakeModelServer = field(default_factory=FakeModelServer)
    loads: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    url: str = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator["VllmWithAdapters"]:
        """Answer meanwhile."""
        app = web.Application()
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/load_lora_adapter", self._load)
        app.router.add_post("/v1/unload_lora_adapter", self._unload)
        app.router.add_post("/v1/chat/completions", self._chat)
        async with serving(app) as self.url:
            yield self

    async def _models(self, _: web.Request) -> web.Response:
        listed = await self.server.models()
        return web.json_response(
            {"data": [{"id": each.name, "root": each.folder, "parent": each.parent} for each in listed]}
        )

    async def _load(self, request: web.Request) -> web.Response:
        asked = await request.json()
        name, folder = asked["lora_name"], Path(asked["lora_path"])
        try:
            await self.server.load_adapter(name, folder)
        except ServerError as error:
            return _refused(400, str(error))
        self.loads.append((name, folder.name, await asyncio.to_thread(_digests, folder)))
        return web.Response(text=f"Success: LoRA adapter '{name}' added successfully.")

    async def _unload(self, request: web.Request) -> web.Response:
        name = (await request.json())["lora_name"]
        if name not in self.server.folders():
            return _refused(404, f"The lora adapter '{name}' cannot be found.")
        await self.server.unload_adapter(name)
        return web.Response(text=f"Success: LoRA adapter '{name}' removed successfully.")

    async def _chat(self, request: web.Request) -> web.Response:
        asked = await request.json()
        try:
            found = await self.server.chat(asked["model"], asked["messages"], max_tokens=asked["max_tokens"])
        except ServerError as error:
            self.unknown.append(asked["model"])
            return _refused(404, str(error))
        usage = {"prompt_tokens": found.tokens_in, "completion_tokens": found.tokens_out}
        return web.json_response({"choices": [{"message": {"content": found.text}}], "usage": usage})


def _digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def _refused(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"message": message, "type": "BadRequestError", "code": status}}, status=status)
