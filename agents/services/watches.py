"""Decision watch: a verdict is saved, checked whenever something that it rests on changes, and a flip is one reply."""

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import psycopg

from agents.costs.compare import Comparison
from agents.decision.interview import describe, read_reply
from agents.errors import UserError
from agents.services.conversation_cards import card_key, flip_card
from agents.services.costs import Costs
from agents.services.decision_known import conversation_title, locked
from agents.services.decision_view import Known
from agents.services.decisions import Decisions
from agents.services.lookup import NAMED_IN_AN_ERROR, only
from agents.services.watch_basis import Basis, FlipKind, basis_json, basis_of, flips, read_basis
from agents.services.watch_view import FlipView, WatchView, flip_view, outlook_of, watch_view
from agents.store import cost_scenarios, watches
from agents.store.db import Connection, Database
from agents.store.outbox import touch_card, upsert_card
from agents.store.watches import Taken

SHOWN_AT_MOST: Final = 100
# So many are checked by one job; the rest is left to another, which waits for its turn as all jobs do.
_BATCH: Final = 25
_DAILY_LOOK_S: Final = 600.0
_BROKEN: Final = "The check broke; whoever runs Cairn finds it in the log."

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of checking one watch; `flip` is the number of the reply, None where nothing flipped."""

    watch_id: str
    flip: int | None


class Watches:
    """Saves verdicts to be watched, and checks them.

    Args:
        database: Where watches are.
        decisions: Decides anew.
        costs: Prices anew.
        today: The day (UTC), for models that are about to leave their API.
    """

    def __init__(
        self, database: Database, decisions: Decisions, costs: Costs, today: Callable[[], dt.date] | None = None
    ) -> None:
        self._database = database
        self._decisions = decisions
        self._costs = costs
        self._today = today or (lambda: dt.datetime.now(dt.UTC).date())

    async def save(self, team_id: str, conversation_id: str, who: str) -> WatchView:
        """Watch the verdict of a conversation from now on; one that is watched already stays as it is.

        Raises:
            UserError: There is no verdict, or one that the next answers may change.
        """
        async with self._database.team(team_id) as connection:
            known = await locked(connection, team_id, conversation_id)
            if known.watch is not None:
                return watch_view(known.watch)
            _require_final(known)
            # Held before prices are read: a change that they do not show yet finds this watch when it asks.
            seen = await watches.hold(connection, team_id)
            basis, outlook, _ = await self._now(connection, team_id, known)
            watch_id = await watches.add(
                connection,
                team_id,
                conversation_id,
                title=await conversation_title(connection, team_id, known),
                who=who,
                basis=basis_json(basis),
                version=basis.version,
                outlook=outlook,
                seen=seen,
            )
            await touch_card(connection, team_id, card_key("verdict", conversation_id))
            return await _view(connection, team_id, watch_id)

    async def stop(self, team_id: str, watch_id: str, who: str) -> WatchView:
        """End a watch; one that has ended stays so.

        Raises:
            UserError: There is no such watch.
        """
        async with self._database.team(team_id) as connection:
            watch = await _view(connection, team_id, watch_id)
            told = await watches.stop(connection, team_id, watch_id, who)
            if told is not None:
                await touch_card(connection, team_id, card_key("verdict", watch.conversation_id))
                for n in range(1, told + 1):
                    await touch_card(connection, team_id, f"watch_flip:{watch_id}:{n}")
            return await _view(connection, team_id, watch_id)

    async def list(self, team_id: str, at_most: int = SHOWN_AT_MOST) -> Sequence[WatchView]:
        """Return what is watched, the newest first."""
        async with self._database.team(team_id) as connection:
            return [watch_view(watch) for watch in await watches.active(connection, team_id, at_most)]

    async def find(self, team_id: str, prefix: str) -> WatchView:
        """Return the active watch whose id begins so.

        Raises:
            UserError: There is none, or several.
        """
        async with self._database.team(team_id) as connection:
            ids = await watches.find(connection, team_id, prefix, NAMED_IN_AN_ERROR)
            found = await _view(connection, team_id, only(ids, prefix, "watches"))
        if not found.is_active:
            raise UserError(f"“{found.title}” is no watch any more: it was stopped. Watch its verdict again to go on.")
        return found

    async def flip(self, team_id: str, watch_id: str, n: int) -> FlipView:
        """Return a flip as its reply tells it.

        Raises:
            UserError: There is no such flip.
        """
        async with self._database.team(team_id) as connection:
            found = await watches.flip(connection, team_id, watch_id, n)
        if found is None:
            raise UserError("That flip is not kept any more.")
        return flip_view(found)

    async def set_volume(self, team_id: str, watch_id: str, text: str, who: str, *, source: str) -> str:
        """Take the volume of a watched decision anew, from free text; return how it was understood.

        Raises:
            UserError: The text is no volume, or there is no such watch.
        """
        async with self._database.team(team_id) as connection:
            watch = await _view(connection, team_id, watch_id)
        reply = read_reply("requests_per_day", text)
        volume = reply.values["requests_per_day"]
        if volume is None:
            raise UserError("A volume is needed here, such as “2M a month” or “20k a day”.")
        await self._decisions.record(
            team_id, watch.conversation_id, answers=reply.values, who=who, source=source, is_interview=False
        )
        return " ".join(filter(None, (f"Noted {describe('requests_per_day', volume)}.", reply.remark)))

    async def ask_all(self, team_id: str, cause: str) -> None:
        """Have everything that the team watches checked."""
        async with self._database.team(team_id) as connection:
            await watches.ask_check(connection, team_id, cause)

    async def check(self, team_id: str) -> None:
        """Check what is due in a team; the worker's callable for the queue "watch". Safe to repeat and to run twice."""
        found = await self.check_due(team_id)
        if len(found) == _BATCH:
            async with self._database.team(team_id) as connection:
                await watches.defer_check(connection, team_id)

    async def check_due(self, team_id: str) -> Sequence[Checked]:
        """Check up to a batch of what is due in a team, each in a transaction of its own; return what came of it."""
        async with self._database.team(team_id) as connection:
            # Whoever asked while this waited has committed, and is seen; whoever asks from now on defers another job.
            await watches.hold(connection, team_id)
            due = await watches.due(connection, team_id, _BATCH)
        return [await self._check(team_id, watch_id, conversation_id) for watch_id, conversation_id in due]

    async def ask_daily(self, stop: asyncio.Event) -> None:
        """Ask for a check in every team once a day until `stop` is set: dates pass without anybody's doing."""
        while not stop.is_set():
            try:
                async with self._database.engine() as connection:
                    await watches.ask_daily(connection)
            except (psycopg.OperationalError, OSError) as cause:
                _log.warning("the daily check of watched verdicts will be asked for again: %s", cause)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _DAILY_LOOK_S)

    async def _check(self, team_id: str, watch_id: str, conversation_id: str) -> Checked:
        try:
            async with self._database.team(team_id) as connection:
                # The conversation first: that is the order of whoever changes an answer and asks for a check.
                known = await locked(connection, team_id, conversation_id)
                taken = await watches.take(connection, team_id, watch_id)
                if taken is None:
                    return Checked(watch_id, None)
                return Checked(watch_id, await self._compare(connection, team_id, known, taken))
        except psycopg.OperationalError:
            # Postgres is away: the job comes again.
            raise
        except Exception:  # noqa: BLE001 - one that breaks must not keep the others of its team from being checked
            _log.exception("the check of watch %s broke", watch_id)
            async with self._database.team(team_id) as connection:
                taken = await watches.take(connection, team_id, watch_id)
                if taken is not None:
                    await watches.checked(connection, team_id, taken, version="", outlook=(_BROKEN,))
            return Checked(watch_id, None)

    async def _compare(self, connection: Connection, team_id: str, known: Known, taken: Taken) -> int | None:
        """Decide anew, bring the cards up to date, and tell a flip; return its number."""
        basis, outlook, renewed = await self._now(connection, team_id, known)
        told = read_basis(taken.watch.basis)
        if basis.standing.unpriced:
            # Without prices the verdict hangs in the air: the last one that had them stands.
            standing = replace(told.standing, unpriced=basis.standing.unpriced)
            basis = replace(told, standing=standing, prices_of=basis.prices_of)
        if basis.version == taken.watch.version:
            await watches.checked(connection, team_id, taken, version=basis.version, outlook=None)
            return None
        if not basis.standing.unpriced:
            await self._decisions.renew(connection, team_id, renewed)
        await watches.checked(connection, team_id, taken, version=basis.version, outlook=outlook)
        kinds = flips(told.standing, basis.standing)
        if not kinds:
            return None
        n = await watches.flipped(
            connection, team_id, taken, became=basis_json(basis), is_verdict=FlipKind.VERDICT in kinds
        )
        await upsert_card(connection, team_id, flip_card(renewed.conversation, taken.watch.id, n))
        return n

    async def _now(self, connection: Connection, team_id: str, known: Known) -> tuple[Basis, Sequence[str], Known]:
        """Return what a verdict rests on now, what would flip it, and the conversation decided with it."""
        settings = await cost_scenarios.settings(connection, team_id, known.conversation.id)
        priced: Comparison | str
        try:
            priced = (await self._costs.priced(connection, team_id, known.conversation.id, known.answers)).comparison
        except UserError as cause:
            priced = str(cause)
        renewed = await self._decisions.reckoned(connection, team_id, known)
        basis = basis_of(renewed, settings, priced, self._today(), renewed.decision)
        comparison = None if isinstance(priced, str) else priced
        return basis, outlook_of(renewed.decision, comparison), renewed


def _require_final(known: Known) -> None:
    if not known.current:
        raise UserError("There is no verdict to watch yet. Answer the first question, then watch what comes of it.")
    if known.is_asking:
        raise UserError(
            "This verdict may still change with the answers that are open. Answer them, or press “Not sure”; then it "
            "can be watched."
        )


async def _view(connection: Connection, team_id: str, watch_id: str) -> WatchView:
    found = await watches.get(connection, team_id, watch_id)
    if found is None:
        newest = [each.id for each in await watches.active(connection, team_id, NAMED_IN_AN_ERROR)]
        hint = f"These are watched: {', '.join(newest)}." if newest else "Nothing is watched yet."
        raise UserError(f"There is no watch {watch_id!r}. {hint}")
    return watch_view(found)
