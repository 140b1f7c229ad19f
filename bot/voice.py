"""What Cairn says while it thinks of the rest: a reply is streamed into its thread, and stands there exactly once.

The reply is a card of the outbox under its key. The first process that says something early claims the card and
streams; whatever happens to it, the row says what stands in Slack, and a poster brings that one message to the row's
text. A turn that is repeated shows nothing early: its whole text goes into the row.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import psycopg
from slack_sdk.web.async_client import AsyncWebClient

from agents.conversation.voice import said
from agents.dialogue.speech import Place, Suggestion
from agents.ports import Speech
from agents.store import replies
from agents.store.db import Database
from agents.store.outbox import Card, upsert_card
from bot import streamed_message
from bot.blocks import message
from bot.blocks.markdown import markdown_of, mentioned, safe_markdown
from bot.blocks.say import suggestion_buttons
from bot.reply_card import CLAIM_S, HandedOver, ReplyCard
from bot.slack_errors import UNKNOWN_OUTCOME
from bot.stream import MESSAGE_CHARACTERS, PACE, ROTATE_AFTER_S, Stream
from bot.streamed_message import Pace

_log = logging.getLogger(__name__)

ClientOf = Callable[[str], Awaitable[AsyncWebClient]]


class SlackVoice:
    """Says replies while they are made.

    Args:
        database: Where the outbox is.
        client_of: The Web API client of a team, one that does not retry by itself.
        rotate_after_s: How old a message gets before the reply goes on in a new one.
        pace: How often Slack is asked for one message.
        claim_s: How long the reply of a process that died waits until a poster takes it.
    """

    def __init__(
        self,
        database: Database,
        client_of: ClientOf,
        *,
        rotate_after_s: float = ROTATE_AFTER_S,
        pace: Pace = PACE,
        claim_s: float = CLAIM_S,
    ) -> None:
        self.database = database
        self.client_of = client_of
        self.rotate_after_s = rotate_after_s
        self.pace = pace
        self.claim_s = claim_s
        # Those that show something, by team and key; a turn that failed leaves one behind.
        self._open: dict[tuple[str, str], _SlackSpeech] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    def speech(self, place: Place, key: str) -> Speech:
        """Return a reply to be said; the same key again takes the place of one that was not finished."""
        return _SlackSpeech(self, place, key)

    async def enter(self, speech: "_SlackSpeech") -> None:
        """Let a reply show something, and end the one of its key that was left."""
        former = self._open.pop(speech.name, None)
        if former is not None:
            await former.leave()
        self._open[speech.name] = speech
        task = asyncio.current_task()
        if task is not None:
            task.add_done_callback(lambda _: self._left(speech))

    def exit(self, speech: "_SlackSpeech") -> None:
        """Forget a reply that is finished."""
        if self._open.get(speech.name) is speech:
            del self._open[speech.name]

    def _left(self, speech: "_SlackSpeech") -> None:
        """Give up a reply whose turn has ended without finishing it."""
        if self._open.get(speech.name) is speech:
            del self._open[speech.name]
            leaving = asyncio.get_running_loop().create_task(speech.leave())
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)


class _SlackSpeech:
    def __init__(self, voice: SlackVoice, place: Place, key: str) -> None:
        self.name = (place.team_id, key)
        self._voice = voice
        self._place = place
        self._key = key
        self._card = ReplyCard(voice.database, place, key, voice.claim_s)
        self._people: frozenset[str] | None = None
        # As the talker wrote it, and what was made of it that may be shown.
        self._written = ""
        self._shown = ""
        self._pieces: asyncio.Queue[str | None] = asyncio.Queue()
        self._end: asyncio.Future[Sequence[Suggestion] | None] = asyncio.get_running_loop().create_future()
        self._streaming: asyncio.Task[bool] | None = None

    async def write(self, text: str) -> None:
        """Have the next piece shown; what Slack does meanwhile is not waited for."""
        if not text:
            return
        if self._streaming is None:
            await self._voice.enter(self)
        self._written += text
        await self._show(text)
        if self._streaming is None:
            self._streaming = asyncio.create_task(self._stream())

    async def finish(self, text: str, suggestions: Sequence[Suggestion] = ()) -> None:
        """End the reply: by its stream where that stands, else by the outbox."""
        if self._streaming is None:
            if text:
                await self._put(said(text, suggestions))
            return
        # What the talker did not write early is the core's own, in Slack's mark-up.
        rest = _rest(text, self._written)
        if rest is not None:
            await self._show(markdown_of(rest))
        else:
            self._shown = ""
            await self._show(markdown_of(text), is_live=False)
        self._pieces.put_nowait(None)
        self._card.is_over.set()
        self._end.set_result(None if rest is None else suggestions)
        if not await self._streaming and self._shown.strip():
            await self._put({**said(self._shown, suggestions), "text": self._shown, "markdown": True})
        await self._card.let_go()
        self._voice.exit(self)

    async def leave(self) -> None:
        """Stop showing anything; a poster makes whole what stands."""
        if self._streaming is not None:
            self._streaming.cancel()
            await asyncio.gather(self._streaming, return_exceptions=True)
            await self._card.let_go()

    async def _show(self, text: str, *, is_live: bool = True) -> None:
        if text and self._people is None and mentioned(text) - {self._place.user_id}:
            await self._look_up_people()
        piece = safe_markdown(text, self._people or {self._place.user_id}, before=self._shown)
        room = MESSAGE_CHARACTERS - len(self._shown)
        if len(piece) > room:
            piece = f"{piece[: room - 1]}…" if room > 0 else ""
        self._shown += piece
        self._card.text = self._shown
        if piece and is_live:
            self._pieces.put_nowait(piece)

    async def _look_up_people(self) -> None:
        place = self._place
        async with self._voice.database.team(place.team_id) as connection:
            found = await replies.people(connection, place.team_id, place.channel, place.thread_ts)
        self._people = frozenset({*found, place.user_id})

    async def _stream(self) -> bool:
        """Show the pieces as they come; return whether the whole reply stands."""
        voice, place, card = self._voice, self._place, self._card
        try:
            client = await voice.client_of(place.team_id)
            where = streamed_message.Place(place.channel, place.thread_ts, place.user_id, place.team_id, self._key)
            stream = Stream(client, where, card, rotate_after_s=voice.rotate_after_s, pace=voice.pace)
            async with card.kept():
                await stream.write(self._coming(), keeps_last=True)
                suggestions = await self._end
                if suggestions is None or not stream.messages:
                    return False
                blocks = suggestion_buttons([message.Suggestion(label=s.label, text=s.text) for s in suggestions])
                await card.ending({**said("", suggestions), "text": self._shown, "markdown": True})
                await stream.stop(blocks)
                await card.settle()
                return True
        except HandedOver as outcome:
            _log.debug("Reply %s goes through the outbox: %s", self._key, outcome)
        except (psycopg.Error, *UNKNOWN_OUTCOME) as error:
            _log.warning("Reply %s goes through the outbox: %s", self._key, type(error).__name__)
        return False

    async def _coming(self) -> AsyncIterator[str]:
        while (piece := await self._pieces.get()) is not None:
            yield piece

    async def _put(self, subject: Mapping[str, Any]) -> None:
        place = self._place
        async with self._voice.database.team(place.team_id) as connection:
            card = Card(self._key, place.channel, place.thread_ts, "say", subject)
            await upsert_card(connection, place.team_id, card)


def _rest(text: str, written: str) -> str | None:
    """Return what a whole text says beyond what was written of it, blanks at the ends aside; None for another text."""
    if not text.strip():
        return ""
    if not text.strip().startswith(written.strip()):
        return None
    rest = text.strip()[len(written.strip()) :]
    return rest.removeprefix(written[len(written.rstrip()) :])
