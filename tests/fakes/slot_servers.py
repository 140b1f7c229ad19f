"""Stands in for systemd with its units of slots and for vLLM in them: what a slot's file names is served at its socket.

As with vLLM a server has the names it was started with, answers to no other, and takes nothing up while it runs.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web


def slot_settings(file: Path) -> dict[str, str]:
    """Return what a slot's file says; nothing where it is not there."""
    if not file.exists():
        return {}
    return dict(line.partition("=")[::2] for line in file.read_text(encoding="utf-8").splitlines())


@dataclass
class SlotServers:
    """The slots of a host.

    Attributes:
        folder: That of the students.
        starts: The model of each start, in order.
        may_start: Cleared while servers take long to start.
        answers: The label of each text; a classifier's first label where it is not there.
    """

    folder: Path
    starts: list[str] = field(default_factory=list)
    may_start: asyncio.Event = field(default_factory=asyncio.Event)
    answers: dict[str, str] = field(default_factory=dict)

    @asynccontextmanager
    async def running(self, count: int) -> AsyncIterator[None]:
        """Run that many slots."""
        self.may_start.set()
        (self.folder / "sockets").mkdir(parents=True, exist_ok=True)
        slots = [asyncio.create_task(self._slot(number)) for number in range(1, count + 1)]
        try:
            yield
        finally:
            for each in slots:
                each.cancel()
            await asyncio.wait(slots)

    async def _slot(self, number: int) -> None:
        file = self.folder / "slots" / f"{number}.env"
        while True:
            settings = slot_settings(file)
            async with self._server(number, settings):
                while slot_settings(file) == settings:  # noqa: ASYNC110  # a file sets no event
                    await asyncio.sleep(0.01)

    @asynccontextmanager
    async def _server(self, number: int, settings: dict[str, str]) -> AsyncIterator[None]:
        if not settings.get("CAIRN_MODEL"):
            yield
            return
        await self.may_start.wait()
        self.starts.append(settings["CAIRN_MODEL"])
        app = web.Application()
        served = _Served(Path(settings["CAIRN_MODEL"]), settings["CAIRN_NAMES"].split(), self.answers)
        app.router.add_get("/v1/models", served.models)
        if settings["CAIRN_RUNNER"] == "pooling":
            app.router.add_post("/classify", served.classify)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        socket = self.folder / "sockets" / f"{number}.sock"
        socket.unlink(missing_ok=True)
        await web.UnixSite(runner, str(socket)).start()
        try:
            yield
        finally:
            await runner.cleanup()


class _Served:
    def __init__(self, model: Path, names: list[str], answers: dict[str, str]) -> None:
        self._model = model
        self._names = names
        self._answers = answers
        labels: dict[str, str] = json.loads((model / "config.json").read_text(encoding="utf-8"))["id2label"]
        self._labels = list(labels.values())

    async def models(self, _: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": name, "root": str(self._model)} for name in self._names]})

    async def classify(self, request: web.Request) -> web.Response:
        asked: dict[str, Any] = await request.json()
        if asked["model"] not in self._names:
            error = {"message": f"The model `{asked['model']}` does not exist.", "code": 404}
            return web.json_response({"error": error}, status=404)
        label = self._answers.get(asked["input"], self._labels[0])
        probs = [1.0 if each == label else 0.0 for each in self._labels]
        usage = {"prompt_tokens": 3, "total_tokens": 3, "completion_tokens": 0}
        return web.json_response(
            {"model": asked["model"], "data": [{"index": 0, "label": label, "probs": probs}], "usage": usage}
        )


@contextlib.contextmanager
def held_back(servers: SlotServers) -> Iterator[None]:
    """Let no server start meanwhile."""
    servers.may_start.clear()
    yield
    servers.may_start.set()
