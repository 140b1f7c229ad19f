"""Fetched lists: kept with their days, their history and their faults, and used by every process at once."""

import asyncio
import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from agents.costs.prices.warnings import price_warnings
from agents.errors import UserError
from agents.services.price_refresh import said_of_refresh
from agents.store import audit
from agents.store.db import Database
from tests.integration.prices.shelf import (
    ALICE,
    APPROVER,
    BOOK,
    OTHER_TEAM,
    TEAM,
    Shelf,
    make_books,
    make_gpu,
    make_model,
    make_prices,
    make_refresh,
)

pytestmark = pytest.mark.integration

DAILY = dt.timedelta(hours=24)


async def refreshed(database: Database, shelf: Shelf) -> str:
    """Fetch the list whatever was fetched before."""
    async with database.engine() as connection:
        await connection.execute("UPDATE app.price_source SET tried_at = tried_at - interval '1 hour'")
    return said_of_refresh(await make_refresh(database, shelf).refresh(TEAM, APPROVER))


async def test_a_fetched_price_holds_for_every_team_with_its_day_and_the_version_of_the_package(
    database: Database,
) -> None:
    books = make_books()
    assert (await make_prices(database, books).book(OTHER_TEAM)).model("large").source == "shelf 1"
    shelf = Shelf()
    shelf.put(make_model("large", "1.8"), make_model("small", "0.1", "0.5"))
    assert "2 kept for the first time" in await refreshed(database, shelf)
    large = (await make_prices(database, books).book(OTHER_TEAM)).model("large")
    assert large.standard.input == Decimal("1.8")
    today = dt.datetime.now(dt.UTC).date()
    assert (large.as_of, large.source) == (today, f"shelf 2, fetched {today}")


async def test_a_price_of_ones_own_beats_a_fetched_one(database: Database) -> None:
    prices = make_prices(database)
    await prices.set(TEAM, "large in=1 out=5", APPROVER)
    shelf = Shelf()
    shelf.put(make_model("large", "9"), make_model("small"))
    await refreshed(database, shelf)
    assert (await prices.book(TEAM)).model("large").standard.input == Decimal(1)
    await prices.unset(TEAM, "large", APPROVER)
    assert (await prices.book(TEAM)).model("large").standard.input == Decimal(9)


async def test_only_what_changed_becomes_history(database: Database) -> None:
    shelf = Shelf()
    for price in ("2", "2", "1.5"):
        shelf.put(make_model("large", price), make_model("small"))
        said = await refreshed(database, shelf)
    assert "1 changed (large)" in said
    history = await make_prices(database).history(TEAM, "large")
    assert [entry.price["standard"][0] for entry in history.listed] == ["1.5", "2"]
    newer, older = history.listed
    assert older.first_at < older.last_at < newer.first_at


async def test_a_price_that_vanished_is_kept_with_its_day_and_a_warning(database: Database) -> None:
    prices, shelf = make_prices(database), Shelf()
    shelf.put(make_model("large", "1.8"), make_model("brief"))
    await refreshed(database, shelf)
    shelf.put(make_model("large", "1.8"))
    await refreshed(database, shelf)
    book = await prices.book(TEAM)
    brief = book.model("brief")
    assert brief.standard.input == Decimal(2)
    (warning,) = price_warnings(replace(book, as_of=brief.as_of), [brief, book.model("large")], [])
    assert "brief has left the list of shelf" in warning
    assert f"the last one known, of {brief.as_of}" in warning
    shelf.put(make_model("large", "1.8"), make_model("brief"))
    await refreshed(database, shelf)
    assert (await prices.book(TEAM)).model("brief").notice == ""


async def test_a_shipped_model_that_a_newer_list_lacks_says_so(database: Database) -> None:
    shelf = Shelf()
    shelf.put(make_model("large"))
    await refreshed(database, shelf)
    small = (await make_prices(database).book(TEAM)).model("small")
    assert small.standard.input == Decimal("0.1")
    assert "small is not in the list of" in small.notice
    assert "as of 2026-11-01" in small.notice


async def test_a_list_that_does_not_answer_is_a_status_and_changes_no_price(database: Database) -> None:
    prices, shelf = make_prices(database), Shelf()
    shelf.put(make_model("large", "1.8"))
    await refreshed(database, shelf)
    shelf.fault = "The list was not fetched: no route to host."
    said = await refreshed(database, shelf)
    assert "no route to host. The prices that are kept stay in use." in said
    view = await prices.view(TEAM)
    assert view.sources[0].error == shelf.fault
    assert view.sources[0].fetched_at is not None
    assert view.book.model("large").standard.input == Decimal("1.8")
    shelf.fault = ""
    await refreshed(database, shelf)
    assert (await prices.view(TEAM)).sources[0].error is None


async def test_gpus_are_refreshed_the_same_way(database: Database) -> None:
    shelf = Shelf(name="hunt")
    shelf.gpus = {"H100-80": make_gpu("H100-80", "3")}
    await refreshed(database, shelf)
    gpu = (await make_prices(database).book(TEAM)).gpu("H100-80")
    assert gpu.usd_per_hour.base == Decimal(3)
    assert gpu.memory_bytes == BOOK.gpu("H100-80").memory_bytes


async def test_a_package_that_was_upgraded_since_the_fetch_is_believed(database: Database) -> None:
    shelf = Shelf()
    shelf.put(make_model("large", "1.8"))
    await refreshed(database, shelf)
    tomorrow = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
    upgraded = replace(BOOK, models={"large": make_model("large", "7", as_of=tomorrow)})
    books = make_books()
    books._shipped = lambda: upgraded
    async with database.team(TEAM) as connection:
        assert (await books.book(connection, TEAM)).model("large").standard.input == Decimal(7)


async def test_of_many_processes_one_fetches(database: Database) -> None:
    shelf = Shelf()
    shelf.put(make_model("large"))
    found = await asyncio.gather(*(make_refresh(database, shelf).refresh(TEAM, APPROVER) for _ in range(4)))
    assert shelf.asked == 1
    assert sum(each[0].changed is not None for each in found) == 1
    assert sum("asked a moment ago" in said_of_refresh(each) for each in found) == 3


async def test_by_itself_a_list_is_fetched_once_it_is_old_and_a_failed_try_is_not_repeated_at_once(
    database: Database,
) -> None:
    shelf = Shelf(fault="It is away.")
    refresh = make_refresh(database, shelf, every=DAILY)
    for _ in range(2):
        await refresh._fetch_all(retry_after=dt.timedelta(hours=1), max_age=DAILY)
    assert shelf.asked == 1
    async with database.engine() as connection:
        await connection.execute("UPDATE app.price_source SET tried_at = tried_at - interval '61 minutes'")
    shelf.fault = ""
    shelf.put(make_model("large"))
    for _ in range(2):
        await refresh._fetch_all(retry_after=dt.timedelta(0), max_age=DAILY)
    assert shelf.asked == 2
    async with database.engine() as connection:
        await connection.execute("UPDATE app.price_source SET fetched_at = fetched_at - interval '25 hours'")
    await refresh._fetch_all(retry_after=dt.timedelta(0), max_age=DAILY)
    assert shelf.asked == 3


async def test_keeping_fresh_ends_when_it_is_told_to(database: Database) -> None:
    stop = asyncio.Event()
    keeping = asyncio.create_task(make_refresh(database, Shelf(), every=DAILY).keep_fresh(stop))
    stop.set()
    await keeping


async def test_a_refresh_is_in_the_audit_and_takes_the_role(database: Database) -> None:
    shelf = Shelf()
    shelf.put(make_model("large"))
    with pytest.raises(UserError, match="takes the role approver"):
        await make_refresh(database, shelf).refresh(TEAM, ALICE)
    assert shelf.asked == 0
    await make_refresh(database, shelf).refresh(TEAM, APPROVER)
    async with database.team(TEAM) as connection:
        (entry,) = await audit.of_subject(connection, TEAM, "price:lists")
    assert entry.who == APPROVER
    assert "fetched" in entry.details["shelf"]


async def test_with_no_list_at_all_there_is_nothing_to_refresh(database: Database) -> None:
    with pytest.raises(UserError, match="no list"):
        said_of_refresh(await make_refresh(database).refresh(TEAM, APPROVER))
