"""What an error of Slack's Web API means for a message: try later, say it plainly, post anew, or give up."""

import asyncio
from dataclasses import dataclass
from typing import Literal

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

Meaning = Literal["rate_limited", "bad_blocks", "message_gone", "unreachable", "refused", "unknown"]

_BAD_BLOCKS = {
    "invalid_blocks",
    "invalid_blocks_format",
    "invalid_attachments",
    "msg_too_long",
    "msg_blocks_too_long",
    "markdown_text_conflict",
}
_GONE = {"message_not_found", "cant_update_message", "edit_window_closed"}
# Nobody can be reached there until a person changes something: in the channel, or in the workspace.
_UNREACHABLE = {
    "account_inactive",
    "channel_not_found",
    "invalid_auth",
    "is_archived",
    "messages_tab_disabled",
    "missing_scope",
    "not_authed",
    "not_in_channel",
    "restricted_action",
    "thread_locked",
    "token_expired",
    "token_revoked",
    "user_not_found",
    "user_not_in_channel",
}
# Slack says ok: false, yet the message may have been taken.
_UNSURE = {"internal_error", "fatal_error", "service_unavailable", "request_timeout"}

# What a call ends with where nobody knows whether Slack did it.
UNKNOWN_OUTCOME = (aiohttp.ClientError, asyncio.TimeoutError, SlackClientError, OSError)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a call failed; `retry_after_s` where Slack says when to try again."""

    code: str
    meaning: Meaning
    retry_after_s: float = 0.0


def failure_of(error: Exception) -> Failure:
    """Return what an exception of a Web API call means."""
    if not isinstance(error, SlackApiError):
        return Failure(type(error).__name__, "unknown")
    response = error.response
    headers = getattr(response, "headers", None) or {}
    data = getattr(response, "data", None)
    code = str(data.get("error") or "") if isinstance(data, dict) else ""
    status = getattr(response, "status_code", 0)
    if code == "ratelimited" or status == 429:
        return Failure("ratelimited", "rate_limited", _seconds(headers.get("Retry-After")))
    if not code or status >= 500 or code in _UNSURE:
        return Failure(code or f"http_{status}", "unknown")
    return Failure(code, _meaning(code))


def _meaning(code: str) -> Meaning:
    if code in _BAD_BLOCKS:
        return "bad_blocks"
    if code in _GONE:
        return "message_gone"
    return "unreachable" if code in _UNREACHABLE else "refused"


def _seconds(header: str | None) -> float:
    try:
        return max(1.0, float(header or ""))
    except ValueError:
        return 30.0
