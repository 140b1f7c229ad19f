"""One message in a thread that grows while it is written: streamed, and edited where streaming fails.

Whatever fails, its text is known here: once a call's outcome is in doubt, the stream is stopped and the whole text set
by `chat.update`, so that nothing is lost and nothing stands twice.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks.markdown import markdown_message
from bot.blocks.message import Block
from bot.delivery import metadata_of
from bot.own_messages import Matches, find, is_begun
from bot.slack_errors import UNKNOWN_OUTCOME, failure_of

_WAITS_S = (0.2, 0.5, 1.0, 2.0, 4.0)

_log = logging.getLogger(__name__)

Call = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reply goes, and to whom; `key` is that of its card."""

    channel: str
    thread_ts: str
    user_id: str
    team_id: str
    key: str


@dataclass(frozen=True, slots=True)
class Pace:
    """Least time between two calls for a message; Slack takes 100 additions and 50 edits a minute from a workspace."""

    append_every_s: float = 0.6
    edit_every_s: float = 1.2


class StreamedMessage:
    """A message, begun with its first text.

    Args:
        client: Of the team; it must not retry by itself, or text could stand twice.
        place: Where the message goes.
        number: Which message of the reply it is.
        pace: How often Slack is asked.
    """

    def __init__(self, client: AsyncWebClient, place: Place, number: int, pace: Pace) -> None:
        self._client = client
        self._place = place
        # The first message is the card's own; the others are found by nobody but who writes them.
        self._metadata = metadata_of(f"{place.key}#{number}" if number else place.key)
        self._pace = pace
        self._way: Literal["stream", "edit", "gone"] = "stream"
        self._called_at = 0.0
        self._since = 0.0
        self.ts = ""
        self.text = ""

    async def begin(self, text: str) -> None:
        """Write the first text.

        Raises:
            SlackApiError: Nobody can be reached there.
        """
        self.text, self._since = text, time.time()
        place = self._place
        try:
            started = await self._client.chat_startStream(
                channel=place.channel,
                thread_ts=place.thread_ts,
                recipient_user_id=place.user_id,
                recipient_team_id=place.team_id,
                markdown_text=text,
            )
            self.ts = str(started["ts"])
        except UNKNOWN_OUTCOME as error:
            failure = failure_of(error)
            _log.info("No stream in thread %s: %s", place.thread_ts, failure.code)
            found = await self._find(self._is_begun) if failure.meaning == "unknown" else None
            if found is None:
                await self._post()
            else:
                self.ts = found
                await self._mend()
        self._called_at = time.monotonic()

    async def add(self, text: str) -> None:
        """Write more of it."""
        self.text += text
        await asyncio.sleep(self.due_s())
        if self._way == "stream":
            error = await self._tried(
                lambda: self._client.chat_appendStream(channel=self._place.channel, ts=self.ts, markdown_text=text)
            )
            if error is not None:
                _log.info("Stream %s broke: %s", self.ts, failure_of(error).code)
                await self._mend()
        else:
            await self._edit()
        self._called_at = time.monotonic()

    def due_s(self) -> float:
        """Return the seconds until Slack may be asked again."""
        every_s = self._pace.append_every_s if self._way == "stream" else self._pace.edit_every_s
        return max(0.0, self._called_at + every_s - time.monotonic())

    async def finish(self, blocks: Sequence[Block] = (), last: str = "") -> None:
        """End it with its last text, and blocks below; a message that has ended may so get its blocks later."""
        self.text += last
        if self._way == "stream":
            error = await self._stopped(blocks, last)
            if error is None:
                self._way = "edit"
            else:
                _log.info("Stream %s was not stopped: %s", self.ts, failure_of(error).code)
                await self._mend(blocks)
        elif blocks or last:
            await asyncio.sleep(self.due_s())
            await self._edit(blocks)

    async def _mend(self, blocks: Sequence[Block] = ()) -> None:
        """Leave the stream, whatever became of it, and set the whole text."""
        self._way = "edit"
        await self._stopped()
        await self._edit(blocks)

    async def _stopped(self, blocks: Sequence[Block] = (), last: str = "") -> Exception | None:
        return await self._tried(
            lambda: self._client.chat_stopStream(
                channel=self._place.channel,
                ts=self.ts,
                markdown_text=last or None,
                blocks=list(blocks) or None,
                metadata=self._metadata,
            )
        )

    async def _tried(self, call: Call) -> Exception | None:
        """Make a call, later where Slack says so, and return what it failed with."""
        while True:
            try:
                await call()
            except UNKNOWN_OUTCOME as error:
                failure = failure_of(error)
                if failure.meaning != "rate_limited":
                    return error
                await asyncio.sleep(failure.retry_after_s)
            else:
                return None

    async def _edit(self, blocks: Sequence[Block] = ()) -> None:
        """Set the whole text; repeated until Slack has taken it, since it replaces what is there.

        Raises:
            SlackApiError: Slack takes no more of it.
        """
        if self._way == "gone":
            return
        below = blocks
        for wait_s in (*_WAITS_S, None):
            change = partial(self._client.chat_update, channel=self._place.channel, ts=self.ts, **self._content(below))
            error = await self._tried(change)
            if error is None:
                return
            failure = failure_of(error)
            if failure.code == "message_not_found":
                # Somebody deleted it, and does not want it again.
                self._way = "gone"
                return
            if failure.meaning == "bad_blocks" and below:
                _log.warning("Slack refused the blocks below reply %s", self._place.key)
                below = ()
            elif failure.code == "streaming_state_conflict":
                await self._stopped()
            elif failure.meaning != "unknown":
                raise error
            if wait_s is None:
                raise error
            await asyncio.sleep(wait_s)

    async def _post(self) -> None:
        """Post the text as a message of its own; looked for before it is posted again."""
        self._way = "edit"
        place = self._place
        for wait_s in (*_WAITS_S, None):
            try:
                posted = await self._client.chat_postMessage(
                    channel=place.channel, thread_ts=place.thread_ts, **self._content(()), unfurl_links=False
                )
                self.ts = str(posted["ts"])
                return
            except UNKNOWN_OUTCOME as error:
                failure = failure_of(error)
                if wait_s is None or failure.meaning not in {"unknown", "rate_limited"}:
                    raise
                await asyncio.sleep(max(wait_s, failure.retry_after_s))
            found = await self._find(self._is_posted) if failure.meaning == "unknown" else None
            if found is not None:
                self.ts = found
                return

    def _content(self, blocks: Sequence[Block]) -> dict[str, Any]:
        written = markdown_message(self.text, ())
        return {"text": written.text, "blocks": [*written.blocks, *blocks], "metadata": self._metadata}

    def _is_posted(self, message: Mapping[str, Any], _bot_id: str) -> bool:
        return bool(message.get("metadata") == self._metadata)

    def _is_begun(self, message: Mapping[str, Any], bot_id: str) -> bool:
        return is_begun(message, bot_id, self.text)

    async def _find(self, matches: Matches) -> str | None:
        """Return the ts of the message in the thread that matches, asked for until Slack says.

        None also where Cairn may not read the thread: then a message may stand twice, which is better than none.

        Raises:
            SlackApiError, ClientError: Slack does not answer.
        """
        place = self._place
        for wait_s in (*_WAITS_S, None):
            try:
                return await find(self._client, place.channel, place.thread_ts, self._since, matches)
            except UNKNOWN_OUTCOME as error:
                failure = failure_of(error)
                if failure.meaning not in {"unknown", "rate_limited"}:
                    _log.warning("Thread %s cannot be read: %s", place.thread_ts, failure.code)
                    return None
                if wait_s is None:
                    raise
                await asyncio.sleep(max(wait_s, failure.retry_after_s))
        return None
