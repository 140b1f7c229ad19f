"""Prices as every face shows them: which ones, how old, from where, and how the lists stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from agents.costs.inputs import LARGE_MODEL, SMALL_MODEL, TEACHER
from agents.costs.prices.book import GpuPrice, ModelPrice, PriceBook
from agents.costs.prices.typed import price_text
from agents.costs.prices.warnings import is_stale, price_warnings
from agents.costs.scenario import REFERENCE_MODELS
from agents.services.prices import PricesView

# What comparisons name unless somebody names others.
USUAL: Final = (TEACHER, LARGE_MODEL, SMALL_MODEL, "gpt-6.1-sol", "gpt-6-luna", *REFERENCE_MODELS)


@dataclass(frozen=True, slots=True)
class SourceLine:
    """How a list of prices stands, in words."""

    name: str
    text: str
    is_faulty: bool = False


def shown_models(view: PricesView) -> tuple[ModelPrice, ...]:
    """Return the usual models and those with a price of the team's own."""
    names = dict.fromkeys((*USUAL, *(row.name for row in view.own if row.kind == "model")))
    return tuple(view.book.models[name] for name in names if name in view.book.models)


def view_document(view: PricesView, *, is_all: bool = False) -> dict[str, Any]:
    """Return the prices as plain JSON; of the models the usual ones, or all."""
    models = tuple(view.book.models.values()) if is_all else shown_models(view)
    gpus = tuple(view.book.gpus.values())
    return {
        "as_of": view.book.as_of.isoformat(),
        "models": [_shown(price, view.book) for price in models],
        "gpus": [_shown(price, view.book) for price in gpus],
        "sources": [
            {
                "name": each.name,
                "tried_at": each.tried_at.isoformat(),
                "fetched_at": each.fetched_at.isoformat() if each.fetched_at else None,
                "version": each.version,
                "error": each.error,
            }
            for each in view.sources
        ],
        "warnings": list(warnings_of(view)),
    }


def warnings_of(view: PricesView) -> tuple[str, ...]:
    """Return what must be known of the prices shown: which are old, which are the last known."""
    return price_warnings(view.book, shown_models(view), tuple(view.book.gpus.values()))


def source_lines(view: PricesView) -> tuple[SourceLine, ...]:
    """Return how each list stands; one that was never fetched says that its shipped copy is in use."""
    if not view.sources:
        return (SourceLine("Public lists", "as shipped with Cairn, not fetched here yet"),)
    lines = []
    for each in view.sources:
        kept = f"fetched {each.fetched_at:%Y-%m-%d %H:%M} UTC" if each.fetched_at else "not fetched yet"
        text = f"{kept}, by version {each.version}" if each.version else kept
        if each.error:
            text += f". The try of {each.tried_at:%Y-%m-%d %H:%M} UTC brought nothing: {each.error}"
        lines.append(SourceLine(each.name, text, is_faulty=bool(each.error)))
    return tuple(lines)


def price_document(price: ModelPrice | GpuPrice) -> dict[str, Any]:
    """Return a price as plain JSON: amounts in USD per million tokens, or per GPU hour."""
    origin = {
        "text": price_text(price),
        "source": price.source,
        "as_of": price.as_of.isoformat(),
        "kind": price.kind,
        "set_by": price.set_by or None,
        "notice": price.notice,
    }
    if isinstance(price, GpuPrice):
        band = price.usd_per_hour
        hour = {"low": float(band.low), "base": float(band.base), "high": float(band.high)}
        sizes = {"memory_bytes": price.memory_bytes, "flops": price.flops, "bandwidth": price.bandwidth}
        return {"name": price.name, "usd_per_hour": hour, **sizes, **origin}
    rates, batch = price.standard, price.batch
    return {
        "name": price.id,
        "provider": price.provider,
        "input": float(rates.input),
        "output": float(rates.output),
        "cache_read": float(rates.cache_read),
        "cache_write": float(rates.cache_write),
        "batch_input": float(batch.input) if batch else None,
        "batch_output": float(batch.output) if batch else None,
        "tier_tokens": price.tier_tokens,
        "long_input": float(price.long_standard.input) if price.long_standard else None,
        "long_output": float(price.long_standard.output) if price.long_standard else None,
        "retires_on": price.retires_on.isoformat() if price.retires_on else None,
        **origin,
    }


def own_text(price: Mapping[str, Any]) -> str:
    """Return a kept price in short, whether somebody typed it or a list had it."""
    if "usd" in price:
        around = f" ({price.get('lo', price['usd']):g} to {price.get('hi', price['usd']):g})"
        return f"${price['usd']:g} per GPU hour" + (around if "lo" in price or "hi" in price else "")
    if "usd_per_hour" in price:
        low, base, high = price["usd_per_hour"]
        return f"${base} per GPU hour ({low} to {high})"
    if "standard" in price:
        tokens_in, tokens_out, *_ = price["standard"]
        return f"in ${tokens_in}, out ${tokens_out} per M tokens"
    return f"in ${price['i']:g}, out ${price['o']:g} per M tokens"


def _shown(price: ModelPrice | GpuPrice, book: PriceBook) -> dict[str, Any]:
    return {**price_document(price), "is_stale": is_stale(price, book.as_of)}
