"""Deleting by age what people wrote: once it is older than the workplace keeps it, nobody has to ask."""

import asyncio
import contextlib
import datetime as dt
import logging
from typing import Final

import psycopg

from agents.store import datasets, forgetting
from agents.store.db import Database
from agents.store.forgetting import Cleared

_LOOK_EVERY: Final = dt.timedelta(hours=6)
# The start of many processes is no moment to delete much.
_FIRST_LOOK: Final = dt.timedelta(minutes=5)
# Of each kind in one transaction, so that nobody waits for its locks.
_AT_ONCE: Final = 500

_log = logging.getLogger(__name__)


class Retention:
    """Clears away what is too old, for every team.

    Args:
        database: Where it is.
        keep: How long events that were handled and the words of threads are kept; None for ever.
    """

    def __init__(self, database: Database, keep: dt.timedelta | None) -> None:
        self._database = database
        self._keep = keep

    async def clear(self) -> Cleared:
        """Delete all that is too old now; return how much that was."""
        if self._keep is None:
            return Cleared(events=0, threads=0, cards=0)
        events = threads = cards = 0
        while True:
            async with self._database.engine() as connection:
                found = await forgetting.clear_old(connection, self._keep, _AT_ONCE)
                copies = await datasets.clear_old(connection, self._keep, _AT_ONCE)
            events, threads, cards = events + found.events, threads + found.threads, cards + found.cards
            if max(found.events, found.threads, found.cards, copies) < _AT_ONCE:
                return Cleared(events=events, threads=threads, cards=cards)

    async def keep_clear(self, stop: asyncio.Event) -> None:
        """Clear a few times a day until `stop` is set; no fault ends this."""
        wait = _FIRST_LOOK
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), wait.total_seconds())
            wait = _LOOK_EVERY
            if stop.is_set():
                return
            try:
                cleared = await self.clear()
            except (psycopg.Error, OSError) as cause:
                _log.warning("what is too old will be deleted at the next look: %s", cause)
            else:
                _log.info(
                    "deleted by age: %d events, the words of %d threads, %d cards",
                    cleared.events, cleared.threads, cleared.cards,
                )  # fmt: skip
