"""The poster: claims due cards, renders their newest state and brings it to Slack.

Any number of posters may run. One card is sent by one poster at a time, cards of one thread in their order; a card
is edited at most once per interval, so a burst of changes becomes one edit that shows the last of them.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import psycopg
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from agents.errors import UserError
from agents.store import outbox
from agents.store.db import Database
from agents.store.outbox import Claimed
from bot.blocks.message import Message
from bot.delivery import deliver
from bot.slack_errors import UNKNOWN_OUTCOME, Failure, failure_of

CLAIM_S = 20.0
# Ends before the claim does, so that a slow attempt is over before another poster may begin.
_DELIVER_S = 14.0
_FALLBACK_POLL_S = 1.0
_AT_ONCE = 4
_GIVE_UP_AFTER = 8
_LONGEST_WAIT_S = 60.0

_log = logging.getLogger(__name__)

ClientOf = Callable[[str], Awaitable[AsyncWebClient]]
Render = Callable[[str, str, Mapping[str, Any]], Awaitable[Message]]


class Poster:
    """Sends cards until told to stop.

    Args:
        database: Where the cards are.
        client_of: The Web API client of a team, one that does not retry by itself.
        render: team, kind and subject to the card's newest message.
        interval_s: Least time between two edits of a card.
        claim_s: How long a poster that died keeps its card.
    """

    def __init__(
        self,
        database: Database,
        client_of: ClientOf,
        render: Render,
        *,
        interval_s: float = 3.0,
        claim_s: float = CLAIM_S,
    ) -> None:
        self._database = database
        self._client_of = client_of
        self._render = render
        self._interval_s = interval_s
        self._claim_s = claim_s
        self._deliver_s = claim_s * _DELIVER_S / CLAIM_S
        self._wake = asyncio.Event()
        self._free = asyncio.Semaphore(_AT_ONCE)
        # Until when (monotonic) Slack wants no more messages in a channel.
        self._held: dict[tuple[str, str], float] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Send cards until `stop` is set; what is being sent then is finished."""
        listener = asyncio.create_task(self._listen())
        stopper = asyncio.create_task(self._wake_on(stop))
        try:
            async with asyncio.TaskGroup() as sending:
                while not stop.is_set():
                    await self._send_due(sending, stop)
        finally:
            for task in (listener, stopper):
                task.cancel()
            await asyncio.gather(listener, stopper, return_exceptions=True)

    async def _send_due(self, sending: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        await self._free.acquire()
        claimed = None
        try:
            self._wake.clear()
            async with self._database.engine() as connection:
                claimed = await outbox.claim(connection, self._claim_s)
                wait_s = None if claimed else await outbox.next_due_s(connection)
        except (psycopg.OperationalError, OSError) as error:
            _log.warning("The outbox cannot be read, trying again: %s", error)
            wait_s = _FALLBACK_POLL_S
        finally:
            if claimed is None:
                self._free.release()
        if claimed is not None:
            sending.create_task(self._send(claimed))
        elif not stop.is_set():
            await self._sleep(_FALLBACK_POLL_S if wait_s is None else min(wait_s, _FALLBACK_POLL_S))

    async def _sleep(self, seconds: float) -> None:
        try:
            # Not zero: a claimed card that is just due would otherwise be asked for in a busy loop.
            await asyncio.wait_for(self._wake.wait(), max(seconds, 0.02))
        except TimeoutError:
            return

    async def _send(self, claimed: Claimed) -> None:
        try:
            held_s = self._held.get((claimed.team_id, claimed.card.channel), 0.0) - time.monotonic()
            if held_s > 0:
                await self._later(claimed, Failure("ratelimited", "rate_limited", held_s))
                return
            async with asyncio.timeout(self._deliver_s):
                ts = await self._deliver(claimed)
            async with self._database.engine() as connection:
                await outbox.sent(connection, claimed, ts, self._interval_s)
        except SlackApiError as error:
            await self._settle(claimed, failure_of(error))
        except (psycopg.OperationalError, *UNKNOWN_OUTCOME) as error:
            await self._settle(claimed, Failure(type(error).__name__, "unknown"))
        except Exception as error:  # noqa: BLE001 - one card that cannot be rendered must not stop the others
            _log.exception("Card %s cannot be sent", claimed.card.key)
            await self._settle(claimed, Failure(f"{type(error).__name__}: {error}", "unknown"))
        finally:
            self._free.release()
            # The next card of the thread has waited for this one.
            self._wake.set()

    async def _deliver(self, claimed: Claimed) -> str:
        client = await self._client_of(claimed.team_id)
        try:
            message = await self._render(claimed.team_id, claimed.card.kind, claimed.card.subject)
        except UserError as error:
            message = Message(text=str(error))

        async def remember(made: Mapping[str, Any]) -> None:
            async with self._database.engine() as connection:
                await outbox.remember_made(connection, claimed, made)

        return await deliver(client, claimed, message, remember)

    async def _settle(self, claimed: Claimed, failure: Failure) -> None:
        """Write down what became of a failed attempt; where even that fails, the claim runs out by itself."""
        try:
            if failure.meaning == "message_gone" and claimed.ts is not None:
                async with self._database.engine() as connection:
                    await outbox.lost(connection, claimed)
            elif failure.meaning == "unreachable" or claimed.failures + 1 >= _GIVE_UP_AFTER:
                _log.error("Card %s is given up: %s", claimed.card.key, failure.code)
                async with self._database.engine() as connection:
                    await outbox.gave_up(connection, claimed, failure.code)
            else:
                await self._later(claimed, failure)
        except (psycopg.OperationalError, OSError) as error:
            _log.warning("The outcome of card %s was not written down: %s", claimed.card.key, error)

    async def _later(self, claimed: Claimed, failure: Failure) -> None:
        wait_s = failure.retry_after_s or min(0.5 * 2**claimed.failures, _LONGEST_WAIT_S)
        if failure.meaning == "rate_limited":
            self._held[claimed.team_id, claimed.card.channel] = time.monotonic() + wait_s
        _log.info("Card %s waits %.1f s: %s", claimed.card.key, wait_s, failure.code)
        async with self._database.engine() as connection:
            await outbox.later(
                connection,
                claimed,
                wait_s,
                error=failure.code,
                is_refused=failure.meaning != "unknown",
                is_failure=failure.meaning != "rate_limited",
            )

    async def _listen(self) -> None:
        """Wake the poster when a card changes; while this is broken, its poll still finds them."""
        while True:
            try:
                async with self._database.listening("slack_card") as connection:
                    async for _ in connection.notifies():
                        self._wake.set()
            except (psycopg.Error, OSError) as error:
                _log.warning("The outbox's notifications are off for a moment: %s", error)
            await asyncio.sleep(_FALLBACK_POLL_S)

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()
