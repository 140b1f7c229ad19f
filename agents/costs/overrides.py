"""A person's own prices laid over the price book."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

from agents.costs.figures import Band, exact
from agents.costs.inputs import CostInputs, GpuInput, ModelRatesInput
from agents.costs.prices import GpuPrice, ModelPrice, PriceBook, Rates
from agents.errors import UserError

SOURCE = "your own price"
# What Anthropic and OpenAI take off for waiting up to 24 h.
BATCH_FACTOR = Decimal("0.5")


def with_overrides(book: PriceBook, inputs: CostInputs) -> PriceBook:
    """Return the book with the inputs' own prices in place of its own.

    Raises:
        UserError: An unknown GPU is given without its memory, FLOP/s or bandwidth.
    """
    if not inputs.prices_usd_per_mtok and not inputs.gpus:
        return book
    models = dict(book.models)
    for name, rates in inputs.prices_usd_per_mtok.items():
        key = name.strip().lower()
        models[key] = _model_price(key, rates, book)
    gpus: dict[str, GpuPrice] = dict(book.gpus)
    for name, given in inputs.gpus.items():
        gpus[name] = _gpu_price(name, given, book)
    return replace(book, models=MappingProxyType(models), gpus=MappingProxyType(gpus))


def _model_price(name: str, given: ModelRatesInput, book: PriceBook) -> ModelPrice:
    standard = Rates(
        input=given.i,
        output=given.o,
        cache_read=given.i if given.cr is None else given.cr,
        cache_write=given.i if given.cw is None else given.cw,
    )
    long = _long_rates(given, standard)
    known = book.models.get(name)
    return ModelPrice(
        id=name,
        provider=known.provider if known else _provider(name),
        standard=standard,
        source=SOURCE,
        as_of=book.as_of,
        batch=standard.times(BATCH_FACTOR),
        tier_tokens=given.tier,
        long_standard=long,
        long_batch=long.times(BATCH_FACTOR) if long else None,
        retires_on=known.retires_on if known else None,
    )


def _long_rates(given: ModelRatesInput, standard: Rates) -> Rates | None:
    """Return the rates above the tier; the cache's rise as the input's do."""
    if given.i_hi is None or given.o_hi is None:
        return None
    rise = given.i_hi / given.i if given.i else Decimal(1)
    return Rates(given.i_hi, given.o_hi, standard.cache_read * rise, standard.cache_write * rise)


def _provider(name: str) -> str:
    return "anthropic" if name.startswith("claude") else "yours"


def _gpu_price(name: str, given: GpuInput, book: PriceBook) -> GpuPrice:
    known = book.gpus.get(name)
    size = _sizes(name, given, known)
    return GpuPrice(
        name=name,
        usd_per_hour=Band(exact(given.lo or given.usd), exact(given.usd), exact(given.hi or given.usd)),
        memory_bytes=size["mem"],
        flops=size["flops"],
        bandwidth=size["bw"],
        source=SOURCE,
        as_of=book.as_of,
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
