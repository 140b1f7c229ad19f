"""One message to Slack: posted once, edited in place, found again after an unknown outcome."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from agents.store.outbox import Claimed
from agents.store.replies import Messages
from bot.blocks.message import PERMALINK, Message, with_file_ids, without_pictures
from bot.own_messages import find, is_begun
from bot.slack_errors import failure_of
from bot.uploads import share_attachment, upload_pictures

METADATA_TYPE = "cairn_card"
# A picture can be refused for a moment after its upload, while Slack still looks at it.
_PICTURE_WAITS_S = (0.5, 1.0, 1.5)

_log = logging.getLogger(__name__)

Remember = Callable[[Mapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a card goes: a message to edit, or a thread (or channel) to post it in."""

    channel: str
    thread_ts: str | None
    ts: str | None
    key: str


async def deliver(client: AsyncWebClient, claimed: Claimed, message: Message, remember: Remember) -> str:
    """Bring `message` to Slack as the claimed card and return its ts.

    Args:
        client: Of the card's team; it must not retry by itself, or a message could be posted twice.
        claimed: The card as claimed.
        message: What it shows now.
        remember: Keeps ids that Slack gave, for a later attempt.

    Raises:
        SlackApiError: Slack refused; `failure_of` says what that means.
    """
    if message.home is not None:
        await client.views_publish(user_id=claimed.card.channel, view=message.home)
        return "home"
    channel = await _channel(client, claimed, remember)
    if message.is_withdrawn:
        return await _withdrawn(client, claimed, channel, message, remember)
    if message.attachment is not None:
        return claimed.ts or await share_attachment(client, claimed, channel, message.attachment, remember)
    if message.link_to is not None:
        message = await _linked(client, message, *message.link_to)
    if claimed.card.ephemeral_user is not None:
        return await _post_to_one(client, claimed, message)
    ts = await _standing(client, claimed, channel, remember)
    ids = await upload_pictures(client, message.pictures, claimed.made, remember)
    return await _send_best(client, _Place(channel, claimed.card.thread_ts, ts, claimed.card.key), message, ids)


async def _channel(client: AsyncWebClient, claimed: Claimed, remember: Remember) -> str:
    """Return the channel's id; a card addressed to a person goes to the direct messages with them."""
    channel = claimed.card.channel
    if not channel.startswith(("U", "W")):
        return channel
    known = claimed.made.get("channel")
    if isinstance(known, str):
        return known
    opened = await client.conversations_open(users=channel)
    found = str(opened["channel"]["id"])
    await remember({"channel": found})
    return found


async def _send_best(client: AsyncWebClient, place: _Place, message: Message, ids: Mapping[str, str]) -> str:
    """Send with blocks; where Slack refuses them, without pictures, then as plain text."""
    versions = [with_file_ids(message.blocks, ids)]
    if message.pictures:
        versions.append(without_pictures(message.blocks))
    for blocks in versions if message.blocks else []:
        waits = _PICTURE_WAITS_S if message.pictures and blocks is versions[0] else ()
        for wait_s in (*waits, None):
            try:
                return await _send(client, place, message.text, blocks)
            except SlackApiError as error:
                if failure_of(error).meaning != "bad_blocks":
                    raise
                _log.warning("Slack refused the blocks of card %s: %s", place.key, _details(error))
            if wait_s is not None:
                await asyncio.sleep(wait_s)
    return await _send(client, place, message.text, [])


async def _send(client: AsyncWebClient, place: _Place, text: str, blocks: list[dict[str, Any]]) -> str:
    metadata = metadata_of(place.key)
    if place.ts is not None:
        await client.chat_update(channel=place.channel, ts=place.ts, text=text, blocks=blocks, metadata=metadata)
        return place.ts
    response = await client.chat_postMessage(
        channel=place.channel,
        thread_ts=place.thread_ts,
        text=text,
        blocks=blocks or None,
        metadata=metadata,
        unfurl_links=False,
        unfurl_media=False,
    )
    return str(response["ts"])


async def _post_to_one(client: AsyncWebClient, claimed: Claimed, message: Message) -> str:
    """Show a message to one person; by direct message where Cairn is not in the channel.

    After an unknown outcome it is shown again: nothing can be looked up, and it vanishes with a reload anyway.
    """
    card = claimed.card
    user = str(card.ephemeral_user)
    blocks = list(message.blocks) or None
    try:
        response = await client.chat_postEphemeral(
            channel=card.channel, user=user, thread_ts=card.thread_ts, text=message.text, blocks=blocks
        )
        return str(response["message_ts"])
    except SlackApiError as error:
        meaning = failure_of(error).meaning
        if meaning == "bad_blocks":
            response = await client.chat_postEphemeral(
                channel=card.channel, user=user, thread_ts=card.thread_ts, text=message.text
            )
            return str(response["message_ts"])
        if meaning != "unreachable":
            raise
    opened = await client.conversations_open(users=user)
    response = await client.chat_postMessage(channel=opened["channel"]["id"], text=message.text, blocks=blocks)
    return str(response["ts"])


async def _linked(client: AsyncWebClient, message: Message, channel: str, ts: str) -> Message:
    """Return the message with the address of the one that it links to."""
    found = await client.chat_getPermalink(channel=channel, message_ts=ts)
    return replace(message, text=message.text.replace(PERMALINK, str(found["permalink"])))


async def _find(client: AsyncWebClient, claimed: Claimed, channel: str, begins: str | None = None) -> str | None:
    """Return the ts of the card's message if a former attempt posted it, or began it as a stream."""
    wanted = metadata_of(claimed.card.key)["event_payload"]
    since = None if claimed.posting_since is None else claimed.posting_since.timestamp()

    def matches(message: Mapping[str, Any], bot_id: str) -> bool:
        metadata = message.get("metadata") or {}
        if metadata.get("event_type") == METADATA_TYPE and metadata.get("event_payload") == wanted:
            return True
        return begins is not None and is_begun(message, bot_id, begins)

    return await find(client, channel, claimed.card.thread_ts, since, matches)


async def _standing(client: AsyncWebClient, claimed: Claimed, channel: str, remember: Remember) -> str | None:
    """Return the ts of the card's message where one stands, or may have been posted by a former attempt."""
    streamed = Messages.of(claimed.made)
    if streamed is not None and not streamed.is_closed:
        return await _closed(client, claimed, channel, streamed, remember)
    if claimed.ts is None and claimed.may_be_posted:
        return await _find(client, claimed, channel)
    return claimed.ts


async def _withdrawn(
    client: AsyncWebClient, claimed: Claimed, channel: str, message: Message, remember: Remember
) -> str:
    """Take the card's message back, and return the ts that it had."""
    ts = await _standing(client, claimed, channel, remember)
    if ts is None:
        return "withdrawn"
    try:
        await client.chat_delete(channel=channel, ts=ts)
    except SlackApiError as error:
        meaning = failure_of(error).meaning
        if meaning not in {"refused", "message_gone"}:
            raise
        if meaning == "refused":
            # A workspace may keep apps from deleting; then what it said goes all the same.
            await client.chat_update(channel=channel, ts=ts, text=message.text, blocks=[], attachments=[])
    return ts


async def _closed(
    client: AsyncWebClient, claimed: Claimed, channel: str, streamed: Messages, remember: Remember
) -> str | None:
    """Return the one message of a reply whose stream was cut off, so that it can be edited; None where none stands.

    What its further messages said is in the card's text, so they go.
    """
    known = list(streamed.ts)
    if streamed.begins is not None:
        found = await _find(client, claimed, channel, streamed.begins)
        if found is not None and found not in known:
            known.append(found)
            await remember(Messages(tuple(known)).as_made())
    if not known:
        # Looked for again, should the answer to posting it be lost as well.
        return None
    for ts in known:
        await _unless_refused(client.chat_stopStream(channel=channel, ts=ts))
    for ts in known[1:]:
        await _unless_refused(client.chat_delete(channel=channel, ts=ts))
    await remember(Messages((known[0],), is_closed=True).as_made())
    return known[0]


async def _unless_refused(call: Awaitable[Any]) -> None:
    """Make a call where it still has something to do: Slack refuses to stop what has ended."""
    try:
        await call
    except SlackApiError as error:
        if failure_of(error).meaning not in {"refused", "message_gone"}:
            raise


def metadata_of(key: str) -> dict[str, Any]:
    """Return what marks a message as the card with this key."""
    return {"event_type": METADATA_TYPE, "event_payload": {"key": key}}


def _details(error: SlackApiError) -> str:
    data = getattr(error.response, "data", None)
    if not isinstance(data, dict):
        return str(error)
    return f"{data.get('error')} {(data.get('response_metadata') or {}).get('messages') or ''}"
