"""Keeping the public lists of prices new: now where somebody asks, and by itself once a day."""

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agents.costs.prices.book import PriceSourceError
from agents.costs.prices.lists import documents_of
from agents.errors import UserError
from agents.ports import PriceSource
from agents.runs.roles import Role
from agents.services.people import People
from agents.store import audit, prices
from agents.store.db import Database
from agents.store.prices import Changed
from agents.store.watches import ask_check_all

_log = logging.getLogger(__name__)

# A process that has just started has other things to do, and one that soon ends fetches nothing.
_FIRST_LOOK = dt.timedelta(minutes=1)
_LOOK_EVERY = dt.timedelta(minutes=15)
_RETRY_AFTER = dt.timedelta(hours=1)
# Whoever asks by hand twice in a row gets one answer.
_ASKED_AGAIN_AFTER = dt.timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What came of asking one list: what changed on it, or why it brought nothing; None where it was just asked."""

    source: str
    changed: tuple[Changed, ...] | None
    error: str | None = None


class PriceRefresh:
    """Fetches the public lists; what fails leaves the prices that are kept.

    Args:
        database: Where they are kept.
        people: Who may ask.
        sources: The lists.
        today: Returns the day.
        every: How old a list may get; None never fetches by itself.
    """

    def __init__(
        self,
        database: Database,
        people: People,
        sources: Sequence[PriceSource],
        today: Callable[[], dt.date],
        every: dt.timedelta | None,
    ) -> None:
        self._database = database
        self._people = people
        self._sources = tuple(sources)
        self._today = today
        self.every = every

    async def refresh(self, team_id: str, who: str, event_key: str | None = None) -> tuple[Refreshed, ...]:
        """Fetch every list now.

        Raises:
            UserError: They may not.
        """
        await self._people.require(team_id, who, Role.APPROVER, "refresh prices")
        found = await self._fetch_all(retry_after=_ASKED_AGAIN_AFTER, max_age=dt.timedelta())
        async with self._database.team(team_id) as connection:
            details = {each.source: _outcome(each) for each in found}
            entry = audit.Entry(who, "refresh_prices", "price:lists", event_key, details=details)
            await audit.add(connection, team_id, entry)
        return found

    async def keep_fresh(self, stop: asyncio.Event) -> None:
        """Fetch each list once it is older than `every`, until `stop` is set; no fault ends this."""
        wait = _FIRST_LOOK
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), wait.total_seconds())
            wait = _LOOK_EVERY
            if stop.is_set() or self.every is None:
                continue
            try:
                for each in await self._fetch_all(retry_after=_RETRY_AFTER, max_age=self.every):
                    _log.log(logging.WARNING if each.error else logging.DEBUG, "%s: %s", each.source, _outcome(each))
            except Exception:  # noqa: BLE001  # a list of prices is no reason to end what serves people
                _log.exception("the lists of prices were not looked at; the next look is in %s", _LOOK_EVERY)

    async def _fetch_all(self, *, retry_after: dt.timedelta, max_age: dt.timedelta) -> tuple[Refreshed, ...]:
        return tuple([await self._fetch(source, retry_after, max_age) for source in self._sources])

    async def _fetch(self, source: PriceSource, retry_after: dt.timedelta, max_age: dt.timedelta) -> Refreshed:
        async with self._database.engine() as connection:
            mine = await prices.claim_source(connection, source.name, retry_after=retry_after, max_age=max_age)
        if not mine:
            return Refreshed(source.name, None)
        try:
            found = await source.fetch(self._today())
        except PriceSourceError as cause:
            async with self._database.engine() as connection:
                await prices.source_failed(connection, source.name, str(cause))
            return Refreshed(source.name, None, str(cause))
        async with self._database.engine() as connection:
            changed = await prices.keep_list(connection, source.name, found.version, documents_of(found))
            if changed:
                await ask_check_all(connection, f"the prices of {source.name} were refreshed")
        return Refreshed(source.name, tuple(changed))


def said_of_refresh(found: Sequence[Refreshed]) -> str:
    """Return in words what came of it, a line for each list.

    Raises:
        UserError: There is no list to ask.
    """
    if not found:
        raise UserError("There is no list of prices to refresh here.")
    return "\n".join(f"{each.source}: {_outcome(each)}" for each in found)


def _outcome(each: Refreshed) -> str:
    if each.error is not None:
        return f"{each.error} The prices that are kept stay in use."
    if each.changed is None:
        return "asked a moment ago; its answer is in use as soon as it is there."
    new = [change.name for change in each.changed if change.before is None]
    other = [change.name for change in each.changed if change.before is not None]
    parts = [f"{len(other)} changed ({_named(other)})"] if other else []
    parts += [f"{len(new)} kept for the first time"] if new else []
    return f"fetched; {', '.join(parts) or 'nothing changed'}."


def _named(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
