"""Prices of API models and of GPUs as values, and the book in which they are looked up."""

import datetime as dt
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

from agents.costs.calibration_records import Calibrations
from agents.costs.figures import Band
from agents.errors import UserError, quoted

# Where a price is from: a public list, or the people who pay it.
PriceKind = Literal["published", "your price"]


class PriceMissingError(UserError):
    """A model or a GPU that the price book does not hold."""


class PriceSourceError(UserError):
    """A list of prices that could not be fetched, or that is none."""


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
    tokens included, the whole request is charged at the `long_` rates. `notice` is a sentence for whoever relies on
    the price, such as that it is the last one known; `set_by` names who gave a price of one's own.
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
    kind: PriceKind = "published"
    notice: str = ""
    set_by: str = ""

    @property
    def is_claude(self) -> bool:
        """Whether the model counts tokens with one of Anthropic's tokenisers."""
        return self.provider == "anthropic"

    def is_retired(self, today: dt.date) -> bool:
        """Return whether the model has left its API."""
        return self.retires_on is not None and self.retires_on <= today


@dataclass(frozen=True, slots=True)
class GpuPrice:
    """A kind of GPU: what an hour costs and what it can do (dense bf16 FLOP/s, bytes, bytes/s).

    `notice` and `set_by` are those of a `ModelPrice`.
    """

    name: str
    usd_per_hour: Band
    memory_bytes: float
    flops: float
    bandwidth: float
    source: str
    as_of: dt.date
    kind: PriceKind = "published"
    notice: str = ""
    set_by: str = ""


# Open models that others host, each with every provider's price.
HostedModels = Mapping[str, tuple[ModelPrice, ...]]


def _empty_hosted() -> HostedModels:
    return MappingProxyType({})


def _empty_models() -> Mapping[str, ModelPrice]:
    return MappingProxyType({})


def _empty_gpus() -> Mapping[str, GpuPrice]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PriceList:
    """What one public source of prices says; every price carries the source's name and the day."""

    source: str
    version: str
    models: Mapping[str, ModelPrice] = field(default_factory=_empty_models)
    gpus: Mapping[str, GpuPrice] = field(default_factory=_empty_gpus)


@dataclass(frozen=True, slots=True)
class PriceBook:
    """All that is known on one day: prices, and throughput that was measured.

    `warnings` are sentences for people that hold for the book as a whole.
    """

    as_of: dt.date
    models: Mapping[str, ModelPrice] = field(default_factory=_empty_models)
    gpus: Mapping[str, GpuPrice] = field(default_factory=_empty_gpus)
    warnings: tuple[str, ...] = ()
    calibrations: Calibrations = Calibrations()  # noqa: RUF009  # a frozen value without state
    hosted: HostedModels = field(default_factory=_empty_hosted)

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
            f"No price for model {quoted(name)}. {_nearest(key, self.models)}"
            f"To add it, write `/cairn prices set {_one_word(name)} in=2 out=10` in Slack or "
            f"`cairn prices set {_one_word(name)} in=2 out=10` in a shell, in USD per million tokens; or give its "
            "rates in the cost file under prices_usd_per_mtok, for example {i: 2, o: 10}."
        )

    def nearest_model(self, name: str) -> str | None:
        """Return the model whose name is most like this one; None where none is."""
        return next(iter(difflib.get_close_matches(name.strip().lower(), list(self.models), n=1, cutoff=0.8)), None)

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
            f"No price for GPU {quoted(name)}. {_nearest(name, self.gpus)}"
            f"To add it, write `/cairn prices set {_one_word(name)} hour=2.50 memory_gb=80 tflops=400 gb_per_s=2000` "
            "in Slack, or the same after `cairn` in a shell; or give it in the cost file under gpus with usd, mem "
            "(bytes), flops and bw (bytes per second)."
        )


def _folded(name: str) -> str:
    """Return a GPU's name without the case, the blanks and the words that vendors add."""
    letters = name.lower().replace("nvidia", "").replace("sxm", "").replace("gb", "")
    return _letters(letters)


def _one_word(name: str) -> str:
    return "-".join(name.split()) or "NAME"


def _letters(name: str) -> str:
    return "".join(character for character in name if character.isalnum())


def _nearest(name: str, known: Mapping[str, object], limit: int = 7) -> str:
    """Return a sentence with the closest known names, or with the first of the book."""
    names = {key.lower(): key for key in known}
    close = difflib.get_close_matches(name.lower(), list(names), n=limit, cutoff=0.5)
    listed = [names[key] for key in close] or list(known)[:limit]
    return f"Known: {', '.join(listed)}. " if listed else ""
