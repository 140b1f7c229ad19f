"""Price books for tests: fixed rates that no release of a price list changes."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

from agents.costs.figures import Band, exact
from agents.costs.prices.book import GpuPrice, ModelPrice, PriceBook, Rates

TODAY = dt.date(2026, 11, 23)

HALF = Decimal("0.5")

# input, output, cache read, cache write: USD per million tokens
MODELS = {
    "claude-opus-5-5": (4, 20, 0.2, 5),
    "claude-sonnet-5-5": (2, 10, 0.1, 2.5),
    "claude-haiku-5-5": (0.1, 0.5, 0.01, 0.125),
    "gpt-4o": (2.5, 10, 1.25, 2.5),
    "gpt-4": (30, 60, 30, 30),
    "text-embedding-3-small": (0.02, 0, 0.02, 0.02),
}
RETIRES = {"gpt-4o": dt.date(2027, 1, 14), "gpt-4": dt.date(2026, 10, 23)}

# low, base, high USD per hour; memory bytes; FLOP/s; bytes/s
GPUS = {
    "A100-80": (1.39, 1.79, 3.43, 80 * 2**30, 312e12, 2.039e12),
    "H100-80": (2.69, 3.99, 6.88, 80 * 2**30, 989e12, 3.35e12),
    "H200-141": (3.39, 4.59, 10.44, 141e9, 989e12, 4.8e12),
    "L40S-48": (0.79, 1.09, 1.55, 48 * 2**30, 362e12, 0.864e12),
}


def make_model(name: str, *, tier: int | None = None) -> ModelPrice:
    """Return a model's price; with a tier, long prompts cost five times as much."""
    standard = Rates(*(exact(rate) for rate in MODELS[name]))
    long = standard.times(Decimal(5)) if tier else None
    return ModelPrice(
        id=name,
        provider="anthropic" if name.startswith("claude") else "openai",
        standard=standard,
        source="test list",
        as_of=TODAY,
        batch=standard.times(HALF),
        tier_tokens=tier,
        long_standard=long,
        long_batch=long.times(HALF) if long else None,
        retires_on=RETIRES.get(name),
    )


def make_gpu(name: str) -> GpuPrice:
    low, base, high, memory, flops, bandwidth = GPUS[name]
    return GpuPrice(
        name=name,
        usd_per_hour=Band(exact(low), exact(base), exact(high)),
        memory_bytes=memory,
        flops=flops,
        bandwidth=bandwidth,
        source="test list",
        as_of=TODAY,
    )


def make_book() -> PriceBook:
    models = {name: make_model(name, tier=100_000 if "haiku" in name else None) for name in MODELS}
    gpus = {name: make_gpu(name) for name in GPUS}
    return PriceBook(as_of=TODAY, models=MappingProxyType(models), gpus=MappingProxyType(gpus))


# Open models at their hosts: input and output in USD per million tokens.
HOSTS = {
    "llama-3.1-8b": {"cheap": (0.02, 0.05), "usual": (0.1, 0.1), "dear": (0.2, 0.4)},
    "llama-3.1-70b": {"cheap": (0.3, 0.4), "dear": (0.8, 0.9)},
}


def make_host(model: str, host: str) -> ModelPrice:
    """Return the price of an open model at one host, which has neither cache nor batches."""
    tokens_in, tokens_out = (exact(rate) for rate in HOSTS[model][host])
    rates = Rates(tokens_in, tokens_out, tokens_in, tokens_in)
    return ModelPrice(id=f"{host}/{model}", provider=host, standard=rates, source=f"{host}'s list", as_of=TODAY)


def make_hosted_book() -> PriceBook:
    """Return the test book with open models that others host."""
    hosted = {model: tuple(make_host(model, host) for host in hosts) for model, hosts in HOSTS.items()}
    return replace(make_book(), hosted=MappingProxyType(hosted))
