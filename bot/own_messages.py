"""Finding a message of Cairn's own in a thread or channel: whether a call whose answer was lost was made."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

_PAGE = 200
# Slack's clock and ours need not agree on when an attempt began.
_CLOCK_SLACK_S = 300.0

# Of a message and the bot's id.
Matches = Callable[[Mapping[str, Any], str], bool]


async def find(
    client: AsyncWebClient, channel: str, thread_ts: str | None, since_s: float | None, matches: Matches
) -> str | None:
    """Return the ts of the first message that matches, of those posted since (Unix time).

    Raises:
        SlackApiError: Slack refuses, or the place may not be read.
    """
    bot_id = str((await client.auth_test())["bot_id"])
    oldest = None if since_s is None else f"{since_s - _CLOCK_SLACK_S:.6f}"
    cursor = None
    while True:
        given: dict[str, Any] = {
            "channel": channel, "oldest": oldest, "cursor": cursor, "limit": _PAGE, "include_all_metadata": True
        }  # fmt: skip
        if thread_ts is None:
            page = await client.conversations_history(**given)
        else:
            page = await client.conversations_replies(ts=thread_ts, **given)
        for message in page.get("messages") or []:
            if matches(message, bot_id):
                return str(message["ts"])
        cursor = (page.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return None


def is_begun(message: Mapping[str, Any], bot_id: str, begins: str) -> bool:
    """Return whether a message is the stream whose start was not answered.

    A start takes no metadata: it is ours, has none, and begins as that began.
    """
    is_own = message.get("bot_id") == bot_id and not message.get("metadata")
    said, begun = _letters(str(message.get("text", ""))), _letters(begins)
    return is_own and bool(said) and (said.startswith(begun) or begun.startswith(said))


def _letters(text: str) -> str:
    """Return the letters and digits of markdown or mrkdwn, which write links and emphasis differently."""
    without_addresses = re.sub(r"<[^|>\s]+\|([^>]*)>|\[([^\]]*)\]\([^)]*\)", r"\1\2", text)
    return re.sub(r"[\W_]", "", without_addresses)
