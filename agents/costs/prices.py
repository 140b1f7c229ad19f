"""Prices of API models and of GPUs as values, and the book in which they are looked up."""

import datetime as dt
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

from agents.costs.figures import Band
from agents.errors import UserError


class PriceMissingError(UserError):
    """A model or a GPU that the price book does not hold."""


@dataclass(frozen=True, slots=True)
class Rates:
    """USD per million tokens of one model in one way of calling it."""

    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write: Decimal

    def times(self, factor: Decimal) -> "Rates":
        """Return all four rates scaled by one factor."""
        return Rates(self.input * factor, self.output * factor, self.cache_read * factor, self.cache_write * factor)


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """What an API model charges.

    `batch` is None where the provider gives no discount for waiting. Above `tier_tokens` of prompt, cached
    tokens included, the whole request is charged at the `long_` rates.
    """

    id: str
    provider: str
    standard: Rates
    source: str
    as_of: dt.date
    batch: Rates | None = None
    tier_tokens: int | None = None
    long_standard: Rates | None = None
    long_batch: Rates | None = None
    retires_on: dt.date | None = None

    @property
    def is_claude(self) -> bool:
        """Whether the model counts tokens with one of Anthropic's tokenisers."""
        return self.provider == "anthropic"

    def is_retired(self, today: dt.date) -> bool:
        """Return whether the model has left its API."""
        return self.retires_on is not None and self.retires_on <= today


@dataclass(frozen=True, slots=True)
class GpuPrice:
    """A kind of GPU: what an hour costs and what it can do (dense bf16 FLOP/s, bytes, bytes/s)."""

    name: str
    usd_per_hour: Band
    memory_bytes: float
    flops: float
    bandwidth: float
    source: str
    as_of: dt.date


def _empty_models() -> Mapping[str, ModelPrice]:
    return MappingProxyType({})


def _empty_gpus() -> Mapping[str, GpuPrice]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PriceBook:
    """All prices known on one day; `warnings` are sentences for people, such as about stale prices."""

    as_of: dt.date
    models: Mapping[str, ModelPrice] = field(default_factory=_empty_models)
    gpus: Mapping[str, GpuPrice] = field(default_factory=_empty_gpus)
    warnings: tuple[str, ...] = ()

    def model(self, name: str) -> ModelPrice:
        """Return the prices of an API model.

        Raises:
            PriceMissingError: The book has no such model.
        """
        key = name.strip().lower()
        if key in self.models:
            return self.models[key]
        # People write claude-sonnet-5.5 for claude-sonnet-5-5.
        spelled = [price for known, price in self.models.items() if _letters(known) == _letters(key)]
        if len(spelled) == 1:
            return spelled[0]
        raise PriceMissingError(
            f"No price for model {name!r}. {_nearest(key, self.models)}"
            "Add its rates under prices_usd_per_mtok, for example {i: 2, o: 10}."
        )

    def gpu(self, name: str) -> GpuPrice:
        """Return the price and size of a GPU; "H100" finds the only H100 in the book.

        Raises:
            PriceMissingError: The book has no such GPU, or more than one fits the name.
        """
        wanted = _folded(name)
        by_name = {_folded(key): gpu for key, gpu in self.gpus.items()}
        if wanted in by_name:
            return by_name[wanted]
        fitting = [gpu for key, gpu in by_name.items() if wanted and key.startswith(wanted)]
        if len(fitting) == 1:
            return fitting[0]
        raise PriceMissingError(
            f"No price for GPU {name!r}. {_nearest(name, self.gpus)}"
            "Add it under gpus with usd, mem (bytes), flops and bw (bytes per second)."
        )


def _folded(name: str) -> str:
    """Return a GPU's name without the case, the blanks and the words that vendors add."""
    letters = name.lower().replace("nvidia", "").replace("sxm", "").replace("gb", "")
    return _letters(letters)


def _letters(name: str) -> str:
    return "".join(character for character in name if character.isalnum())


def _nearest(name: str, known: Mapping[str, object], limit: int = 7) -> str:
    """Return a sentence with the closest known names, or with the first of the book."""
    names = {key.lower(): key for key in known}
    close = difflib.get_close_matches(name.lower(), list(names), n=limit, cutoff=0.5)
    listed = [names[key] for key in close] or list(known)[:limit]
    return f"Known: {', '.join(listed)}. " if listed else ""
