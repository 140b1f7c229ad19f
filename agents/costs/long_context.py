"""What it costs to put all documents into every prompt and let the prompt cache carry them."""

from decimal import Decimal

from agents.costs.api import RequestShape
from agents.costs.prices.book import Rates

# Above this size the documents stop being a price question and need retrieval.
LARGEST_LONG_CONTEXT_TOKENS = 200_000


def long_context_shape(shape: RequestShape, knowledge_tokens: Decimal) -> RequestShape:
    """Return the request with the documents in its fixed prefix."""
    return RequestShape(shape.static_prefix + knowledge_tokens, shape.dynamic_in, shape.tokens_out)


def breakeven_knowledge_tokens(rates: Rates, top_k: int, chunk: int) -> Decimal | None:
    """Return the size below which cached long context beats retrieval once every request hits the cache.

    None where reading the cache is free, because then no size is too large.
    """
    if rates.cache_read <= 0:
        return None
    return top_k * chunk * rates.input / rates.cache_read
