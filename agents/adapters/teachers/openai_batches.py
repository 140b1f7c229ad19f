"""Teachers by OpenAI's Batch API: a file of requests goes up, a batch works on it, files of answers come back."""

import asyncio
import datetime as dt
import io
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp

from agents.adapters.teachers.batch_ids import custom_id, own_request_id
from agents.adapters.teachers.faults import RAISED, Fault, fault_of, fault_of_status
from agents.adapters.teachers.openai import OPENAI, completion_answer, completion_body, fault_of_body
from agents.adapters.teachers.patience import Faulty
from agents.distillation.teaching import (
    AnswerState,
    BatchProgress,
    FoundBatch,
    TeacherAnswer,
    TeacherRefused,
    TeacherRequest,
)

# https://developers.openai.com/api/docs/guides/batch: 50,000 requests or 200 MB. Fewer lose less where one expires, and
# tokens that wait in batches count against a limit of the account.
_LARGEST_BATCH: Final = 10_000
_LARGEST_BYTES: Final = 64 * 1024 * 1024
_ENDPOINT: Final = "/v1/chat/completions"
_SUBMIT_S: Final = 300.0
_CALL_S: Final = 60.0
# The clocks of two hosts; the API tells whole seconds.
_SKEW: Final = dt.timedelta(minutes=2)
_PAGE, _MOST_LOOKED_AT = 100, 2_000
# What a batch carries outside, by which it is found again for sure.
_LABEL: Final = "cairn"

_ENDED: Final = frozenset({"completed", "failed", "expired", "cancelled"})
_STATES: Final[Mapping[str, AnswerState]] = {"batch_expired": "expired", "batch_cancelled": "cancelled"}
# Kinds of errors of one request, as agents/distillation/teaching.py knows them.
_KINDS: Final = {400: "invalid_request_error", 404: "not_found_error", 413: "request_too_large"}
# What of a batch that failed as a whole passes by itself: other batches end, and so do the limits of a day.
_PASSING: Final = frozenset({"token_limit_exceeded", "rate_limit_exceeded", "server_error"})


class OpenAiBatches:
    """A model that answers in batches of OpenAI's kind, which carry their name as metadata.

    Args:
        model: As the API knows it.
        base_url: Of the server, without /v1.
        api_key: For the server.
    """

    effect_kind = "openai_batch"
    largest_batch = _LARGEST_BATCH
    largest_bytes = _LARGEST_BYTES

    def __init__(self, model: str, base_url: str, api_key: str) -> None:
        self.model = model
        self._url = base_url.rstrip("/")
        self._headers = {"authorization": f"Bearer {api_key}"}
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def submit(self, name: str, requests: Sequence[TeacherRequest]) -> str:
        """Hand in a batch and return its id."""
        lines = "".join(f"{json.dumps(self._line(name, each), ensure_ascii=False)}\n" for each in requests)
        form = aiohttp.FormData({"purpose": "batch"})
        content = io.BytesIO(lines.encode("utf-8", "replace"))
        form.add_field("file", content, filename=f"{_LABEL}-{name}.jsonl", content_type="application/jsonl")
        # A file by itself does nothing and costs nothing: a crash here leaves one behind, which the API deletes.
        async with _safely(_SUBMIT_S):
            file_id = str((await self._told("POST", "/v1/files", data=form))["id"])
        wanted = {
            "input_file_id": file_id,
            "endpoint": _ENDPOINT,
            "completion_window": "24h",
            "metadata": {_LABEL: name},
        }
        try:
            async with asyncio.timeout(_CALL_S):
                return str((await self._told("POST", "/v1/batches", json=wanted))["id"])
        except (*RAISED, KeyError, TypeError, Faulty) as error:
            raise _fault(error).raised_of_submit() from None

    async def find(self, name: str, requests: int, since: dt.datetime) -> Sequence[FoundBatch]:
        """Return the batches since then that carry the name."""
        del requests  # The name is enough.
        found: list[FoundBatch] = []
        after: dict[str, str] = {}
        async with _safely(_SUBMIT_S):
            for _ in range(_MOST_LOOKED_AT // _PAGE):
                page = await self._told("GET", "/v1/batches", params={"limit": str(_PAGE), **after})
                batches = page["data"]
                recent = [each for each in batches if each["created_at"] >= (since - _SKEW).timestamp()]
                ours = [each["id"] for each in recent if (each.get("metadata") or {}).get(_LABEL) == name]
                found += [FoundBatch(each, is_ours=True) for each in ours]
                if len(recent) < len(batches) or not batches or not page.get("has_more"):
                    break
                after = {"after": batches[-1]["id"]}
        return found

    async def progress(self, batch_id: str) -> BatchProgress:
        """Return how far a batch is."""
        async with _safely(_CALL_S):
            batch = await self._batch(batch_id)
            # Not told before the file was looked through.
            counts = batch.get("request_counts") or {}
            done = counts.get("completed", 0) + counts.get("failed", 0)
            failed = _failure(batch).raised() if batch["status"] == "failed" else None
            return BatchProgress(batch["status"] in _ENDED, counts.get("total", 0) - done, done, failed)

    async def answers(self, name: str, batch_id: str) -> AsyncIterator[TeacherAnswer]:
        """Yield what came of each request; of what was cancelled the API may say nothing."""
        async with _safely(_CALL_S):
            batch = await self._batch(batch_id)
        seen: set[str] = set()
        for file_id in filter(None, (batch.get("output_file_id"), batch.get("error_file_id"))):
            async for line in self._lines(f"/v1/files/{file_id}/content"):
                async with _safely(_CALL_S):
                    told = json.loads(line)
                    known = own_request_id(name, told["custom_id"], batch_id)
                    answer = _answer(known, told)
                if known not in seen:
                    seen.add(known)
                    yield answer

    async def cancel(self, batch_id: str) -> None:
        """Have a batch end early."""
        if (await self.progress(batch_id)).has_ended:
            return
        async with _safely(_CALL_S):
            await self._told("POST", f"/v1/batches/{batch_id}/cancel")

    def _line(self, name: str, request: TeacherRequest) -> dict[str, Any]:
        body = completion_body(self.model, request, limit="max_completion_tokens")
        return {"custom_id": custom_id(name, request.id), "method": "POST", "url": _ENDPOINT, "body": body}

    async def _batch(self, batch_id: str) -> Any:
        return await self._told("GET", f"/v1/batches/{batch_id}")

    async def _told(self, method: str, path: str, **sent: Any) -> Any:
        """Return the object that a call is answered with.

        Raises:
            Faulty: It is an error.
        """
        async with self._opened().request(method, f"{self._url}{path}", headers=self._headers, **sent) as got:
            content = await got.read()
            if got.status == 404 and method == "POST" and path in {"/v1/files", "/v1/batches"}:
                raise Faulty(_without_batches(path))
            if got.status != 200:
                raise Faulty(fault_of_body(got.status, content, got.headers.get("retry-after"), OPENAI))
        return json.loads(content)

    async def _lines(self, path: str) -> AsyncIterator[bytes]:
        """Yield the lines of a file, each of which may take its time and be of any length."""
        async with _safely(_SUBMIT_S):
            got = await self._opened().get(f"{self._url}{path}", headers=self._headers)
        async with got:
            if got.status != 200:
                async with _safely(_CALL_S):
                    content = await got.read()
                raise fault_of_body(got.status, content, got.headers.get("retry-after"), OPENAI).raised()
            held = b""
            while True:
                async with _safely(_CALL_S):
                    piece = await got.content.readany()
                *lines, held = (held + piece).split(b"\n")
                for line in lines:
                    if line.strip():
                        yield line
                if not piece:
                    break
            if held.strip():
                yield held

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            # Time is limited call by call.
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        return self._session


def _answer(request_id: str, line: Mapping[str, Any]) -> TeacherAnswer:
    """Return what a line of a file of answers or errors says."""
    response, error = line.get("response"), line.get("error") or {}
    if not response:
        code = str(error.get("code") or "api_error")
        return TeacherAnswer(id=request_id, state=_STATES.get(code, "errored"), detail=_word(code))
    status = int(response["status_code"])
    if status == 200:
        return completion_answer(request_id, response["body"])
    kind = _KINDS.get(status, "permission_error" if status in {401, 403} else "api_error")
    return TeacherAnswer(id=request_id, state="errored", detail=kind)


def _failure(batch: Mapping[str, Any]) -> Fault:
    """Return why a batch failed as a whole; the API's sentence is not repeated, it could hold a part of a request."""
    first: Mapping[str, Any] = next(iter((batch.get("errors") or {}).get("data") or ()), {})
    code, line = _word(str(first.get("code") or "")), first.get("line")
    if code in _PASSING:
        more = "; the account's limit on tokens that wait in batches is reached" if code.startswith("token") else ""
        return Fault("busy", f"does not work on the batch for now ({code}){more}")
    if code == "model_not_found":
        return fault_of_status(404, code, None, OPENAI)
    if code in {"insufficient_quota", "billing_hard_limit_reached"}:
        return fault_of_status(402, code, None, OPENAI)
    where = f", line {line}" if isinstance(line, int) else ""
    return Fault("request", f"does not take the batch: {OPENAI.api} says {code}{where} of {batch['id']}")


def _without_batches(path: str) -> Fault:
    return Fault(
        "account",
        f"has no batches: {OPENAI.api} answers 404 to {path}; set teacher.batch: false, or check {OPENAI.address}",
    )


def _word(code: str) -> str:
    return code if code.isidentifier() and len(code) < 60 else "unnamed"


def _fault(error: Exception) -> Fault:
    return error.fault if isinstance(error, Faulty) else fault_of(error, OPENAI)


@asynccontextmanager
async def _safely(within_s: float) -> AsyncIterator[None]:
    """Give calls that may be repeated their time, and what they raise its meaning."""
    try:
        async with asyncio.timeout(within_s):
            yield
    except TeacherRefused:
        raise
    except (*RAISED, AttributeError, KeyError, TypeError, Faulty) as error:
        raise _fault(error).raised() from None
