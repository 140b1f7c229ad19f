"""A reply that is read while it is written: pieces in, messages in a thread out.

Slack ends a stream five minutes after it began, so a long or slow reply goes on in a new message before that. What
waits while Slack is asked goes out together.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks.markdown import open_fence
from bot.blocks.message import Block
from bot.streamed_message import Pace, Place, StreamedMessage

# A markdown block takes 12,000 characters; blocks below count towards the message as well.
MESSAGE_CHARACTERS = 11_000
ROTATE_AFTER_S = 240.0
PACE = Pace()


class Journal(Protocol):
    """Takes down what another process has to know should this one die; may raise to end the writing."""

    async def growing(self, begins: str | None = None) -> None:
        """Take down that more is about to be shown; `begins`: in a new message that begins with it."""

    async def began(self, ts: str) -> None:
        """Take down the message that was begun."""


class Stream:
    """The messages of one reply.

    Args:
        client: Of the team; it must not retry by itself.
        place: The thread, and who is answered.
        journal: Told before Slack is asked to show more, and of each message.
        rotate_after_s: How old a message gets before the next piece begins a new one.
        pace: How often Slack is asked.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        place: Place,
        journal: Journal,
        *,
        rotate_after_s: float = ROTATE_AFTER_S,
        pace: Pace = PACE,
    ) -> None:
        self._client = client
        self._place = place
        self._journal = journal
        self._rotate_after_s = rotate_after_s
        self._pace = pace
        self._open: StreamedMessage | None = None
        self._opened_at = 0.0
        # What waits for `stop`, and what a new message begins with: the code block that the last one ended in.
        self._left = ""
        self._reopened = ""
        self.messages: list[StreamedMessage] = []

    async def write(self, pieces: AsyncIterator[str], *, keeps_last: bool = False) -> None:
        """Write pieces as they come, until there are no more; the reply stays open.

        A piece is shown as it is, so it is checked before, and brings its own spaces and line ends.

        Args:
            pieces: The text.
            keeps_last: What waits to be shown when there are no more pieces goes out with `stop`, in its one call.

        Raises:
            SlackApiError: Nobody can be reached there.
            Exception: Whatever the pieces raise, once those before it are written; whatever the journal raises.
        """
        coming = _Coming()
        reader = asyncio.create_task(coming.read(pieces))
        try:
            while coming.text or not coming.is_over:
                text = await self._next(coming)
                if keeps_last and coming.is_over and self._open is not None:
                    self._left, text = text, ""
                while text:
                    text = await self._write(text)
            await reader
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    async def stop(self, blocks: Sequence[Block] = ()) -> tuple[str, ...]:
        """End the reply with blocks below its last message, and return the ts of its messages.

        A reply without any text has no message; its blocks are not sent.
        """
        last, self._left = self._left, ""
        while last and (self._open is None or self._must_rotate(last)):
            last = await self._write(last)
        if self.messages:
            await self.messages[-1].finish(blocks, last)
        self._open = None
        return tuple(message.ts for message in self.messages)

    async def _next(self, coming: "_Coming") -> str:
        """Return all that has come, once Slack may be asked again."""
        if self._open is not None and not await coming.news(self._left_s()):
            # Nothing may come for long; a stream must not run out meanwhile.
            await self._close()
        await coming.news()
        if self._open is not None:
            await coming.end(self._open.due_s())
        return coming.take()

    def _must_rotate(self, text: str) -> bool:
        assert self._open is not None  # noqa: S101  # callers look first
        return not self._left_s() or len(self._open.text) + len(text) > MESSAGE_CHARACTERS

    def _left_s(self) -> float:
        """Return how long the open message may still be written to."""
        return max(0.0, self._opened_at + self._rotate_after_s - time.monotonic())

    async def _write(self, text: str) -> str:
        """Write as much as the message takes, and return what is left for the next one."""
        if self._open is not None and self._must_rotate(text):
            await self._close()
        if self._open is not None:
            await self._journal.growing()
            await self._open.add(text)
            return ""
        # Slack takes no message of blanks alone.
        text = text.lstrip("\n") if self._reopened else text.lstrip()
        if not text.strip():
            return ""
        now, left = _parted(text, MESSAGE_CHARACTERS - len(self._reopened))
        now = self._reopened + now
        await self._journal.growing(now)
        message = StreamedMessage(self._client, self._place, len(self.messages), self._pace)
        self._opened_at = time.monotonic()
        await message.begin(now)
        self.messages.append(message)
        self._open, self._reopened = message, ""
        await self._journal.began(message.ts)
        return left

    async def _close(self) -> None:
        """End the message; a code block that it ends in is closed there and opened again in the next one."""
        if self._open is None:
            return
        fence = open_fence(self._open.text)
        end = ""
        if fence is not None:
            end = fence[1] if self._open.text.endswith("\n") else f"\n{fence[1]}"
            self._reopened = f"{fence[0]}\n"
        await self._open.finish(last=end)
        self._open = None


class _Coming:
    """The pieces that have come and were not taken yet."""

    def __init__(self) -> None:
        self.text = ""
        self._news = asyncio.Event()
        self._end = asyncio.Event()

    @property
    def is_over(self) -> bool:
        """Whether no more will come."""
        return self._end.is_set()

    async def read(self, pieces: AsyncIterator[str]) -> None:
        """Take in pieces until there are no more."""
        try:
            async for piece in pieces:
                self.text += piece
                self._news.set()
        finally:
            self._end.set()
            self._news.set()

    async def news(self, within_s: float | None = None) -> bool:
        """Wait for a piece or the end; return whether either came in that time."""
        return await _is_set(self._news, within_s)

    async def end(self, within_s: float) -> None:
        """Wait for the end, but no longer."""
        await _is_set(self._end, within_s)

    def take(self) -> str:
        """Return all that has come."""
        text, self.text = self.text, ""
        if not self.is_over:
            self._news.clear()
        return text


async def _is_set(event: asyncio.Event, within_s: float | None) -> bool:
    try:
        async with asyncio.timeout(within_s):
            await event.wait()
    except TimeoutError:
        return False
    return True


def _parted(text: str, room: int) -> tuple[str, str]:
    """Return what fits, cut at the end of a line or a word where there is one, and the rest."""
    if len(text) <= room:
        return text, ""
    cut = max(text.rfind("\n", 0, room), text.rfind(" ", 0, room)) + 1
    return text[: cut or room], text[cut or room :]
