"""Files to Slack: pictures for image blocks, and attachments shared into a thread once."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from agents.store.outbox import Claimed
from bot.blocks.message import Attachment, Picture
from bot.slack_errors import failure_of

_UPLOAD_TIMEOUT_S = 8.0
_PAGE = 200

Remember = Callable[[Mapping[str, Any]], Awaitable[None]]


async def upload_pictures(
    client: AsyncWebClient, pictures: Sequence[Picture], made: Mapping[str, Any], remember: Remember
) -> dict[str, str]:
    """Return Slack's file id by reference; a picture uploaded by a former attempt is used again."""
    ids: dict[str, str] = {}
    for picture in pictures:
        known = made.get(picture.reference)
        if not isinstance(known, str):
            known = await _upload(client, picture.filename, picture.content, alt=picture.alt)
            # Without a channel the file stays private to the app and is seen through the image block alone.
            await client.files_completeUploadExternal(files=[{"id": known, "title": picture.title}])
            await remember({picture.reference: known})
        ids[picture.reference] = known
    return ids


async def share_attachment(
    client: AsyncWebClient, claimed: Claimed, channel: str, attachment: Attachment, remember: Remember
) -> str:
    """Share a file into the card's thread and return the ts of its message, or the file's id where none is known yet.

    The file's id is kept before the call that shares it, so that a later attempt can look for it instead of
    sharing a second one.
    """
    file_id = claimed.made.get("file")
    if isinstance(file_id, str):
        found = await _find_shared(client, claimed, channel, file_id)
        if found is not None:
            return found
        try:
            return await _share(client, claimed, channel, attachment, file_id)
        except SlackApiError as error:
            # The upload never ended, or ended without being shared: start over with a new one.
            if failure_of(error).meaning != "refused":
                raise
    file_id = await _upload(client, attachment.filename, attachment.content, alt=None)
    await remember({"file": file_id})
    return await _share(client, claimed, channel, attachment, file_id)


async def _share(client: AsyncWebClient, claimed: Claimed, channel: str, attachment: Attachment, file_id: str) -> str:
    await client.files_completeUploadExternal(
        files=[{"id": file_id, "title": attachment.title}],
        channel_id=channel,
        thread_ts=claimed.card.thread_ts,
        initial_comment=attachment.comment,
    )
    return file_id


async def _find_shared(client: AsyncWebClient, claimed: Claimed, channel: str, file_id: str) -> str | None:
    cursor = None
    while True:
        page = (
            await client.conversations_history(channel=channel, cursor=cursor, limit=_PAGE)
            if claimed.card.thread_ts is None
            else await client.conversations_replies(
                channel=channel, ts=claimed.card.thread_ts, cursor=cursor, limit=_PAGE
            )
        )
        for message in page.get("messages") or []:
            if any(file.get("id") == file_id for file in message.get("files") or []):
                return str(message["ts"])
        cursor = (page.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return None


async def _upload(client: AsyncWebClient, filename: str, content: bytes, *, alt: str | None) -> str:
    """Return the id of a file whose bytes Slack has, not completed yet."""
    place = await client.files_getUploadURLExternal(filename=filename, length=len(content), alt_txt=alt)
    timeout = aiohttp.ClientTimeout(total=_UPLOAD_TIMEOUT_S)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.post(place["upload_url"], data=content) as response,
    ):
        response.raise_for_status()
    return str(place["file_id"])
