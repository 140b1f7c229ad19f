"""Public price lists that were fetched and kept: prices as documents, and a book brought up to them."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal

from agents.costs.figures import Band
from agents.costs.prices.book import GpuPrice, ModelPrice, PriceBook, PriceList, Rates

ItemKind = Literal["model", "gpu"]

_RATES = ("standard", "batch", "long_standard", "long_batch")


@dataclass(frozen=True, slots=True)
class ListedPrice:
    """A price as a list last had it: the document, the package's version, and when it was first and last there."""

    source: str
    kind: ItemKind
    name: str
    price: Mapping[str, Any]
    version: str
    first_at: dt.datetime
    last_at: dt.datetime

    @property
    def last_on(self) -> dt.date:
        """The last day on which the list had it."""
        return self.last_at.date()


def documents_of(found: PriceList) -> list[dict[str, Any]]:
    """Return every price of a list as plain JSON, without source and day: what tells whether it changed."""
    models = [{"kind": "model", "name": name, "price": _model_document(price)} for name, price in found.models.items()]
    gpus = [{"kind": "gpu", "name": name, "price": _gpu_document(price)} for name, price in found.gpus.items()]
    return models + gpus


def with_listed(book: PriceBook, listed: Iterable[ListedPrice], fetched_at: Mapping[str, dt.datetime]) -> PriceBook:
    """Return the book with the prices that were fetched since those in it.

    A price that its list no longer has is kept as it was last, and says so.

    Args:
        book: As shipped.
        listed: The newest document of each model and GPU.
        fetched_at: When each source's newest list was fetched.
    """
    models, gpus = dict(book.models), dict(book.gpus)
    for each in listed:
        newest = fetched_at[each.source]
        shipped = models.get(each.name) if each.kind == "model" else gpus.get(each.name)
        # A package that was upgraded since brings a newer list along.
        if shipped is not None and shipped.as_of > each.last_on:
            continue
        notice = _gone(each, newest) if each.last_at < newest else ""
        if each.kind == "model":
            models[each.name] = _model(each, models.get(each.name), notice)
        else:
            gpus[each.name] = _gpu(each, notice)
    models = {name: _marked(price, fetched_at) for name, price in models.items()}
    return replace(book, models=MappingProxyType(models), gpus=MappingProxyType(gpus))


def _marked(price: ModelPrice, fetched_at: Mapping[str, dt.datetime]) -> ModelPrice:
    """Return a shipped price with the notice that a newer list of its source does not have it."""
    newest = next((at.date() for source, at in fetched_at.items() if price.source.startswith(f"{source} ")), None)
    if price.notice or newest is None or newest <= price.as_of:
        return price
    return replace(
        price,
        notice=f"{price.id} is not in the list of {newest.isoformat()}; its price is the one shipped with Cairn, "
        f"as of {price.as_of.isoformat()}.",
    )


def _gone(each: ListedPrice, newest: dt.datetime) -> str:
    return (
        f"{each.name} has left the list of {each.source} fetched on {newest.date().isoformat()}; its price is the "
        f"last one known, of {each.last_on.isoformat()}."
    )


def _source(each: ListedPrice) -> str:
    """Return the package and what the price itself says about its origin."""
    return f"{each.source} {each.version}, fetched {each.last_on.isoformat()}{each.price.get('note', '')}"


def _model_document(price: ModelPrice) -> dict[str, Any]:
    document: dict[str, Any] = {"provider": price.provider}
    document |= {name: _rates_document(getattr(price, name)) for name in _RATES}
    document["tier_tokens"] = price.tier_tokens
    document["retires_on"] = price.retires_on.isoformat() if price.retires_on else None
    document["note"] = price.source.partition(";")[1] + price.source.partition(";")[2]
    return document


def _model(each: ListedPrice, shipped: ModelPrice | None, notice: str) -> ModelPrice:
    found = each.price
    standard = _rates(found["standard"])
    assert standard is not None  # noqa: S101  # no list has a price without its rates
    retires_on = dt.date.fromisoformat(found["retires_on"]) if found["retires_on"] else None
    return ModelPrice(
        id=each.name,
        provider=found["provider"],
        standard=standard,
        source=_source(each),
        as_of=each.last_on,
        batch=_rates(found["batch"]),
        tier_tokens=found["tier_tokens"],
        long_standard=_rates(found["long_standard"]),
        long_batch=_rates(found["long_batch"]),
        # Days of retirement are Cairn's own, so the release that runs knows them best.
        retires_on=(shipped.retires_on if shipped else None) or retires_on,
        notice=notice,
    )


def _rates_document(rates: Rates | None) -> list[str] | None:
    if rates is None:
        return None
    return [f"{each.normalize():f}" for each in (rates.input, rates.output, rates.cache_read, rates.cache_write)]


def _rates(document: list[str] | None) -> Rates | None:
    return None if document is None else Rates(*map(Decimal, document))


def _gpu_document(price: GpuPrice) -> dict[str, Any]:
    band = price.usd_per_hour
    return {
        "usd_per_hour": [f"{each.normalize():f}" for each in (band.low, band.base, band.high)],
        "memory_bytes": price.memory_bytes,
        "flops": price.flops,
        "bandwidth": price.bandwidth,
        "note": price.source.partition(";")[1] + price.source.partition(";")[2],
    }


def _gpu(each: ListedPrice, notice: str) -> GpuPrice:
    found = each.price
    return GpuPrice(
        name=each.name,
        usd_per_hour=Band(*map(Decimal, found["usd_per_hour"])),
        memory_bytes=float(found["memory_bytes"]),
        flops=float(found["flops"]),
        bandwidth=float(found["bandwidth"]),
        source=_source(each),
        as_of=each.last_on,
        notice=notice,
    )
