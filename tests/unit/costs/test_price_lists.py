"""Price lists as documents: what goes into the database comes out as the same price."""

import datetime as dt
import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from agents.adapters.prices import price_book
from agents.costs.figures import Band
from agents.costs.prices.book import GpuPrice, ModelPrice, PriceBook, PriceList, Rates
from agents.costs.prices.lists import ListedPrice, documents_of, with_listed
from agents.costs.prices.warnings import price_warnings

AT = dt.datetime(2026, 12, 20, 12, tzinfo=dt.UTC)
EMPTY = PriceBook(as_of=AT.date())

amount = st.decimals(min_value="0.0001", max_value="1000", places=4)
rates = st.builds(Rates, amount, amount, amount, amount)
model = st.builds(
    ModelPrice,
    id=st.just("m"),
    provider=st.sampled_from(["anthropic", "openai"]),
    standard=rates,
    source=st.sampled_from(["list 1", "list 1; batch at the provider's published discount"]),
    as_of=st.just(AT.date()),
    batch=st.none() | rates,
    tier_tokens=st.none() | st.integers(1, 10**6),
    long_standard=st.none() | rates,
    long_batch=st.none() | rates,
    retires_on=st.none() | st.dates(),
)
gpu = st.builds(
    GpuPrice,
    name=st.just("g"),
    usd_per_hour=st.builds(Band, amount, amount, amount),
    memory_bytes=st.floats(1e9, 1e12),
    flops=st.floats(1e12, 1e16),
    bandwidth=st.floats(1e11, 1e13),
    source=st.just("list 1"),
    as_of=st.just(AT.date()),
)


def kept(found: PriceList) -> list[ListedPrice]:
    """Return a list as the database gives it back."""
    documents = json.loads(json.dumps(documents_of(found)))
    return [ListedPrice("list", each["kind"], each["name"], each["price"], "1", AT, AT) for each in documents]


@given(price=model, hour=gpu)
def test_a_price_comes_back_as_it_was(price: ModelPrice, hour: GpuPrice) -> None:
    listed = kept(PriceList("list", "1", {"m": price}, {"g": hour}))
    book = with_listed(EMPTY, listed, {"list": AT})
    back, again = book.models["m"], book.gpus["g"]
    assert (back.standard, back.batch, back.long_standard, back.long_batch) == (
        price.standard, price.batch, price.long_standard, price.long_batch,
    )  # fmt: skip
    assert (back.tier_tokens, back.retires_on, back.provider) == (price.tier_tokens, price.retires_on, price.provider)
    assert (again.usd_per_hour, again.memory_bytes, again.flops) == (hour.usd_per_hour, hour.memory_bytes, hour.flops)
    assert back.source.startswith("list 1, fetched 2026-12-20")
    assert back.source.endswith(price.source.removeprefix("list 1"))


def test_an_unchanged_price_has_the_same_document_however_old_its_list() -> None:
    shipped = price_book(dt.date(2026, 11, 23)).models
    later = price_book(dt.date(2027, 11, 23)).models
    of = [documents_of(PriceList("list", "1", models)) for models in (shipped, later)]
    sonnet = [next(each for each in documents if each["name"] == "claude-sonnet-5-5") for documents in of]
    assert sonnet[0] == sonnet[1]


def test_a_stale_fetched_price_is_said_to_be_old_and_a_price_of_ones_own_is_not() -> None:
    price = ModelPrice("m", "x", Rates(Decimal(1), Decimal(1), Decimal(1), Decimal(1)), "list", AT.date())
    later = PriceBook(as_of=AT.date() + dt.timedelta(days=31))
    (warning,) = price_warnings(later, [price, price], [])
    assert "API prices were last checked on 2026-12-20, 31 days ago" in warning
    own = ModelPrice("m", "x", price.standard, "your own price", AT.date(), kind="your price")
    assert price_warnings(later, [own], []) == ()
