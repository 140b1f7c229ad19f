"""A turn: one stored event, handled once.

The queue runs the turns of a thread one at a time and runs a turn again whose process died. What a turn posts has
keys made from its event's, so that a repetition changes cards and adds none.
"""

import asyncio
import logging
from uuid import uuid4

from agents.errors import UserError
from agents.store import inbox
from agents.store.inbox import Event
from agents.store.outbox import upsert_card
from agents.wiring import Services
from bot.blocks.say import with_mentions
from bot.downloads import Downloads
from bot.feature import Turn, say_card
from bot.routing import Routes

ATTEMPTS = 3
# A turn that every time takes its process along is left alone after this many; a restart of the service is no fault
# of the turn it interrupts.
_DEATHS = 8
_WAIT_S = 0.5

_log = logging.getLogger(__name__)


class Turns:
    """Handles events by the features that own them.

    Args:
        services: What features work with.
        routes: Which feature takes what.
        downloads: Reads the files that people drop; where there is none, no feature may ask for one.
    """

    def __init__(self, services: Services, routes: Routes, downloads: Downloads | None = None) -> None:
        self._services = services
        self._routes = routes
        self._downloads = downloads

    async def handle(self, team_id: str, key: str) -> None:
        """Handle a stored event unless that is done already; the worker's callable for the queue "turn".

        An error that a person can put right is told to them. Any other is tried again, `ATTEMPTS` times in all; then
        the person is told, with an id that is in the log.
        """
        while True:
            async with self._services.database.team(team_id) as connection:
                stored = await inbox.begin(connection, team_id, key)
            if stored is None:
                return
            if stored.attempts > _DEATHS:
                await self._give_up(stored.event, "the process died while handling it")
                return
            try:
                await self._handle(stored.event)
                return
            except Exception as error:  # noqa: BLE001 - whatever a feature raises, the thread must go on
                _log.exception("Event %s failed, attempt %d", key, stored.attempts)
                if stored.attempts >= ATTEMPTS:
                    await self._give_up(stored.event, f"{type(error).__name__}: {error}")
                    return
            await asyncio.sleep(_WAIT_S * stored.attempts)

    async def _handle(self, event: Event) -> None:
        told: str | None = None
        try:
            routed = self._routes.handler(event)
        except LookupError:
            told = "That button is from an older version of Cairn. Ask again and I will post a new one."
        else:
            try:
                turn = Turn(services=self._services, event=event, text=routed.text, reading=self._downloads)
                await routed.handler(turn)
            except UserError as error:
                told = with_mentions(str(error))
        await self._finish(event, told)

    async def _give_up(self, event: Event, error: str) -> None:
        error_id = uuid4().hex[:6]
        _log.error("Event %s is given up, error %s: %s", event.key, error_id, error)
        await self._finish(
            event,
            f"Something broke on my side (error {error_id}). Nothing you said was lost; please try that again. "
            "If it happens twice, show this id to whoever runs Cairn.",
            error,
        )

    async def _finish(self, event: Event, told: str | None, error: str | None = None) -> None:
        async with self._services.database.team(event.team_id) as connection:
            if told is not None:
                await upsert_card(connection, event.team_id, say_card(event, "told", told))
            await inbox.mark_handled(connection, event.team_id, event.key, error)
