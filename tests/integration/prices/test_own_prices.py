"""Prices that a team sets: who may, what holds afterwards and for whom, and what they were before."""

from decimal import Decimal

import pytest

from agents.costs.prices.book import GpuPrice, ModelPrice, PriceMissingError
from agents.errors import UserError
from agents.services.prices import said_of
from agents.store import audit
from agents.store.db import Database
from agents.store.outbox import Card, upsert_card
from tests.integration.prices.shelf import ALICE, APPROVER, OTHER_TEAM, TEAM, make_books, make_prices

pytestmark = pytest.mark.integration


async def test_a_price_that_was_set_holds_for_the_team_and_says_whose_it_is(database: Database) -> None:
    prices = make_prices(database)
    change = await prices.set(TEAM, "large in=1.50 out=8", APPROVER)
    large = (await prices.book(TEAM)).model("large")
    assert (large.standard.input, large.standard.output) == (Decimal("1.5"), Decimal(8))
    assert (large.kind, large.set_by) == ("your price", APPROVER)
    assert change.before is not None
    assert "in $2.00, out $10.00" in said_of(change)
    assert "→ in $1.50, out $8.00" in said_of(change)


async def test_what_was_not_typed_keeps_the_share_that_it_has_on_the_list(database: Database) -> None:
    prices = make_prices(database)
    change = await prices.set(TEAM, "large in=1 out=5", APPROVER)
    large = (await prices.book(TEAM)).model("large")
    assert large.standard.cache_read == Decimal("0.1")
    assert large.batch is not None
    assert large.batch.input == Decimal("0.5")
    assert any("cache_read=0.1" in remark for remark in change.remarks)


async def test_another_team_keeps_its_prices(database: Database) -> None:
    prices = make_prices(database)
    await prices.set(TEAM, "large in=1 out=5", APPROVER)
    await prices.set(TEAM, "H100-80 hour=1", APPROVER)
    other = await prices.book(OTHER_TEAM)
    assert other.model("large").standard.input == Decimal(2)
    assert other.gpu("H100-80").usd_per_hour.base == Decimal(4)
    assert (await prices.view(OTHER_TEAM)).own == ()
    assert (await prices.history(OTHER_TEAM, "large")).own == ()


async def test_an_override_of_another_process_is_seen_at_once(database: Database) -> None:
    here, there = make_prices(database, make_books()), make_prices(database, make_books())
    assert (await here.book(TEAM)).model("large").standard.input == Decimal(2)
    await there.set(TEAM, "large in=1 out=5", APPROVER)
    assert (await here.book(TEAM)).model("large").standard.input == Decimal(1)
    await there.unset(TEAM, "large", APPROVER)
    assert (await here.book(TEAM)).model("large").standard.input == Decimal(2)


async def test_a_book_is_the_same_one_until_something_changes(database: Database) -> None:
    prices = make_prices(database)
    await prices.set(TEAM, "large in=1 out=5", APPROVER)
    assert await prices.book(TEAM) is await prices.book(TEAM)


async def test_a_change_that_was_undone_is_believed_by_nobody(database: Database) -> None:
    books = make_books()
    prices = make_prices(database, books)
    async with database.team(TEAM) as connection:
        await connection.execute(
            "INSERT INTO app.own_price (team_id, kind, name, price, set_by) "
            "VALUES ('T0LOCAL', 'model', 'large', '{\"i\": 1, \"o\": 5}', 'U')"
        )
        assert (await books.fresh(connection, TEAM)).model("large").standard.input == Decimal(1)
        await connection.rollback()
    await prices.set(TEAM, "large in=3 out=5", APPROVER)
    assert (await prices.book(TEAM)).model("large").standard.input == Decimal(3)


async def test_the_price_before_is_kept_as_history_with_who_and_when(database: Database) -> None:
    prices = make_prices(database)
    await prices.set(TEAM, "H100-80 hour=3", APPROVER)
    await prices.set(TEAM, "H100-80 hour=2.5 low=2 high=3", APPROVER)
    await prices.unset(TEAM, "h100", APPROVER)
    history = await prices.history(TEAM, "H100")
    assert [row.price["usd"] for row in history.own] == [2.5, 3]
    assert all(row.ended_by == APPROVER and row.ended_at is not None for row in history.own)
    assert isinstance(history.now, GpuPrice)
    assert history.now.usd_per_hour.base == Decimal(4)


async def test_every_change_is_in_the_audit_with_the_price_before_and_after(database: Database) -> None:
    prices = make_prices(database)
    await prices.set(TEAM, "large in=1 out=5", APPROVER, "event-1")
    await prices.unset(TEAM, "large", APPROVER)
    async with database.team(TEAM) as connection:
        entries = await audit.of_subject(connection, TEAM, "price:large")
    assert [(entry.who, entry.action, entry.event_key) for entry in entries] == [
        (APPROVER, "set_price", "event-1"),
        (APPROVER, "unset_price", None),
    ]
    assert "in $2.00" in entries[0].details["from"]
    assert "in $1.00" in entries[0].details["to"]


async def test_somebody_without_the_role_changes_nothing(database: Database) -> None:
    prices = make_prices(database)
    for attempt in (prices.set(TEAM, "large in=1 out=5", ALICE), prices.unset(TEAM, "large", ALICE)):
        with pytest.raises(UserError, match="takes the role approver"):
            await attempt
    assert (await prices.view(TEAM)).own == ()


async def test_a_model_that_no_list_has_can_be_added_and_is_missed_when_it_is_removed(database: Database) -> None:
    prices = make_prices(database)
    change = await prices.set(TEAM, "house-model in=1 out=2", APPROVER)
    assert change.before is None
    assert "new here" in said_of(change)
    house = (await prices.book(TEAM)).model("house-model")
    assert isinstance(house, ModelPrice)
    assert house.batch is None, "nobody said that it charges less for waiting"
    gone = await prices.unset(TEAM, "house-model", APPROVER)
    assert gone.after is None
    with pytest.raises(PriceMissingError, match="cairn prices set house-model"):
        (await prices.book(TEAM)).model("house-model")
    assert [row.name for row in (await prices.history(TEAM, "house-model")).own] == ["house-model"]


async def test_a_name_that_is_nearly_known_is_asked_about(database: Database) -> None:
    change = await make_prices(database).set(TEAM, "larje in=1 out=2", APPROVER)
    assert "Did you mean large?" in said_of(change)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("B900 hour=3", "memory_gb="),
        ("H100-80 in=2 out=3", "is a GPU, which is priced by the hour"),
        ("large hour=3", "is a model, which is priced by tokens"),
        ("large in=0 out=3", "between 0.0001 and 10,000"),
        ("", "Name a model or a GPU"),
    ],
)
async def test_a_price_that_cannot_be_meant_changes_nothing(database: Database, text: str, says: str) -> None:
    prices = make_prices(database)
    with pytest.raises(UserError, match=says):
        await prices.set(TEAM, text, APPROVER)
    assert (await prices.view(TEAM)).own == ()


async def test_a_new_gpu_comes_with_what_it_can_do(database: Database) -> None:
    prices = make_prices(database)
    await prices.set(TEAM, "B900 hour=3 memory_gb=192 tflops=2250 gb_per_s=8000", APPROVER)
    gpu = (await prices.book(TEAM)).gpu("b900")
    assert (gpu.memory_bytes, gpu.flops, gpu.bandwidth) == (192e9, 2250e12, 8e12)


@pytest.mark.parametrize("name", ["large", "nothing", ""])
async def test_only_a_price_of_ones_own_can_be_removed(database: Database, name: str) -> None:
    with pytest.raises(UserError, match="no price of its own"):
        await make_prices(database).unset(TEAM, name, APPROVER)


async def test_comparisons_in_threads_are_shown_anew(database: Database) -> None:
    async with database.team(TEAM) as connection:
        await upsert_card(connection, TEAM, Card("costs:c", "C1", "1.1", "costs", {"conversation_id": "c"}))
        await upsert_card(connection, TEAM, Card("say:x", "C1", "1.1", "say", {"text": "x"}))
    await make_prices(database).set(TEAM, "large in=1 out=5", APPROVER)
    async with database.team(TEAM) as connection:
        found = await connection.execute("SELECT key, version FROM app.slack_card ORDER BY key")
        assert [tuple(row.values()) for row in await found.fetchall()] == [("costs:c", 2), ("say:x", 1)]
