"""What went wrong with a call of the Messages API, as the failure that the conversation knows."""

import re
from typing import Final

import anthropic
import httpx2

from agents.adapters.models.backend import SetBy
from agents.dialogue.chat import ModelFailure, Usage

LONGEST_RETRY_S: Final = 120.0
"""Longer than this no conversation waits; the server may say any number."""

_OVERLOADED: Final = 529

RAISED: Final = (anthropic.AnthropicError, httpx2.HTTPError, OSError, ValueError)
"""All that a call raises: the SDK's own, what its transport raises in the middle of a stream, our timeouts, and what
is no event where one should stand."""

# A request that is too long, as Anthropic and as vLLM word it; no error type says it.
_TOO_LONG: Final = re.compile(r"prompt is too long|maximum context length|max_model_len|context window", re.IGNORECASE)
_NO_CREDIT: Final = re.compile(r"credit balance", re.IGNORECASE)


def failure_of(error: Exception, set_by: SetBy, *, usage: Usage | None) -> ModelFailure:
    """Return the failure that an error means.

    Args:
        error: What was raised; its own words are not repeated, since they could hold a part of the request.
        set_by: The settings to be named where one of them is wrong.
        usage: What the call has used until now; None where nothing of an answer had come.
    """
    failure = _meaning(error, set_by, is_begun=usage is not None)
    failure.usage = usage
    return failure


def _meaning(error: Exception, set_by: SetBy, *, is_begun: bool) -> ModelFailure:
    if isinstance(error, TimeoutError | anthropic.APITimeoutError | httpx2.TimeoutException):
        return ModelFailure("timeout", "it took too long")
    if isinstance(error, anthropic.APIStatusError):
        return _of_status(error, set_by)
    if isinstance(error, anthropic.APIConnectionError | httpx2.HTTPError | OSError):
        if is_begun:
            return ModelFailure("cut", "the connection broke in the middle of the answer")
        return ModelFailure("unreachable", "there is no connection to it")
    if isinstance(error, ValueError | anthropic.APIResponseValidationError):
        return ModelFailure("cut", "its answer is not in the form of the Messages API")
    return ModelFailure("rejected", f"the request could not be made ({type(error).__name__})")


def _of_status(error: anthropic.APIStatusError, set_by: SetBy) -> ModelFailure:
    status, kind = error.status_code, error.type or ""
    if status == 429:
        return ModelFailure("rate_limited", "too many requests", retry_after_s=_retry_after(error))
    # An overload in the middle of a stream comes with status 200.
    if status == _OVERLOADED or kind == "overloaded_error":
        return ModelFailure("overloaded", "it has too much to do", retry_after_s=_retry_after(error))
    if status >= 500 or status == 200:
        return ModelFailure("overloaded", f"its server failed ({kind or status})", retry_after_s=_retry_after(error))
    return ModelFailure("rejected", _rejection(error, status, set_by))


def _rejection(error: anthropic.APIStatusError, status: int, set_by: SetBy) -> str:
    said = error.api_message if isinstance(error.api_message, str) else ""
    if status in (401, 403):
        return f"its key is not accepted ({status}); check {set_by.key}"
    if status == 402 or _NO_CREDIT.search(said):
        return f"its account has no credit left ({status}); top it up, or set another {set_by.key}"
    if status == 404:
        return f"the model or the address is unknown (404); check {set_by.model} and {set_by.address}"
    if status == 413 or _TOO_LONG.search(said):
        return f"this thread is longer than it takes ({status}); go on in a new one, or check {set_by.context}"
    known_as = f", request {error.request_id}" if error.request_id else ""
    return f"it does not take the request ({status}{known_as})"


def _retry_after(error: anthropic.APIStatusError) -> float | None:
    try:
        seconds = float(error.response.headers.get("retry-after", ""))
    except ValueError:
        return None
    # A number that is none fails both comparisons.
    return min(seconds, LONGEST_RETRY_S) if seconds >= 0 else None
