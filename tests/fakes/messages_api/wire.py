"""What goes over the wire: JSON types, refusals as the API words them, and what one server is set to."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

# Blocks come from arbitrary JSON; validation looks at every one of them before anything else does.
JsonObject = dict[str, Any]

API_KEY = "sk-ant-fake"
MODELS = frozenset(
    {
        "claude-fable-5-2",
        "claude-haiku-4-5",
        "claude-haiku-5-5",
        "claude-opus-5-5",
        "claude-sonnet-5",
        "claude-sonnet-5-5",
    }
)
ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
LARGEST_BODY = 32 * 1024 * 1024
LARGEST_BATCH_BODY = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one server takes; a vLLM server, for example, has one model and a small context."""

    models: frozenset[str] = MODELS
    context_tokens: int = 200_000
    output_tokens: int = 128_000
    least_cacheable_tokens: int = 1_024


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request as it arrived, whether it was answered or refused.

    Attributes:
        endpoint: "messages", "count_tokens", "batches." with "create", "retrieve", "list", "cancel" or "results", or
            "batch" for one request within one.
        body: None where there was none, or it was no JSON.
        headers: Their names in lower case.
    """

    endpoint: str
    method: str
    path: str
    headers: dict[str, str]
    body: JsonObject | None


class RefusedError(Exception):
    """The API answers with an error instead of doing what was asked."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class Clock:
    """The server's time, which stands still until a test moves it."""

    def __init__(self, now: dt.datetime | None = None) -> None:
        self.now = now or dt.datetime(2026, 11, 2, 9, 0, tzinfo=dt.UTC)

    def advance(self, by: dt.timedelta) -> None:
        """Move the time on."""
        self.now += by


def error_body(error_type: str, message: str, request_id: str) -> JsonObject:
    """Return the body of an error, the same in a response, in an event and in a batch."""
    return {"type": "error", "error": {"type": error_type, "message": message}, "request_id": request_id}
