"""The price book as it is shipped: figures of one day, and the package's pitfalls kept out of it."""

import datetime as dt
from decimal import Decimal
from importlib.metadata import version

import pytest
from genai_prices import Usage, calc_price

from agents.adapters.prices import price_book
from agents.adapters.prices.genai import SHIPPED_ON
from agents.adapters.prices.gpus import prices_of, read_offers
from agents.costs.api import request_usd
from agents.costs.prices.book import PriceMissingError
from agents.costs.prices.warnings import price_warnings

TODAY = dt.date(2026, 11, 23)
BEFORE_BATCH_RATES = dt.date(2026, 10, 13)
BOOK = price_book(TODAY)


@pytest.mark.parametrize(
    ("name", "tokens_in", "tokens_out", "cache_read"),
    [
        ("claude-opus-5-5", "4", "20", "0.20"),
        ("claude-sonnet-5-5", "2", "10", "0.10"),
        ("claude-haiku-5-5", "0.10", "0.50", "0.01"),
        ("gpt-4o", "2.5", "10", "1.25"),
        ("gpt-6.1-sol", "2", "10", "0.10"),
        ("gpt-6-luna", "0.10", "0.50", "0.01"),
        ("claude-sonnet-4-5", "3", "15", "0.3"),
        ("claude-opus-4-1", "15", "75", "1.5"),
        ("gpt-4", "30", "60", "30"),
        ("text-embedding-3-small", "0.02", "0", "0.02"),
    ],
)
def test_a_list_price_is_the_one_published(name: str, tokens_in: str, tokens_out: str, cache_read: str) -> None:
    rates = BOOK.model(name).standard
    assert (rates.input, rates.output, rates.cache_read) == (
        Decimal(tokens_in),
        Decimal(tokens_out),
        Decimal(cache_read),
    )


@pytest.mark.parametrize("today", [TODAY, BEFORE_BATCH_RATES])
@pytest.mark.parametrize(
    "name", ["claude-opus-5-5", "claude-haiku-5-5", "claude-opus-4-1", "gpt-4o", "gpt-6-luna", "gpt-4"]
)
def test_batch_rates_are_half_also_where_the_package_gives_full_price(name: str, today: dt.date) -> None:
    price = price_book(today).model(name)
    assert price.batch is not None
    assert (price.batch.input, price.batch.output) == (price.standard.input / 2, price.standard.output / 2)


def test_the_package_still_gives_full_price_for_the_batches_guarded_here() -> None:
    noon = dt.datetime.combine(TODAY, dt.time(12), tzinfo=dt.UTC)
    million = Usage(input_tokens=1_000_000, output_tokens=0)
    by_tier = calc_price(
        million, "claude-opus-5-5", genai_request_timestamp=noon, price_context={"service_tier": "batch"}
    )
    without_rates = calc_price(
        million, "claude-opus-4-1", genai_request_timestamp=noon, price_context={"processing": "batch"}
    )
    assert by_tier.total_price == Decimal(4)
    assert without_rates.total_price == Decimal(15)


def test_a_model_without_batch_rates_has_none_invented() -> None:
    undiscounted = [price for price in BOOK.models.values() if price.provider == "deepseek"]
    assert undiscounted
    assert all(price.batch is None for price in undiscounted)


def test_batch_is_never_dearer_for_any_model_in_the_book() -> None:
    for price in BOOK.models.values():
        for tokens_in in (100, 150_000, 500_000):
            plain = request_usd(price, Decimal(tokens_in), Decimal(1000))
            batched = request_usd(price, Decimal(tokens_in), Decimal(1000), batch=True)
            assert batched <= plain, price.id


def test_a_prompt_over_the_tier_is_charged_at_the_long_rate_throughout() -> None:
    haiku = BOOK.model("claude-haiku-5-5")
    assert request_usd(haiku, Decimal(100_000), Decimal(0)) == Decimal("0.01")
    assert request_usd(haiku, Decimal(100_001), Decimal(0)) == Decimal("0.0500005")
    assert haiku.long_standard is not None
    assert haiku.long_standard.cache_read == Decimal("0.05")


@pytest.mark.parametrize("tokens", [99_999, 100_000, 100_001, 272_000, 272_001])
@pytest.mark.parametrize("name", ["claude-haiku-5-5", "gpt-6-luna", "claude-sonnet-5-5"])
def test_a_request_costs_what_the_package_says(name: str, tokens: int) -> None:
    noon = dt.datetime.combine(TODAY, dt.time(12), tzinfo=dt.UTC)
    theirs = calc_price(Usage(input_tokens=tokens, output_tokens=500), name, genai_request_timestamp=noon)
    assert request_usd(BOOK.model(name), Decimal(tokens), Decimal(500)) == theirs.total_price


def test_models_that_leave_their_api_carry_the_day() -> None:
    assert BOOK.model("gpt-4").is_retired(TODAY)
    assert not BOOK.model("gpt-4o").is_retired(TODAY)
    assert BOOK.model("gpt-4o").retires_on == dt.date(2027, 1, 14)


def test_a_price_names_the_package_its_version_and_the_day() -> None:
    sonnet = BOOK.model("claude-sonnet-5-5")
    assert sonnet.source.startswith("genai-prices 0.2.")
    assert sonnet.as_of == TODAY
    assert "published discount" in BOOK.model("claude-opus-4-1").source


def test_a_dot_for_a_dash_still_finds_the_model() -> None:
    assert BOOK.model("Claude-Sonnet-5.5") is BOOK.model("claude-sonnet-5-5")


def test_an_unknown_model_says_how_to_add_its_price() -> None:
    with pytest.raises(PriceMissingError, match=r"'clod-5'.*Known: .*/cairn prices set clod-5 .*prices_usd_per_mtok"):
        BOOK.model("clod-5")


def test_an_unknown_gpu_names_those_known() -> None:
    with pytest.raises(PriceMissingError, match=r"'TPU'.*A100-80.*/cairn prices set TPU hour=.*usd, mem"):
        BOOK.gpu("TPU")


@pytest.mark.parametrize("name", ["H100-80", "h100", "H100 SXM", "NVIDIA H100 80GB"])
def test_a_gpu_is_found_by_the_names_people_use(name: str) -> None:
    assert BOOK.gpu(name).name == "H100-80"


@pytest.mark.parametrize(
    ("name", "low", "base", "high"),
    [
        ("A100-80", "1.39", "1.79", "3.43"),
        ("H100-80", "2.69", "3.99", "6.88"),
        ("H200-141", "3.39", "4.59", "10.44"),
        ("L40S-48", "0.79", "1.09", "1.55"),
        ("RTX4090-24", "0.34", "0.74", "0.74"),
    ],
)
def test_a_gpu_hour_has_its_range(name: str, low: str, base: str, high: str) -> None:
    band = BOOK.gpu(name).usd_per_hour
    assert (band.low, band.base, band.high) == (Decimal(low), Decimal(base), Decimal(high))


def warnings_on(today: dt.date) -> tuple[str, ...]:
    book = price_book(today)
    return price_warnings(book, [book.model("claude-sonnet-5-5")], [book.gpu("H100-80"), book.gpu("A100-80")])


def test_gpu_prices_older_than_thirty_days_are_said_to_be() -> None:
    assert warnings_on(dt.date(2026, 12, 9)) == ()
    (warning,) = warnings_on(dt.date(2026, 12, 10))
    assert "GPU prices were last checked on 2026-11-09, 31 days ago" in warning
    assert "`cairn prices set`" in warning


def test_api_prices_older_than_thirty_days_are_said_to_be() -> None:
    assert not any("API prices" in warning for warning in warnings_on(dt.date(2026, 12, 23)))
    api, gpu = warnings_on(dt.date(2026, 12, 24))
    assert "API prices were last checked on 2026-11-23, 31 days ago" in api
    assert "`cairn prices refresh`" in api
    assert "GPU prices" in gpu


def test_the_shipped_list_is_dated_for_the_release_that_is_installed() -> None:
    installed = version("genai-prices")
    assert installed == "0.2.3", "compare its prices with the providers' pages and set SHIPPED_ON to that day"
    assert price_book(dt.date(2027, 6, 1)).model("claude-sonnet-5-5").as_of == SHIPPED_ON


@pytest.mark.parametrize(
    "line",
    [
        "H100-80,X,secure cloud,free,,2026-11-09",
        "H100-80,X,secure cloud,-1,,2026-11-09",
        "H100-80,X,secure cloud,NaN,,2026-11-09",
        "H100-80,X,secure cloud,3.99,,yesterday",
        "H100-80,X",
    ],
)
def test_a_line_of_the_gpu_list_that_cannot_be_read_is_named(line: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        read_offers(f"gpu,provider,tier,usd_per_hour,url,checked_on\n{line}\n")


def test_a_gpu_without_a_usual_offer_or_sizes_is_refused() -> None:
    header = "gpu,provider,tier,usd_per_hour,url,checked_on\n"
    with pytest.raises(ValueError, match="H100-80"):
        prices_of(read_offers(f"{header}H100-80,X,low,2,,2026-11-09\n"))
    with pytest.raises(ValueError, match="B900"):
        prices_of(read_offers(f"{header}B900,X,secure cloud,2,,2026-11-09\n"))
