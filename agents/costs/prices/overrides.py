"""Prices that people pay, laid over those of the public lists."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType

from agents.costs.figures import Band, exact
from agents.costs.inputs import CostInputs, GpuInput, ModelRatesInput
from agents.costs.prices.book import GpuPrice, ModelPrice, PriceBook, PriceMissingError, Rates
from agents.errors import UserError

SOURCE = "your own price"
# What Anthropic and OpenAI take off for waiting up to 24 h.
BATCH_FACTOR = Decimal("0.5")
_DISCOUNTING = ("claude", "gpt", "o1", "o3", "o4")


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """What somebody said that a model or a GPU costs them; `set_by` is a person, or the file that says so."""

    name: str
    price: ModelRatesInput | GpuInput
    set_by: str
    set_on: dt.date


def with_overrides(book: PriceBook, inputs: CostInputs) -> PriceBook:
    """Return the book with the inputs' own prices in place of its own.

    Raises:
        UserError: An unknown GPU is given without its memory, FLOP/s or bandwidth.
    """
    models = [OwnPrice(name, rates, "", book.as_of) for name, rates in inputs.prices_usd_per_mtok.items()]
    gpus = [OwnPrice(name, hour, "", book.as_of) for name, hour in inputs.gpus.items()]
    return with_own_prices(book, [*models, *gpus]) if models or gpus else book


def with_own_prices(book: PriceBook, own: Iterable[OwnPrice]) -> PriceBook:
    """Return the book with these prices in place of its own; of two for one name the last one holds.

    Raises:
        UserError: An unknown GPU is given without its memory, FLOP/s or bandwidth.
    """
    models, gpus = dict(book.models), dict(book.gpus)
    for each in own:
        if isinstance(each.price, ModelRatesInput):
            price = _model_price(each, each.price, book)
            models[price.id] = price
        else:
            gpu = _gpu_price(each, each.price, book)
            gpus[gpu.name] = gpu
    return replace(book, models=MappingProxyType(models), gpus=MappingProxyType(gpus))


def own_name(book: PriceBook, name: str, price: ModelRatesInput | GpuInput) -> str:
    """Return the name under which the book keeps a model or GPU, or for a new one the name as it is to be kept."""
    try:
        return book.model(name).id if isinstance(price, ModelRatesInput) else book.gpu(name).name
    except PriceMissingError:
        return name.strip().lower() if isinstance(price, ModelRatesInput) else name.strip()


def _model_price(own: OwnPrice, given: ModelRatesInput, book: PriceBook) -> ModelPrice:
    name = own.name.strip().lower()
    standard = Rates(
        input=given.i,
        output=given.o,
        cache_read=given.i if given.cr is None else given.cr,
        cache_write=given.i if given.cw is None else given.cw,
    )
    long = _long_rates(given, standard)
    known = book.models.get(name)
    batch = _batch_factor(name, known)
    return ModelPrice(
        id=name,
        provider=known.provider if known else _provider(name),
        standard=standard,
        source=SOURCE,
        as_of=own.set_on,
        batch=None if batch is None else standard.times(batch),
        tier_tokens=given.tier,
        long_standard=long,
        long_batch=long.times(batch) if long and batch is not None else None,
        retires_on=known.retires_on if known else None,
        kind="your price",
        set_by=own.set_by,
    )


def _batch_factor(name: str, known: ModelPrice | None) -> Decimal | None:
    """Return what share of its price a model charges for batches; None where it is not known to charge less."""
    if known is not None and known.standard.input:
        return known.batch.input / known.standard.input if known.batch else None
    return BATCH_FACTOR if name.startswith(_DISCOUNTING) else None


def _long_rates(given: ModelRatesInput, standard: Rates) -> Rates | None:
    """Return the rates above the tier; the cache's rise as the input's do."""
    if given.i_hi is None or given.o_hi is None:
        return None
    rise = given.i_hi / given.i if given.i else Decimal(1)
    return Rates(given.i_hi, given.o_hi, standard.cache_read * rise, standard.cache_write * rise)


def _provider(name: str) -> str:
    return "anthropic" if name.startswith("claude") else "yours"


def _gpu_price(own: OwnPrice, given: GpuInput, book: PriceBook) -> GpuPrice:
    known = book.gpus.get(own.name)
    size = _sizes(own.name, given, known)
    return GpuPrice(
        name=own.name,
        usd_per_hour=Band(exact(given.lo or given.usd), exact(given.usd), exact(given.hi or given.usd)),
        memory_bytes=size["mem"],
        flops=size["flops"],
        bandwidth=size["bw"],
        source=SOURCE,
        as_of=own.set_on,
        kind="your price",
        set_by=own.set_by,
    )


def _sizes(name: str, given: GpuInput, known: GpuPrice | None) -> Mapping[str, float]:
    """Return memory, FLOP/s and bandwidth, from the book where they are not given."""
    found = {
        "mem": given.mem or (known.memory_bytes if known else None),
        "flops": given.flops or (known.flops if known else None),
        "bw": given.bw or (known.bandwidth if known else None),
    }
    absent = [key for key, value in found.items() if value is None]
    if absent:
        raise UserError(f"GPU {name!r} is not in the price book. Add {', '.join(absent)} to it under gpus.")
    return {key: value for key, value in found.items() if value is not None}
