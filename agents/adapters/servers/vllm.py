"""vLLM as the server of students: adapters that come and go while it runs, and calls of what it serves.

It must have been started with `--enable-lora` and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True, on loopback or a unix socket,
since its own key leaves routes open; what stands before it for others lists the routes that it passes on.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import aiohttp

from agents.distillation.serving import Completion, ServedModel, ServerAwayError, ServerError

_CALL_S: Final = 120.0
# What it is at as it is to sleep, such as a long answer, may take as long.
_DRAIN_S: Final = 120.0
# A first load compiles kernels for its rank.
_LOAD_S: Final = 300.0
_LONGEST_REASON: Final = 300
_UNIX: Final = "unix://"
# What an adapter is called while it is tried, before it takes the place of another.
_COMING: Final = "~coming"
# No adapter is called so.
_NOBODY: Final = "~nobody"


class Vllm:
    """A vLLM server.

    Args:
        url: http://HOST:PORT, or unix:///PATH of its socket; without /v1.
        api_key: What it was started with, if anything.
    """

    def __init__(self, url: str, api_key: str | None = None) -> None:
        self.url = url.rstrip("/")
        self._base = "http://vllm" if url.startswith(_UNIX) else self.url
        self._headers = {"authorization": f"Bearer {api_key}"} if api_key else {}
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def models(self) -> Sequence[ServedModel]:
        """Return what it serves now."""
        listed = await self._call("GET", "/v1/models")
        return [ServedModel(each["id"], each.get("parent"), each.get("root")) for each in listed["data"]]

    async def load_adapter(self, name: str, folder: Path, *, replace: bool = False) -> None:
        """Serve the adapter in a folder as `name`."""
        if replace:
            # Not by `load_inplace`: vLLM 0.32 keeps it with the adapter and reads the files again for each token, and
            # the whole server ends with the first token for which they are not there. What is refused is refused here.
            coming = f"{name}{_COMING}"
            await self.unload_adapter(coming)
            await self._load(coming, folder)
            await self.unload_adapter(coming)
            await self.unload_adapter(name)
        await self._load(name, folder)

    async def _load(self, name: str, folder: Path) -> None:
        asked = {"lora_name": name, "lora_path": str(folder)}
        try:
            await self._call("POST", "/v1/load_lora_adapter", asked, timeout_s=_LOAD_S)
        except _AnsweredError as answered:
            raise self._without_route(answered) from answered

    async def unload_adapter(self, name: str) -> None:
        """Stop serving an adapter; nothing where it is not served."""
        try:
            await self._call("POST", "/v1/unload_lora_adapter", {"lora_name": name})
        except _AnsweredError as answered:
            if answered.status != 404:
                raise

    async def require_adapters(self) -> None:
        """Make sure that it answers, and takes adapters while it runs."""
        try:
            await self._call("POST", "/v1/unload_lora_adapter", {"lora_name": _NOBODY})
        except _AnsweredError as answered:
            if answered.status != 404 or not answered.has_route:
                raise self._without_route(answered) from answered

    def _without_route(self, answered: "_AnsweredError") -> ServerError:
        """Return what an answer means, which may be that there is no such route."""
        if answered.status not in {404, 405} or answered.has_route:
            return answered
        return ServerError(
            f"{self.url} takes no adapters while it runs ({answered.status}). Start vLLM with --enable-lora and "
            "VLLM_ALLOW_RUNTIME_LORA_UPDATING=True."
        )

    async def chat(self, model: str, messages: Sequence[Mapping[str, str]], *, max_tokens: int) -> Completion:
        """Return what a model writes, greedily."""
        asked = {"model": model, "messages": list(messages), "max_tokens": max_tokens, "temperature": 0}
        began_s = time.perf_counter()
        answer = await self._call("POST", "/v1/chat/completions", asked)
        took_s = time.perf_counter() - began_s
        usage = answer["usage"]
        text = answer["choices"][0]["message"]["content"] or ""
        return Completion(text, usage["prompt_tokens"], usage["completion_tokens"], took_s)

    async def classify(self, model: str, text: str) -> Completion:
        """Return the label that a classifier gives a text."""
        # Cut where the model ends, as in training; without this it refuses longer ones.
        asked = {"model": model, "input": text, "truncate_prompt_tokens": -1}
        began_s = time.perf_counter()
        answer = await self._call("POST", "/classify", asked)
        took_s = time.perf_counter() - began_s
        usage = answer["usage"]
        return Completion(answer["data"][0]["label"], usage["prompt_tokens"], usage.get("completion_tokens", 0), took_s)

    async def sleep(self) -> bool:
        """Have it free its GPUs; False where it was not started in development mode, which sleeping needs."""
        try:
            try:
                await self._call("POST", "/sleep?level=1&mode=wait", timeout_s=_DRAIN_S)
            except _SlowError:
                # Somebody's answer takes too long to be waited for.
                await self._call("POST", "/sleep?level=1&mode=abort", timeout_s=_LOAD_S)
        except _AnsweredError as answered:
            if answered.status in {404, 405}:
                return False
            raise
        return True

    async def can_sleep(self) -> bool:
        """Whether it was started in development mode, which sleeping needs."""
        return await self._sleeps() is not None

    async def is_sleeping(self) -> bool:
        """Whether it sleeps; False where it was not started so that it can."""
        return bool(await self._sleeps())

    async def _sleeps(self) -> bool | None:
        try:
            answer = await self._call("GET", "/is_sleeping")
        except _AnsweredError as answered:
            if answered.status in {404, 405}:
                return None
            raise
        return bool(answer["is_sleeping"])

    async def wake(self) -> None:
        """Have it take its GPUs again."""
        await self._call("POST", "/wake_up", timeout_s=_LOAD_S)

    async def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, timeout_s: float = _CALL_S
    ) -> Any:
        """Return the JSON that it answers; None for a text."""
        try:
            async with (
                asyncio.timeout(timeout_s),
                self._opened().request(method, f"{self._base}{path}", json=body, headers=self._headers) as answer,
            ):
                if answer.status >= 400:
                    raise _AnsweredError(self.url, path, answer.status, await answer.text())
                return await answer.json() if answer.content_type == "application/json" else None
        except TimeoutError as cause:
            raise _SlowError(f"{self.url} did not answer {path} within {timeout_s:g} s. Is it overloaded?") from cause
        except (aiohttp.ClientError, OSError) as cause:
            raise ServerAwayError(
                f"The server of models does not answer at {self.url} ({type(cause).__name__}). Start it, or correct "
                "CAIRN_SERVE_URL; what it served is restored once it runs."
            ) from cause

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            socket = self.url.removeprefix(_UNIX) if self.url.startswith(_UNIX) else None
            connector = aiohttp.UnixConnector(socket, limit=0) if socket else aiohttp.TCPConnector(limit=0)
            # Time is limited call by call, and how many are under way by whoever calls.
            self._session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None))
        return self._session


class _SlowError(ServerError):
    """It has not answered in time."""


class _AnsweredError(ServerError):
    """It answered with an error; `status` is HTTP's."""

    def __init__(self, url: str, path: str, status: int, body: str) -> None:
        reason = " ".join(body.split())[:_LONGEST_REASON]
        super().__init__(f"{url} refuses {path} ({status}): {reason}")
        self.status = status
        # What its routes answer; where there is no such route the framework beneath it answers {"detail": ...}.
        self.has_route = '"error"' in body
