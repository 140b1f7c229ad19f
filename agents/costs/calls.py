"""What one call of a model costs that talks, by the tokens it used, and the most that it can cost before."""

from decimal import Decimal

from agents.costs.api import rates_for
from agents.costs.figures import MILLION
from agents.costs.prices.book import ModelPrice


def call_usd(
    price: ModelPrice,
    *,
    input_tokens: int,
    cache_read_tokens: int,
    cache_write_tokens: int,
    output_tokens: int,
    is_batch: bool = False,
) -> Decimal:
    """Return the price of a call; input is what was neither read from the cache nor written to it."""
    rates = rates_for(price, Decimal(input_tokens + cache_read_tokens + cache_write_tokens), batch=is_batch)
    charged = (
        input_tokens * rates.input
        + cache_read_tokens * rates.cache_read
        + cache_write_tokens * rates.cache_write
        + output_tokens * rates.output
    )
    return charged / MILLION


def most_call_usd(price: ModelPrice, *, request_tokens: int, max_tokens: int) -> Decimal:
    """Return the most that a call can cost: all of its request is written to the cache, and its answer is full."""
    rates = rates_for(price, Decimal(request_tokens))
    return (request_tokens * max(rates.input, rates.cache_write) + max_tokens * rates.output) / MILLION
