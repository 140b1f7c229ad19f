"""Today's prices: API models from the genai-prices package, GPUs from the dated list beside this file."""

import datetime as dt

from agents.adapters.prices.genai import GenaiPrices, shipped_prices
from agents.adapters.prices.gpuhunt import GpuHunt
from agents.adapters.prices.gpus import gpu_prices
from agents.adapters.prices.serverless import hosted_prices
from agents.costs.prices.book import PriceBook
from agents.ports import PriceSource

__all__ = ["price_book", "price_sources"]


def price_book(today: dt.date) -> PriceBook:
    """Return the prices known on a day, without asking the network.

    What was fetched since, what a team pays and what a comparison's inputs say are laid over it.

    Raises:
        ValueError: The shipped list of GPU prices cannot be read.
    """
    return PriceBook(as_of=today, models=shipped_prices(today), gpus=gpu_prices(), hosted=hosted_prices(today))


def price_sources(url: str | None = None) -> tuple[PriceSource, ...]:
    """Return the lists that can be fetched here: that of GPUs only where the extra "gpus" is installed.

    Args:
        url: Where the newest list of API prices is; its maker's address by default.
    """
    return (GenaiPrices(url), *([GpuHunt()] if GpuHunt.is_installed() else []))
