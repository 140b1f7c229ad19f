"""Strict files and batches of OpenAI's kind: made at once, looked through and worked on when somebody looks.

What is refused and what states there are: https://developers.openai.com/api/docs/guides/batch and the reference of
`/v1/batches` and `/v1/files`.
"""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.messages_api import Clock

JsonObject = dict[str, Any]
# Gives the status and the body of one request's answer; None where it never comes to an end.
Work = Callable[[JsonObject], tuple[int, JsonObject] | None]

ENDPOINTS = {"/v1/chat/completions", "/v1/embeddings", "/v1/completions", "/v1/responses"}
MOST_REQUESTS, MOST_BYTES, LARGEST_PAGE = 50_000, 200_000_000, 100
LIFETIME = dt.timedelta(hours=24)
ENDED = {"completed", "failed", "expired", "cancelled"}
COLUMNS = {"custom_id", "method", "url", "body"}


class RefusedError(Exception):
    """An answer with an error."""

    def __init__(self, message: str, status: int = 400, code: str = "invalid_request_error") -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass(slots=True)
class Batch:
    """One batch; `lines` are its requests once its file was looked through."""

    id: str
    file_id: str
    endpoint: str
    metadata: JsonObject | None
    created_at: dt.datetime
    status: str = "validating"
    lines: dict[str, JsonObject] = field(default_factory=dict)
    answers: dict[str, JsonObject] = field(default_factory=dict)
    errors: dict[str, JsonObject] = field(default_factory=dict)
    stuck: set[str] = field(default_factory=set)
    faults: list[JsonObject] = field(default_factory=list)
    output_file_id: str | None = None
    error_file_id: str | None = None

    def as_json(self) -> JsonObject:
        """Return the batch as the API shows it."""
        counts = {"total": len(self.lines), "completed": len(self.answers), "failed": len(self.errors)}
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": self.endpoint,
            "errors": {"object": "list", "data": self.faults} if self.faults else None,
            "input_file_id": self.file_id,
            "completion_window": "24h",
            "status": self.status,
            "output_file_id": self.output_file_id,
            "error_file_id": self.error_file_id,
            "created_at": int(self.created_at.timestamp()),
            "expires_at": int((self.created_at + LIFETIME).timestamp()),
            "request_counts": counts,
            "metadata": self.metadata,
        }


class Batches:
    """All files and batches of a server.

    Attributes:
        per_look: How many requests are worked on each time that a batch is retrieved; all of them where None.
        fails_with: Codes with which the next batches fail as a whole, as with a limit of the account.
        asked: The bodies of requests that were worked on, in order.
    """

    def __init__(self, clock: Clock, work: Work) -> None:
        self.clock = clock
        self.per_look: int | None = None
        self.fails_with: list[str] = []
        self.asked: list[JsonObject] = []
        self._work = work
        self._files: dict[str, bytes] = {}
        self._made: dict[str, Batch] = {}

    def upload(self, purpose: str | None, filename: str | None, content: bytes | None) -> JsonObject:
        """Return a new file."""
        if purpose != "batch" or content is None:
            raise RefusedError("purpose and file are required; 'batch' is the purpose of batches")
        if not (filename or "").endswith(".jsonl"):
            raise RefusedError("Invalid file format. Batches take .jsonl")
        if len(content) > MOST_BYTES:
            raise RefusedError("The file is too large", status=413)
        return {**self._new_file(content), "filename": filename, "purpose": "batch"}

    def content(self, file_id: str) -> bytes:
        """Return what is in a file."""
        if file_id not in self._files:
            raise RefusedError(f"No such File object: {file_id}", status=404)
        return self._files[file_id]

    def create(self, body: JsonObject) -> JsonObject:
        """Return a new batch; what is wrong with its file shows later."""
        if unknown := sorted(set(body) - {"input_file_id", "endpoint", "completion_window", "metadata"}):
            raise RefusedError(f"Unknown parameter: {unknown[0]}")
        if body.get("endpoint") not in ENDPOINTS or body.get("completion_window") != "24h":
            raise RefusedError("endpoint is one of those of batches, and completion_window is 24h")
        metadata = body.get("metadata")
        if metadata is not None and not _is_metadata(metadata):
            raise RefusedError("metadata: at most 16 pairs, of strings up to 64 and 512 characters")
        self.content(body.get("input_file_id", ""))
        batch = Batch(
            f"batch_{len(self._made) + 1:06d}", body["input_file_id"], body["endpoint"], metadata, self.clock.now
        )
        self._made[batch.id] = batch
        return batch.as_json()

    def look(self, batch_id: str) -> JsonObject:
        """Return a batch after the work that was due."""
        batch = self._find(batch_id)
        if batch.status == "cancelling":
            self._end(batch, "cancelled")
        elif batch.status not in ENDED and self.clock.now >= batch.created_at + LIFETIME:
            self._end(batch, "expired")
        elif batch.status == "validating":
            self._validate(batch)
        elif batch.status == "in_progress":
            self._go_on(batch)
        elif batch.status == "finalizing":
            self._end(batch, "completed")
        return batch.as_json()

    def cancel(self, batch_id: str) -> JsonObject:
        """Return a batch that will be cancelled when it is looked at again."""
        batch = self._find(batch_id)
        if batch.status in ENDED:
            raise RefusedError(f"Cannot cancel a batch with status '{batch.status}'.", status=409)
        batch.status = "cancelling"
        return batch.as_json()

    def page(self, limit: int, after: str | None) -> JsonObject:
        """Return batches, the newest first."""
        if not 1 <= limit <= LARGEST_PAGE:
            raise RefusedError(f"limit is 1 to {LARGEST_PAGE}")
        newest_first = list(reversed(self._made.values()))
        start = 0 if after is None else newest_first.index(self._find(after)) + 1
        shown = [each.as_json() for each in newest_first[start : start + limit]]
        return {"object": "list", "data": shown, "has_more": len(newest_first) > start + limit}

    def statuses(self) -> list[str]:
        """Return how each batch stands, oldest first."""
        return [each.status for each in self._made.values()]

    def _validate(self, batch: Batch) -> None:
        lines, faults = _read(self.content(batch.file_id), batch.endpoint)
        if self.fails_with:
            faults = [{"code": self.fails_with.pop(0), "message": "scripted", "param": None, "line": None}]
        batch.lines, batch.faults = ({}, faults) if faults else (lines, [])
        batch.status = "failed" if faults else "in_progress"

    def _go_on(self, batch: Batch) -> None:
        open_ = [each for each in batch.lines if each not in {*batch.answers, *batch.errors, *batch.stuck}]
        for custom_id in open_[: self.per_look]:
            self.asked.append(batch.lines[custom_id])
            worked = self._work(batch.lines[custom_id])
            if worked is None:
                batch.stuck.add(custom_id)
                continue
            status, body = worked
            response = {"status_code": status, "request_id": f"req_{custom_id}", "body": body}
            ended = batch.answers if status == 200 else batch.errors
            ended[custom_id] = {"id": f"batch_req_{custom_id}", "custom_id": custom_id, "response": response}
        if len(batch.answers) + len(batch.errors) == len(batch.lines):
            batch.status = "finalizing"

    def _end(self, batch: Batch, status: str) -> None:
        batch.status = status
        for custom_id in batch.lines if status in {"expired", "cancelled"} else ():
            if custom_id not in batch.answers and custom_id not in batch.errors:
                error = {"code": f"batch_{status}", "message": f"This request was {status}."}
                batch.errors[custom_id] = {"id": f"batch_req_{custom_id}", "custom_id": custom_id, "error": error}
        if batch.answers:
            batch.output_file_id = self._new_file(_jsonl(batch.answers))["id"]
        if batch.errors:
            batch.error_file_id = self._new_file(_jsonl(batch.errors))["id"]

    def _new_file(self, content: bytes) -> JsonObject:
        file_id = f"file-{len(self._files) + 1:06d}"
        self._files[file_id] = content
        return {"id": file_id, "object": "file", "bytes": len(content)}

    def _find(self, batch_id: str) -> Batch:
        if batch_id not in self._made:
            raise RefusedError(f"No batch found with id '{batch_id}'.", status=404)
        return self._made[batch_id]


def _read(content: bytes, endpoint: str) -> tuple[dict[str, JsonObject], list[JsonObject]]:
    """Return the bodies of requests by their ids, and what is wrong."""
    found: dict[str, JsonObject] = {}
    lines = content.decode().splitlines()
    if not lines or len(lines) > MOST_REQUESTS:
        return {}, [_fault("empty_file" if not lines else "too_many_tasks", None)]
    for number, line in enumerate(lines, 1):
        try:
            told = json.loads(line)
        except ValueError:
            return {}, [_fault("invalid_json_line", number)]
        if (code := _line_fault(told, endpoint, found)) is not None:
            return {}, [_fault(code, number)]
        found[told["custom_id"]] = told["body"]
    if len({each.get("model") for each in found.values()}) > 1:
        return {}, [_fault("mismatched_model", None)]
    return found, []


def _line_fault(told: JsonObject, endpoint: str, before: Mapping[str, JsonObject]) -> str | None:
    if set(told) != COLUMNS or not 1 <= len(str(told["custom_id"])) <= 64 or told["method"] != "POST":
        return "invalid_request"
    if told["url"] != endpoint:
        return "mismatched_url"
    return "duplicate_custom_id" if told["custom_id"] in before else None


def _fault(code: str, line: int | None) -> JsonObject:
    return {"code": code, "message": "scripted", "param": None, "line": line}


def _is_metadata(metadata: Any) -> bool:
    return (
        isinstance(metadata, Mapping)
        and len(metadata) <= 16
        and all(isinstance(each, str) and len(each) <= 64 for each in metadata)
        and all(isinstance(each, str) and len(each) <= 512 for each in metadata.values())
    )


def _jsonl(lines: Mapping[str, JsonObject]) -> bytes:
    """Return lines as a file, never in the order that was asked in."""
    whole = [{"response": None, "error": None, **each} for each in reversed(list(lines.values()))]
    return "".join(f"{json.dumps(each)}\n" for each in whole).encode()
