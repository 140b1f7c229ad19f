"""Prices: the lists that were fetched, and what teams pay themselves, both with their history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from agents.costs.prices.lists import ItemKind, ListedPrice
from agents.store.db import Connection, one, rows, run


@dataclass(frozen=True, slots=True)
class Version:
    """What tells whether a price book is still the newest: lists fetched, and changes of the team's own."""

    listed: int
    own: int


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How a list stands: the last try, why it brought nothing, and the newest one that is kept."""

    name: str
    tried_at: datetime
    error: str | None
    fetched_at: datetime | None
    version: str | None


@dataclass(frozen=True, slots=True)
class OwnRow:
    """A price that somebody of the team set, as in a cost file; with `ended_at` it is history."""

    kind: ItemKind
    name: str
    price: Mapping[str, Any]
    set_by: str
    set_at: datetime
    ended_by: str | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Changed:
    """A price that a newer list has otherwise; `before` is None for one that no list had."""

    kind: ItemKind
    name: str
    price: Mapping[str, Any]
    before: Mapping[str, Any] | None


async def version(connection: Connection, team_id: str) -> Version:
    """Return what changes with every price that holds for the team."""
    row = await one(connection, "prices.version", {"team_id": team_id})
    assert row is not None  # noqa: S101  # a SELECT without FROM has one row
    return Version(row["listed"], row["own"])


async def sources(connection: Connection) -> Sequence[SourceStatus]:
    """Return how each list stands that was ever asked for."""
    return [SourceStatus(**row) for row in await rows(connection, "prices.sources")]


async def claim_source(connection: Connection, name: str, *, retry_after: timedelta, max_age: timedelta) -> bool:
    """Return whether the caller is the one to fetch the list now.

    Args:
        connection: As the engine.
        name: The list.
        retry_after: Not while the last try, anybody's, is younger.
        max_age: Not while the list that is kept is younger.
    """
    asked = {"name": name, "retry_after": retry_after, "max_age": max_age}
    return await one(connection, "prices.claim_source", asked) is not None


async def source_failed(connection: Connection, name: str, error: str) -> None:
    """Note why a list could not be fetched; the prices that are kept stay."""
    await run(connection, "prices.source_failed", {"name": name, "error": error})


async def keep_list(
    connection: Connection, name: str, package_version: str, items: Sequence[Mapping[str, Any]]
) -> Sequence[Changed]:
    """Keep a list that was fetched, and return what changed; what it no longer has stays as it was last.

    Args:
        connection: As the engine.
        name: The list, which somebody claimed.
        package_version: What read it.
        items: `kind`, `name` and `price` of each.
    """
    fetched = await one(connection, "prices.source_fetched", {"name": name, "version": package_version})
    assert fetched is not None  # noqa: S101  # it was claimed
    kept = {"source": name, "version": package_version, "items": Jsonb(list(items)), "at": fetched["fetched_at"]}
    return [Changed(**row) for row in await rows(connection, "prices.keep_listed", kept)]


async def listed(connection: Connection) -> Sequence[ListedPrice]:
    """Return the last known price of everything that any list ever had."""
    return [ListedPrice(**row) for row in await rows(connection, "prices.listed")]


async def listed_history(connection: Connection, kind: ItemKind, name: str, at_most: int) -> Sequence[ListedPrice]:
    """Return what the lists said of a model or GPU, newest first."""
    asked = {"kind": kind, "name": name, "at_most": at_most}
    return [ListedPrice(**row) for row in await rows(connection, "prices.listed_history", asked)]


async def lock(connection: Connection, team_id: str) -> None:
    """Wait until nobody else changes the team's prices, and keep others waiting until the transaction ends."""
    await one(connection, "prices.lock", {"team_id": team_id})


async def own(connection: Connection, team_id: str) -> Sequence[OwnRow]:
    """Return the prices of the team's own that hold."""
    return [OwnRow(**row) for row in await rows(connection, "prices.own", {"team_id": team_id})]


async def own_history(
    connection: Connection, team_id: str, kind: ItemKind, name: str, at_most: int
) -> Sequence[OwnRow]:
    """Return what the team said that a model or GPU costs, newest first."""
    asked = {"team_id": team_id, "kind": kind, "name": name, "at_most": at_most}
    return [OwnRow(**row) for row in await rows(connection, "prices.own_history", asked)]


async def set_own(
    connection: Connection, team_id: str, kind: ItemKind, name: str, price: Mapping[str, Any], *, who: str
) -> None:
    """Set a price in place of the one there was, which becomes history; the caller holds the lock."""
    await end_own(connection, team_id, kind, name, who)
    given = {"team_id": team_id, "kind": kind, "name": name, "price": Jsonb(dict(price)), "who": who}
    await run(connection, "prices.set_own", given)


async def end_own(connection: Connection, team_id: str, kind: ItemKind, name: str, who: str) -> bool:
    """Remove a price of the team's own; return whether there was one."""
    return await run(connection, "prices.end_own", {"team_id": team_id, "kind": kind, "name": name, "who": who}) > 0


async def touch_cards(connection: Connection, team_id: str, at_most: int) -> int:
    """Have the newest cards shown again that show comparisons or prices; return how many."""
    return await run(connection, "prices.touch_cards", {"team_id": team_id, "at_most": at_most})
