"""What somebody must know who relies on a price: that it is old, that it is the last one known."""

import datetime as dt
from collections.abc import Iterable, Iterator

from agents.costs.prices.book import GpuPrice, ModelPrice, PriceBook

STALE_AFTER = dt.timedelta(days=30)


def is_stale(price: ModelPrice | GpuPrice, today: dt.date) -> bool:
    """Return whether a list price was last seen more than 30 days ago; a price of one's own does not age."""
    return price.kind == "published" and today - price.as_of > STALE_AFTER


def price_warnings(book: PriceBook, models: Iterable[ModelPrice], gpus: Iterable[GpuPrice]) -> tuple[str, ...]:
    """Return a sentence on each thing that is wrong with the prices of these models and GPUs, each said once."""
    return tuple(dict.fromkeys(_warnings(book.as_of, tuple(models), tuple(gpus))))


def _warnings(today: dt.date, models: tuple[ModelPrice, ...], gpus: tuple[GpuPrice, ...]) -> Iterator[str]:
    old_models = [price for price in models if is_stale(price, today)]
    if old_models:
        yield _old("API prices", old_models, today, "`cairn prices refresh` fetches today's, `prices set` takes yours")
    old_gpus = [price for price in gpus if is_stale(price, today)]
    if old_gpus:
        yield _old(
            "GPU prices", old_gpus, today,
            "set your own with `cairn prices set`, or give them under gpus or usd_per_gpu_hour",
        )  # fmt: skip
    notices = (*(price.notice for price in models), *(price.notice for price in gpus))
    yield from (notice for notice in notices if notice)


def _old(what: str, prices: list[ModelPrice] | list[GpuPrice], today: dt.date, mend: str) -> str:
    oldest = min(price.as_of for price in prices)
    return f"{what} were last checked on {oldest.isoformat()}, {(today - oldest).days} days ago; {mend}."
