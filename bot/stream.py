"""A reply that is read while it is written: pieces in, messages in a thread out.

Slack ends a stream five minutes after it began, so a long or slow reply goes on in a new message before that. What
waits while Slack is asked goes out together.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence

from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks.message import Block
from bot.streamed_message import Pace, Place, StreamedMessage

# A markdown block takes 12,000 characters; blocks below count towards the message as well.
MESSAGE_CHARACTERS = 11_000
ROTATE_AFTER_S = 240.0
PACE = Pace()


class Stream:
    """The messages of one reply.

    Args:
        client: Of the team; it must not retry by itself.
        place: The thread, and who is answered.
        rotate_after_s: How old a message gets before the next piece begins a new one.
        pace: How often Slack is asked.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        place: Place,
        *,
        rotate_after_s: float = ROTATE_AFTER_S,
        pace: Pace = PACE,
    ) -> None:
        self._client = client
        self._place = place
        self._rotate_after_s = rotate_after_s
        self._pace = pace
        self._open: StreamedMessage | None = None
        self._opened_at = 0.0
        self.messages: list[StreamedMessage] = []

    async def write(self, pieces: AsyncIterator[str]) -> None:
        """Write pieces as they come, until there are no more; the reply stays open.

        A piece is shown as it is, so it is checked before, and brings its own spaces and line ends.

        Raises:
            SlackApiError: Nobody can be reached there.
            Exception: Whatever the pieces raise, once those before it are written.
        """
        waiting: asyncio.Queue[str | None] = asyncio.Queue()
        reader = asyncio.create_task(_read(pieces, waiting))
        try:
            is_over = False
            while not is_over:
                text, is_over = await self._next(waiting)
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
        if self.messages:
            await self.messages[-1].finish(blocks)
        self._open = None
        return tuple(message.ts for message in self.messages)

    async def _next(self, waiting: asyncio.Queue[str | None]) -> tuple[str, bool]:
        """Return all that waits, at least one piece of it, and whether it was the last."""
        if waiting.empty() and self._open is not None:
            try:
                async with asyncio.timeout(max(0.0, self._opened_at + self._rotate_after_s - time.monotonic())):
                    found = [await waiting.get()]
            except TimeoutError:
                # Nothing may come for long; a stream must not run out meanwhile.
                await self._close()
                found = [await waiting.get()]
        else:
            found = [await waiting.get()]
        while not waiting.empty():
            found.append(waiting.get_nowait())
        return "".join(piece for piece in found if piece is not None), found[-1] is None

    async def _write(self, text: str) -> str:
        """Write as much as the message takes, and return what is left for the next one."""
        is_old = time.monotonic() >= self._opened_at + self._rotate_after_s
        room = MESSAGE_CHARACTERS - len(self._open.text) if self._open is not None else MESSAGE_CHARACTERS
        if self._open is not None and (is_old or len(text) > room):
            await self._close()
            room = MESSAGE_CHARACTERS
        if self._open is None:
            # Slack takes no message of blanks alone.
            text = text.lstrip()
            if not text:
                return ""
        now, left = _parted(text, room)
        if self._open is not None:
            await self._open.add(now)
            return left
        message = StreamedMessage(self._client, self._place, len(self.messages), self._pace)
        self._opened_at = time.monotonic()
        await message.begin(now)
        self.messages.append(message)
        self._open = message
        return left

    async def _close(self) -> None:
        if self._open is not None:
            await self._open.finish()
            self._open = None


async def _read(pieces: AsyncIterator[str], waiting: asyncio.Queue[str | None]) -> None:
    try:
        async for piece in pieces:
            if piece:
                waiting.put_nowait(piece)
    finally:
        waiting.put_nowait(None)


def _parted(text: str, room: int) -> tuple[str, str]:
    """Return what fits, cut at the end of a line or a word where there is one, and the rest."""
    if len(text) <= room:
        return text, ""
    cut = max(text.rfind("\n", 0, room), text.rfind(" ", 0, room)) + 1
    return text[: cut or room], text[cut or room :]
