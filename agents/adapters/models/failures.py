"""What went wrong with a call of the Messages API, as the failure that the conversation knows."""

from typing import Final

import anthropic
import httpx2

from agents.dialogue.chat import ModelFailure, Usage

# Longer than this no conversation waits; the server may say any number.
_LONGEST_RETRY_S: Final = 120.0
_OVERLOADED: Final = 529

RAISED: Final = (anthropic.AnthropicError, httpx2.HTTPError, TimeoutError)
"""All that a call raises: the SDK's own, what its transport raises in the middle of a stream, and our timeouts."""


def failure_of(error: Exception, *, usage: Usage | None) -> ModelFailure:
    """Return the failure that an error means.

    Args:
        error: What the SDK raised; its message is not repeated where it could hold a part of the request.
        usage: What the call has used until now; None where nothing of an answer had come.
    """
    failure = _meaning(error, is_begun=usage is not None)
    failure.usage = usage
    return failure


def _meaning(error: Exception, *, is_begun: bool) -> ModelFailure:
    if isinstance(error, TimeoutError | anthropic.APITimeoutError | httpx2.TimeoutException):
        return ModelFailure("timeout", "it took too long")
    if isinstance(error, anthropic.APIStatusError):
        return _of_status(error)
    if isinstance(error, anthropic.APIConnectionError | httpx2.HTTPError):
        if is_begun:
            return ModelFailure("cut", "the connection broke in the middle of the answer")
        return ModelFailure("unreachable", "there is no connection to it")
    return ModelFailure("rejected", f"the request could not be made ({type(error).__name__})")


def _of_status(error: anthropic.APIStatusError) -> ModelFailure:
    status, kind = error.status_code, _type(error)
    if status == 429:
        return ModelFailure("rate_limited", "too many requests", retry_after_s=_retry_after(error))
    # An overload in the middle of a stream comes with status 200.
    if status == _OVERLOADED or kind == "overloaded_error":
        return ModelFailure("overloaded", "it has too much to do", retry_after_s=_retry_after(error))
    if status >= 500 or status == 200:
        return ModelFailure("overloaded", f"its server failed ({kind or status})", retry_after_s=_retry_after(error))
    if status in (401, 403):
        return ModelFailure("rejected", f"the key is not accepted ({status}); check ANTHROPIC_API_KEY")
    if status == 404:
        return ModelFailure("rejected", "the model or the address is unknown (404); check CAIRN_MODEL and the URL")
    return ModelFailure("rejected", f"the request was not accepted ({status} {kind})".replace(" )", ")"))


def _type(error: anthropic.APIStatusError) -> str:
    body = error.body if isinstance(error.body, dict) else {}
    inner = body.get("error")
    found = inner.get("type") if isinstance(inner, dict) else None
    return found if isinstance(found, str) else ""


def _retry_after(error: anthropic.APIStatusError) -> float | None:
    try:
        seconds = float(error.response.headers.get("retry-after", ""))
    except ValueError:
        return None
    return min(max(0.0, seconds), _LONGEST_RETRY_S)
