"""Today's prices: API models from the genai-prices package, GPUs from the dated list beside this file."""

import datetime as dt

from agents.adapters.prices.genai import model_prices
from agents.adapters.prices.gpus import gpu_prices, stale_warning
from agents.adapters.prices.serverless import hosted_prices
from agents.costs.prices import PriceBook

__all__ = ["price_book"]


def price_book(today: dt.date) -> PriceBook:
    """Return the prices known on a day, without asking the network.

    A person's own prices are laid over it by the inputs of a comparison.

    Raises:
        ValueError: The shipped list of GPU prices cannot be read.
    """
    gpus = gpu_prices()
    warning = stale_warning(gpus, today)
    return PriceBook(
        as_of=today,
        models=model_prices(today),
        gpus=gpus,
        hosted=hosted_prices(today),
        warnings=(warning,) if warning else (),
    )
