"""Teachers behind /v1/chat/completions: GPT-4o and its kind, and open models on vLLM."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

import aiohttp

from agents.adapters.teachers.faults import RAISED, Fault, Settings, fault_of, fault_of_status
from agents.adapters.teachers.patience import Faulty, answered, plain
from agents.adapters.teachers.schemas import is_strict, unfenced
from agents.dialogue.chat import Usage
from agents.distillation.teaching import TeacherAnswer, TeacherRequest

OPENAI: Final = Settings(api="the API of OpenAI's kind", key="CAIRN_OPENAI_API_KEY", address="CAIRN_OPENAI_BASE_URL")
VLLM: Final = Settings(api="the vLLM server", key="CAIRN_VLLM_API_KEY", address="CAIRN_VLLM_URL")

_ANSWER_S: Final = 600.0
_AT_ONCE: Final = 8
# vLLM works on many requests in one step, so more of them at once take hardly longer.
_AT_ONCE_OF_ONES_OWN: Final = 64


class OpenAiCompatible:
    """A model that answers one request at a time over /v1/chat/completions.

    Args:
        model: As the API knows it.
        base_url: Of the server, without /v1.
        api_key: For the server; None where it needs none.
        settings: Where a person mends it.
        is_own: A server of one's own, whose calls cost nothing: it takes many at once.
    """

    def __init__(
        self, model: str, base_url: str, api_key: str | None, *, settings: Settings = OPENAI, is_own: bool = False
    ) -> None:
        self.model = model
        self.effect_kind = "vllm_chat" if is_own else "openai_chat"
        self.at_once = _AT_ONCE_OF_ONES_OWN if is_own else _AT_ONCE
        self._url = f"{base_url.rstrip('/')}/v1/chat/completions"
        self._headers = {"authorization": f"Bearer {api_key}"} if api_key else {}
        self._settings = settings
        # The newer name is not known to all servers, and the older one not taken by newer models of OpenAI's.
        self._limit = "max_tokens" if is_own else "max_completion_tokens"
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def answer(self, request: TeacherRequest) -> TeacherAnswer:
        """Return what came of one request."""
        body = completion_body(self.model, request, limit=self._limit)

        async def call() -> TeacherAnswer:
            async with (
                asyncio.timeout(_ANSWER_S),
                self._opened().post(self._url, json=body, headers=self._headers) as got,
            ):
                content = await got.read()
                if got.status != 200:
                    raise Faulty(fault_of_body(got.status, content, got.headers.get("retry-after"), self._settings))
            return completion_answer(request.id, json.loads(content))

        return await answered(request.id, call, lambda error: fault_of(error, self._settings), RAISED)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            # Time is limited call by call.
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        return self._session


def completion_body(model: str, request: TeacherRequest, *, limit: str) -> dict[str, Any]:
    """Return the body of a request for a chat completion; `limit` is what its limit on tokens is called."""
    bound = {"name": "answer", "schema": dict(request.schema), "strict": is_strict(request.schema)}
    return {
        "model": model,
        "messages": [{"role": "system", "content": request.system}, {"role": "user", "content": request.user}],
        limit: request.max_tokens,
        "response_format": {"type": "json_schema", "json_schema": bound},
    }


def completion_answer(request_id: str, body: Any) -> TeacherAnswer:
    """Return what a chat completion says.

    Raises:
        ValueError: It is no chat completion.
    """
    try:
        choice, used = body["choices"][0], _usage(body.get("usage") or {})
        message, ended = choice["message"], choice.get("finish_reason")
        text, refusal = plain(message.get("content") or ""), message.get("refusal")
    except (AttributeError, IndexError, KeyError, TypeError):
        raise ValueError("no chat completion") from None
    if refusal or ended == "content_filter":
        category = "content_filter" if ended == "content_filter" else "unnamed"
        return TeacherAnswer(id=request_id, state="refused", detail=category, usage=used)
    if ended == "length":
        return TeacherAnswer(id=request_id, state="cut", detail="length", usage=used)
    return TeacherAnswer(id=request_id, state="answered", text=unfenced(text), usage=used)


def fault_of_body(status: int, content: bytes, retry_after: str | None, settings: Settings) -> Fault:
    """Return what an answer with an error means."""
    kind = ""
    try:
        error = json.loads(content)["error"]
        kind = next((each for each in (error.get("code"), error.get("type")) if isinstance(each, str)), "")
    except (AttributeError, KeyError, TypeError, ValueError):
        # A proxy's page; the status says enough.
        kind = ""
    return fault_of_status(status, kind, retry_after, settings)


def _usage(told: Mapping[str, Any]) -> Usage:
    prompt, completion = _count(told.get("prompt_tokens")), _count(told.get("completion_tokens"))
    cached = min(prompt, _count((told.get("prompt_tokens_details") or {}).get("cached_tokens")))
    return Usage(input_tokens=prompt - cached, cache_read_tokens=cached, output_tokens=completion)


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0
