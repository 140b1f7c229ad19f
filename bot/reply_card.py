"""The card of a reply while it is streamed: claimed as a poster claims it, and told before Slack is."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from agents.dialogue.speech import Place
from agents.store import replies
from agents.store.db import Database
from agents.store.outbox import Card
from agents.store.replies import Hold, Messages

CLAIM_S = 10.0
# How long a card that is to be posted before this one is waited for; then the reply is a card like others.
_PATIENCE_S = 4.0
_LOOK_S = 0.03

_log = logging.getLogger(__name__)


class HandedOver(Exception):  # noqa: N818  # an outcome, not a fault
    """The reply is brought to Slack by the outbox: it stands already, has to wait, or another has taken it."""


class ReplyCard:
    """A reply's row in the outbox, and a `Journal` of its stream.

    Args:
        database: Where the outbox is.
        place: Whose thread it is.
        key: The card's.
        claim_s: How long the claim of a process that died keeps a poster from it.

    Attributes:
        text: All that may stand in Slack by now; set before the stream is told to write it.
        is_over: Set when the reply has come to its end: nothing is waited for any more.
    """

    def __init__(self, database: Database, place: Place, key: str, claim_s: float) -> None:
        self.text = ""
        self.is_over = asyncio.Event()
        self._database = database
        self._place = place
        self._key = key
        self._claim_s = claim_s
        self._hold: Hold | None = None
        self._messages = Messages()
        # The claim changes with each renewal: one at a time.
        self._turn = asyncio.Lock()

    async def growing(self, begins: str | None = None) -> None:
        """Take down that more is about to be shown, and claim the card where it begins.

        Raises:
            HandedOver: It is not this process's to show.
        """
        if begins is not None:
            self._messages = Messages(self._messages.ts, begins)
        async with self._turn:
            if self._hold is None:
                self._hold = await self._begun()
            else:
                await self._grow(written(self.text))

    async def began(self, ts: str) -> None:
        """Take down the ts of the message that was begun."""
        self._messages = Messages((*self._messages.ts, ts))
        async with self._turn, self._database.engine() as connection:
            hold = self._held()
            self._hold = await replies.keep(connection, hold, self._claim_s, self._messages, self._messages.ts[0])
        self._held()

    async def ending(self, subject: Mapping[str, Any]) -> None:
        """Take down what is to stand in the end, before Slack is told."""
        async with self._turn:
            await self._grow(subject)

    async def settle(self) -> None:
        """Take down that it stands, and let go of the card."""
        # Further messages stay known: what changes the reply once more makes it one message.
        is_alone = len(self._messages.ts) == 1
        async with self._turn, self._database.engine() as connection:
            await replies.settle(connection, self._held(), Messages(self._messages.ts, is_closed=is_alone))
            self._hold = None

    async def let_go(self) -> None:
        """Leave the card to the posters, if it is held."""
        async with self._turn:
            if self._hold is None:
                return
            try:
                async with self._database.engine() as connection:
                    await replies.release(connection, self._hold)
            except (psycopg.Error, OSError) as error:
                _log.warning("The claim on reply %s runs out by itself: %s", self._key, error)
            self._hold = None

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Renew the claim while the block runs."""
        renewing = asyncio.create_task(self._renew())
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)

    async def _begun(self) -> Hold:
        place = self._place
        until = asyncio.get_running_loop().time() + _PATIENCE_S
        while True:
            card = Card(self._key, place.channel, place.thread_ts, "say", written(self.text))
            async with self._database.engine() as connection:
                begun = await replies.begin(connection, place.team_id, card, self._claim_s, self._messages)
            if isinstance(begun, Hold):
                return begun
            if begun == "stands" or self.is_over.is_set() or asyncio.get_running_loop().time() > until:
                raise HandedOver(f"The reply {begun}.")
            await asyncio.sleep(_LOOK_S)

    async def _grow(self, subject: Mapping[str, Any]) -> None:
        async with self._database.engine() as connection:
            self._hold = await replies.grow(connection, self._held(), self._claim_s, subject, self._messages)
        self._held()

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._claim_s / 3)
            async with self._turn:
                if self._hold is None:
                    continue
                try:
                    async with self._database.engine() as connection:
                        self._hold = await replies.keep(connection, self._hold, self._claim_s)
                except (psycopg.Error, OSError) as error:
                    _log.warning("The claim on reply %s was not renewed: %s", self._key, error)

    def _held(self) -> Hold:
        if self._hold is None:
            raise HandedOver("Another has taken the reply.")
        return self._hold


def written(text: str) -> Mapping[str, Any]:
    """Return the subject of a reply that is not whole yet."""
    return {"text": text, "suggestions": [], "markdown": True}
