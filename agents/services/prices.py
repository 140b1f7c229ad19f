"""The prices that hold for a team: public lists, what was fetched since, what the team pays, what it measured."""

import datetime as dt
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from agents.costs.inputs import GpuInput, ModelRatesInput
from agents.costs.prices.book import GpuPrice, ModelPrice, PriceBook, PriceMissingError
from agents.costs.prices.lists import ItemKind, ListedPrice, with_listed
from agents.costs.prices.overrides import OwnPrice, own_name, with_own_prices
from agents.costs.prices.typed import HOW_GPU, HOW_MODEL, completed, price_text, read_price, stored
from agents.errors import UserError
from agents.runs.roles import Role
from agents.services.measured import calibrations_of
from agents.services.people import People
from agents.store import audit, measurements, prices
from agents.store.db import Connection, Database
from agents.store.measurements import MeasurementRow
from agents.store.prices import OwnRow, SourceStatus, Version
from agents.store.watches import ask_check

# Comparisons in threads that are shown anew at once; older ones are when somebody touches them.
CARDS_TOUCHED: Final = 20
_TEAMS_KEPT = 256
_HISTORY_SHOWN = 20


class PriceBooks:
    """Looks up the price book of a team; a turn does so several times, so it is one small query where nothing changed.

    Args:
        shipped: Returns the book of the day as everybody has it.
        own_file: The prices of whoever runs Cairn, for all its teams; a team's own beat them.
    """

    def __init__(self, shipped: Callable[[], PriceBook], own_file: Sequence[OwnPrice] = ()) -> None:
        self._shipped = shipped
        self._own_file = tuple(own_file)
        self._kept: OrderedDict[str, tuple[Version, PriceBook, PriceBook]] = OrderedDict()

    async def book(self, connection: Connection, team_id: str) -> PriceBook:
        """Return today's prices as they hold for the team."""
        shipped = self._shipped()
        version = await prices.version(connection, team_id)
        kept = self._kept.get(team_id)
        if kept is not None and kept[0] == version and kept[1] is shipped:
            self._kept.move_to_end(team_id)
            return kept[2]
        book = await self._made(connection, team_id, shipped, version)
        self._kept[team_id] = (version, shipped, book)
        if len(self._kept) > _TEAMS_KEPT:
            self._kept.popitem(last=False)
        return book

    async def fresh(self, connection: Connection, team_id: str) -> PriceBook:
        """Return the prices as this transaction leaves them, and keep nothing: it may still be undone."""
        return await self._made(connection, team_id, self._shipped(), await prices.version(connection, team_id))

    async def listed(self, connection: Connection) -> PriceBook:
        """Return today's prices as the public lists have them, and those of whoever runs Cairn."""
        return with_own_prices(await _listed(connection, self._shipped()), self._own_file)

    async def _made(self, connection: Connection, team_id: str, shipped: PriceBook, version: Version) -> PriceBook:
        book = await _listed(connection, shipped) if version.listed else shipped
        book = with_own_prices(book, self._own_file)
        if not version.own:
            return book
        own = [_own_price(row) for row in await prices.own(connection, team_id)]
        measured = await measurements.holding(connection, team_id)
        return replace(with_own_prices(book, own), calibrations=calibrations_of(measured))


@dataclass(frozen=True, slots=True)
class PriceChange:
    """A price that somebody changed: what it was and is, and what must be known about that."""

    name: str
    before: ModelPrice | GpuPrice | None
    after: ModelPrice | GpuPrice | None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PricesView:
    """The prices that hold for a team, which of them are its own, how the lists stand, and what was measured."""

    book: PriceBook
    own: tuple[OwnRow, ...]
    sources: tuple[SourceStatus, ...]
    measured: tuple[MeasurementRow, ...]


@dataclass(frozen=True, slots=True)
class PriceHistory:
    """What a model or GPU costs and has cost, newest first: on the lists, and by the team's own word."""

    name: str
    now: ModelPrice | GpuPrice | None
    listed: tuple[ListedPrice, ...]
    own: tuple[OwnRow, ...]


class Prices:
    """The prices of every team; everybody may look, approvers set.

    Args:
        database: Where they are.
        people: Who may.
        books: Looks up what holds for a team.
    """

    def __init__(self, database: Database, people: People, books: PriceBooks) -> None:
        self._database = database
        self._people = people
        self._books = books

    async def book(self, team_id: str) -> PriceBook:
        """Return the prices that hold for the team."""
        async with self._database.team(team_id) as connection:
            return await self._books.book(connection, team_id)

    async def view(self, team_id: str) -> PricesView:
        """Return the prices that hold for the team, and where they are from."""
        async with self._database.team(team_id) as connection:
            return PricesView(
                book=await self._books.book(connection, team_id),
                own=tuple(await prices.own(connection, team_id)),
                sources=tuple(await prices.sources(connection)),
                measured=tuple(await measurements.holding(connection, team_id)),
            )

    async def history(self, team_id: str, name: str) -> PriceHistory:
        """Return what a model or GPU has cost.

        Raises:
            UserError: No list and nobody of the team ever had a price for it.
        """
        async with self._database.team(team_id) as connection:
            now = _found(await self._books.book(connection, team_id), name)
            names: list[tuple[ItemKind, str]] = (
                [("model", name.strip().lower()), ("gpu", name.strip())]
                if now is None
                else [("model", now.id) if isinstance(now, ModelPrice) else ("gpu", now.name)]
            )
            for kind, known in names:
                own = await prices.own_history(connection, team_id, kind, known, _HISTORY_SHOWN)
                listed = await prices.listed_history(connection, kind, known, _HISTORY_SHOWN)
                if own or listed or now is not None:
                    return PriceHistory(known, now, tuple(listed), tuple(own))
        raise PriceMissingError(
            f"There never was a price for {name.strip()!r} here; `/cairn prices` lists those known."
        )

    async def require_setter(self, team_id: str, who: str) -> None:
        """Let `who` pass only where they may change prices and measurements.

        Raises:
            UserError: They may not; the text says who may.
        """
        await self._people.require(team_id, who, Role.APPROVER, "change prices")

    async def set(self, team_id: str, text: str, who: str, event_key: str | None = None) -> PriceChange:
        """Set a price as somebody typed it; it holds for every comparison of the team from now on.

        Raises:
            UserError: It cannot be read, or they may not.
        """
        name, given = read_price(text)
        return await self.set_price(team_id, name, given, who, event_key)

    async def set_price(
        self, team_id: str, name: str, given: ModelRatesInput | GpuInput, who: str, event_key: str | None = None
    ) -> PriceChange:
        """Set a price in place of the list's or of the team's former one.

        Raises:
            UserError: A GPU that is not known lacks its size, or they may not.
        """
        await self.require_setter(team_id, who)
        async with self._database.team(team_id) as connection:
            await prices.lock(connection, team_id)
            book = await self._books.book(connection, team_id)
            name, before = own_name(book, name, given), _found(book, name)
            _require_kind(name, before, given)
            listed = (await self._books.listed(connection)).models.get(name)
            remarks: tuple[str, ...] = ()
            if isinstance(given, ModelRatesInput):
                given, filled = completed(given, listed)
                remarks = (f"Kept at the list's share of it: {', '.join(filled)}.",) if filled else ()
                remarks += _new_name(book, name) if before is None else ()
            elif before is None and not (given.mem and given.flops and given.bw):
                raise UserError(
                    f"{name} is not a GPU that Cairn knows: say also what it can do with memory_gb=, tflops= (dense "
                    f"bf16) and gb_per_s=. {_known_gpus(book)}"
                )
            kind: ItemKind = "model" if isinstance(given, ModelRatesInput) else "gpu"
            await prices.set_own(connection, team_id, kind, name, stored(given), who=who)
            after = _found(await self._books.fresh(connection, team_id), name)
            change = PriceChange(name, before, after, remarks)
            await _told(connection, team_id, change, who, event_key)
        return change

    async def unset(self, team_id: str, name: str, who: str, event_key: str | None = None) -> PriceChange:
        """Remove a price of the team's own; the list's holds again, if there is one.

        Raises:
            UserError: The team has no price of its own for it, or they may not.
        """
        await self.require_setter(team_id, who)
        async with self._database.team(team_id) as connection:
            await prices.lock(connection, team_id)
            book = await self._books.book(connection, team_id)
            before = _found(book, name)
            known = name.strip() if before is None else before.id if isinstance(before, ModelPrice) else before.name
            kind: ItemKind = "model" if isinstance(before, ModelPrice) else "gpu"
            if before is None or not await prices.end_own(connection, team_id, kind, known, who):
                own = ", ".join(row.name for row in await prices.own(connection, team_id)) or "none"
                raise UserError(f"This workspace has no price of its own for {known!r}. Its own: {own}.")
            after = _found(await self._books.fresh(connection, team_id), known)
            remarks = () if after else (f"No list has {known}: comparisons that name it will ask for a price.",)
            change = PriceChange(known, before, after, remarks)
            await _told(connection, team_id, change, who, event_key)
        return change


async def prices_changed(connection: Connection, team_id: str, cause: str) -> None:
    """Have everything made anew that rests on the team's prices: watched verdicts, comparisons in threads."""
    await prices.touch_cards(connection, team_id, CARDS_TOUCHED)
    await ask_check(connection, team_id, cause)


def said_of(change: PriceChange) -> str:
    """Return a change in words: what the price was, whose, and what it is now."""
    before = "no price" if change.before is None else price_line(change.before)
    after = "no price" if change.after is None else price_line(change.after)
    return "\n".join((f"{change.name}: {before} → {after}.", *change.remarks))


def price_line(price: ModelPrice | GpuPrice) -> str:
    """Return a price with its origin and day."""
    return f"{price_text(price)} ({price.source}, {price.as_of.isoformat()})"


async def _told(connection: Connection, team_id: str, change: PriceChange, who: str, event_key: str | None) -> None:
    action = "unset_price" if change.after is None or change.after.kind == "published" else "set_price"
    details = {
        "from": None if change.before is None else price_line(change.before),
        "to": None if change.after is None else price_line(change.after),
    }
    entry = audit.Entry(who, action, f"price:{change.name}", event_key, details=details)
    await audit.add(connection, team_id, entry)
    await prices_changed(connection, team_id, f"the price of {change.name} was {action.partition('_')[0]}")


async def _listed(connection: Connection, shipped: PriceBook) -> PriceBook:
    fetched_at = {each.name: each.fetched_at for each in await prices.sources(connection) if each.fetched_at}
    return with_listed(shipped, await prices.listed(connection), fetched_at)


def _own_price(row: OwnRow) -> OwnPrice:
    kind = ModelRatesInput if row.kind == "model" else GpuInput
    return OwnPrice(row.name, kind(**row.price), row.set_by, row.set_at.astimezone(dt.UTC).date())


def _found(book: PriceBook, name: str) -> ModelPrice | GpuPrice | None:
    for look_up in (book.gpu, book.model):
        try:
            return look_up(name)
        except PriceMissingError:
            continue
    return None


def _require_kind(name: str, known: ModelPrice | GpuPrice | None, given: ModelRatesInput | GpuInput) -> None:
    if isinstance(known, GpuPrice) and isinstance(given, ModelRatesInput):
        raise UserError(f"{name} is a GPU, which is priced by the hour. {HOW_GPU}")
    if isinstance(known, ModelPrice) and isinstance(given, GpuInput):
        raise UserError(f"{name} is a model, which is priced by tokens. {HOW_MODEL}")


def _new_name(book: PriceBook, name: str) -> tuple[str, ...]:
    near = book.nearest_model(name)
    hint = f" Did you mean {near}?" if near else ""
    return (f"No list has {name}, so it is new here and holds under this name alone.{hint}",)


def _known_gpus(book: PriceBook) -> str:
    return f"Known: {', '.join(book.gpus)}."
