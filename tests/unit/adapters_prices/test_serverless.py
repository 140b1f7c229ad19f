"""What the hosts of open models ask, as the package of API prices has it."""

import datetime as dt
from decimal import Decimal

import pytest

from agents.adapters.prices import price_book
from agents.adapters.prices.serverless import HOSTS, hosted_prices
from agents.costs.open_models import SHOWN_HOSTED

TODAY = dt.date(2026, 11, 23)
HOSTED = hosted_prices(TODAY)


def test_every_host_listed_here_is_found_under_its_name() -> None:
    assert {model: [price.provider for price in prices] for model, prices in HOSTED.items()} == {
        model: [provider for provider, _ in hosts] for model, hosts in HOSTS.items()
    }


def test_no_host_is_listed_twice_for_a_model() -> None:
    for hosts in HOSTS.values():
        assert len({provider for provider, _ in hosts}) == len(hosts)


@pytest.mark.parametrize(
    ("model", "host", "tokens_in", "tokens_out"),
    [
        ("llama-3.1-8b", "novita", "0.02", "0.05"),
        ("llama-3.1-8b", "groq", "0.05", "0.08"),
        ("llama-3.1-8b", "aws", "0.22", "0.22"),
        ("llama-3.1-70b", "together", "0.88", "0.88"),
        ("gpt-oss-120b", "fireworks", "0.15", "0.6"),
    ],
)
def test_a_host_asks_what_is_published(model: str, host: str, tokens_in: str, tokens_out: str) -> None:
    price = next(price for price in HOSTED[model] if price.provider == host)
    assert (price.standard.input, price.standard.output) == (Decimal(tokens_in), Decimal(tokens_out))
    assert price.source.startswith(f"{host}, in genai-prices ")
    assert price.as_of == TODAY
    assert price.kind == "published"


def test_no_host_asks_nothing_and_reading_the_cache_never_costs_more() -> None:
    for prices in HOSTED.values():
        for price in prices:
            assert price.standard.input > 0, price.id
            assert price.standard.output > 0, price.id
            assert price.standard.cache_read <= price.standard.input, price.id


def test_the_book_of_the_day_has_the_llamas_of_the_guide_at_several_hosts() -> None:
    book = price_book(TODAY)
    assert all(len(book.hosted[model]) >= 3 for model in SHOWN_HOSTED)
