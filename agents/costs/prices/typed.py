"""Prices as people type them, such as "claude-sonnet-5-5 in=1.80 out=9" and "H100-80 hour=2.10 low=1.90"."""

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from agents.costs.inputs import GpuInput, ModelRatesInput
from agents.costs.prices.book import GpuPrice, ModelPrice, Rates
from agents.errors import UserError

HOW_MODEL: Final = "Write `prices set claude-sonnet-5-5 in=1.80 out=9`: USD per million tokens."
HOW_GPU: Final = "Write `prices set H100-80 hour=2.10 low=1.90 high=2.50`: USD per GPU hour."
HOW: Final = f"{HOW_MODEL} For a GPU: `prices set H100-80 hour=2.10`, USD per GPU hour."

_MODEL_KEYS = MappingProxyType(
    {
        **dict.fromkeys(("in", "input", "i"), "i"),
        **dict.fromkeys(("out", "output", "o"), "o"),
        **dict.fromkeys(("cache_read", "cached", "cr"), "cr"),
        **dict.fromkeys(("cache_write", "cw"), "cw"),
        "tier": "tier",
        **dict.fromkeys(("in_long", "i_hi"), "i_hi"),
        **dict.fromkeys(("out_long", "o_hi"), "o_hi"),
    }
)
_GPU_KEYS = MappingProxyType(
    {
        **dict.fromkeys(("hour", "usd", "usd_per_hour"), "usd"),
        **dict.fromkeys(("low", "lo"), "lo"),
        **dict.fromkeys(("high", "hi"), "hi"),
        "memory_gb": "mem",
        "memory_gib": "mem",
        "tflops": "flops",
        "gb_per_s": "bw",
    }
)
_SCALE = MappingProxyType({"memory_gb": 1e9, "memory_gib": float(2**30), "tflops": 1e12, "gb_per_s": 1e9})
# Outside of these a price was typed in another unit; the dearest model ever listed asks 600 per million tokens.
_LEAST_PER_MILLION, _MOST_PER_MILLION = Decimal("0.0001"), Decimal(10_000)
_LEAST_PER_HOUR, _MOST_PER_HOUR = Decimal("0.01"), Decimal(1_000)
_MOST_SIZE = Decimal(1_000_000)
_NUMBER = re.compile(r"\$?\s*(?P<number>\d[\d.,']*|[.,]\d+)(?P<unit>.*)", re.DOTALL)
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
_PER_MILLION = frozenset({"", "m", "mtok", "1m", "million", "mtokens"})
_PER_HOUR = frozenset({"", "h", "hr", "hour", "gpuh", "gpu-h", "gpu-hour"})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:/+-]{0,79}")


class PriceTypoError(UserError):
    """A price that cannot be read or meant.

    Attributes:
        reason: What is wrong, without how to write it.
        key: Which part is wrong, as it was typed; None where it is the whole.
    """

    def __init__(self, reason: str, how: str = "", key: str | None = None) -> None:
        super().__init__(f"{reason} {how}".strip())
        self.reason = reason
        self.key = key


def read_price(text: str) -> tuple[str, ModelRatesInput | GpuInput]:
    """Return the name and the price that somebody typed.

    Raises:
        UserError: It cannot be read, or is in another unit; the text says what can.
    """
    name, given = _parts(text)
    known = {**_MODEL_KEYS, **_GPU_KEYS}
    unknown = [key for key in given if key not in known]
    if unknown:
        raise PriceTypoError(f"A price has no {unknown[0]!r}.", HOW)
    of_gpu = [key for key in given if key in _GPU_KEYS]
    if of_gpu and len(of_gpu) < len(given):
        other = next(key for key in given if key not in of_gpu)
        raise PriceTypoError(f"{other!r} belongs to a model and {of_gpu[0]!r} to a GPU: give one of the two.", HOW)
    return (name, gpu_price(given)) if of_gpu else (name, model_price(given))


def model_price(given: Mapping[str, str]) -> ModelRatesInput:
    """Return a model's rates by what was typed for each of them.

    Raises:
        UserError: One is missing, cannot be read or cannot be meant.
    """
    rates: dict[str, Decimal | int] = {}
    for key, text in given.items():
        name = _MODEL_KEYS[key]
        rates[name] = _tokens(key, text) if name == "tier" else _per_million(key, text, may_be_zero=name == "o")
    if "i" not in rates or "o" not in rates:
        absent = _absent(rates)
        raise PriceTypoError(f"A model has a price for input and one for output; {absent} is missing.", HOW_MODEL)
    _check_cache(rates)
    try:
        return ModelRatesInput(**rates)  # type: ignore[arg-type]  # keys and kinds are those of _MODEL_KEYS
    except ValueError as cause:
        raise PriceTypoError("tier, in_long and out_long belong together: give all three or none.") from cause


def gpu_price(given: Mapping[str, str]) -> GpuInput:
    """Return a GPU's price by what was typed for each part of it.

    Raises:
        UserError: One is missing, cannot be read or cannot be meant.
    """
    parts: dict[str, Decimal | float] = {}
    for key, text in given.items():
        parts[_GPU_KEYS[key]] = float(_size(key, text)) * _SCALE[key] if key in _SCALE else _per_hour(key, text)
    if "usd" not in parts:
        raise PriceTypoError("The price of an hour is missing.", HOW_GPU)
    usd = parts["usd"]
    for key, name, fits in (("lo", "low", parts.get("lo", usd) <= usd), ("hi", "high", usd <= parts.get("hi", usd))):
        if not fits:
            reason = f"{name}={parts[key]} is {'above' if key == 'lo' else 'below'} hour={usd}."
            raise PriceTypoError(reason, HOW_GPU, name)
    return GpuInput(**parts)  # type: ignore[arg-type]  # keys and kinds are those of _GPU_KEYS


def completed(given: ModelRatesInput, known: ModelPrice | None) -> tuple[ModelRatesInput, tuple[str, ...]]:
    """Return the rates with those that were not typed as the list's share of what was, and a remark on each.

    Somebody who pays less than the list pays less for cached tokens and long prompts too.
    """
    if known is None or not known.standard.input or not known.standard.output:
        return given, ()
    listed, more, remarks = known.standard, dict[str, Decimal | int](), []
    if given.cr is None and listed.cache_read != listed.input:
        more["cr"] = _share(listed.cache_read, listed, given.i)
        remarks.append(f"cache_read={more['cr']:f}")
    if given.cw is None and listed.cache_write != listed.input:
        more["cw"] = _share(listed.cache_write, listed, given.i)
        remarks.append(f"cache_write={more['cw']:f}")
    if given.tier is None and known.tier_tokens is not None and known.long_standard is not None:
        long = known.long_standard
        more |= {
            "tier": known.tier_tokens,
            "i_hi": _share(long.input, listed, given.i),
            "o_hi": ((long.output / listed.output) * given.o).normalize(),
        }
        remarks.append(f"tier={known.tier_tokens} in_long={more['i_hi']:f} out_long={more['o_hi']:f}")
    return given.model_copy(update=more), tuple(remarks)


def stored(price: ModelRatesInput | GpuInput) -> dict[str, float | int]:
    """Return a price as plain JSON, with the keys of a cost file."""
    found = price.model_dump(exclude_none=True)
    return {key: value if isinstance(value, int) else float(value) for key, value in found.items()}


def _parts(text: str) -> tuple[str, dict[str, str]]:
    words = text.split()
    name: list[str] = []
    while words and "=" not in words[0]:
        name.append(words.pop(0))
    if not name:
        raise PriceTypoError("Name a model or a GPU.", HOW)
    if not _NAME.fullmatch(" ".join(name)):
        raise PriceTypoError(f"{' '.join(name)!r} cannot be the name of a model or a GPU.", HOW)
    if not words:
        raise PriceTypoError(f"No price is given for {' '.join(name)!r}.", HOW)
    given: dict[str, str] = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not sign or not value:
            raise PriceTypoError(f"{word!r} cannot be read: write each price as KEY=AMOUNT, without blanks.", HOW)
        if key.lower() in given:
            raise PriceTypoError(f"{key!r} is given twice.", HOW)
        given[key.lower()] = value
    return " ".join(name), given


def _absent(rates: Mapping[str, object]) -> str:
    return " and ".join(name for key, name in (("i", "in"), ("o", "out")) if key not in rates)


def _check_cache(rates: Mapping[str, Decimal | int]) -> None:
    read = rates.get("cr")
    if read is not None and read > rates["i"]:
        reason = f"cache_read={read} is above in={rates['i']}, but a token read from the cache is never dearer."
        raise PriceTypoError(reason, key="cache_read")


def _share(part: Decimal, listed: Rates, given: Decimal) -> Decimal:
    return (part / listed.input * given).quantize(Decimal("0.000001")).normalize()


def _per_million(key: str, text: str, *, may_be_zero: bool) -> Decimal:
    amount = _amount(key, text, _PER_MILLION, "USD per million tokens", HOW_MODEL)
    if amount == 0 and may_be_zero:
        return amount
    if not _LEAST_PER_MILLION <= amount <= _MOST_PER_MILLION:
        hint = " Per token it would be a millionth of that." if 0 < amount < _LEAST_PER_MILLION else ""
        reason = (
            f"{key}={text} cannot be a price in USD per million tokens: it must lie between {_LEAST_PER_MILLION} and "
            f"{_MOST_PER_MILLION:,}.{hint}"
        )
        raise PriceTypoError(reason, HOW_MODEL, key)
    return amount


def _per_hour(key: str, text: str) -> Decimal:
    amount = _amount(key, text, _PER_HOUR, "USD per GPU hour", HOW_GPU)
    if not _LEAST_PER_HOUR <= amount <= _MOST_PER_HOUR:
        reason = (
            f"{key}={text} cannot be a price in USD per GPU hour: it must lie between {_LEAST_PER_HOUR} and "
            f"{_MOST_PER_HOUR:,}. A month has 730 hours."
        )
        raise PriceTypoError(reason, HOW_GPU, key)
    return amount


def _size(key: str, text: str) -> Decimal:
    amount = _amount(key, text, frozenset({""}), "a plain number", HOW_GPU)
    if not 0 < amount <= _MOST_SIZE:
        raise PriceTypoError(f"{key}={text} cannot be: it must be above 0 and at most {_MOST_SIZE:,}.", key=key)
    return amount


def _tokens(key: str, text: str) -> int:
    amount = _amount(key, text, frozenset({""}), "a number of tokens", HOW_MODEL)
    if amount != int(amount) or not 1 <= amount <= 10_000_000:
        raise PriceTypoError(f"{key}={text} cannot be: it is a whole number of tokens from 1 to 10,000,000.", key=key)
    return int(amount)


def _amount(key: str, text: str, units: frozenset[str], unit: str, how: str) -> Decimal:
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise PriceTypoError(f"{key}={text} is no amount above zero: give {unit}.", how, key)
    said = match["unit"].strip().lower().removeprefix("usd").removeprefix("$").removeprefix("/").removeprefix("per")
    if said.strip() not in units:
        raise PriceTypoError(f"{key}={text} is in another unit: give {unit}.", how, key)
    digits = match["number"]
    if _THOUSANDS.fullmatch(digits) and ("." in digits or digits.count(",") > 1):
        digits = digits.replace(",", "")
    elif re.fullmatch(r"\d*,\d{1,2}|0,\d+", digits):
        digits = digits.replace(",", ".")
    if not re.fullmatch(r"\d+(\.\d+)?|\.\d+", digits):
        raise PriceTypoError(f"{key}={text} can be read in two ways: write it like 2.5 or 2500.", how, key)
    return Decimal(digits)


def price_text(price: ModelPrice | GpuPrice) -> str:
    """Return a price with its unit, such as "in $2.00, out $10.00, cache read $0.20 per M tokens"."""
    if isinstance(price, GpuPrice):
        return f"{hour_text(price)} per GPU hour"
    rates = price.standard
    amounts = (("in", rates.input), ("out", rates.output), ("cache read", rates.cache_read))
    text = ", ".join(f"{name} {usd_text(amount)}" for name, amount in amounts)
    if price.tier_tokens is not None and price.long_standard is not None:
        long = price.long_standard
        text += f" (above {price.tier_tokens:,} prompt tokens in {usd_text(long.input)}, out {usd_text(long.output)})"
    return f"{text} per M tokens"


def hour_text(price: GpuPrice) -> str:
    """Return what an hour of a GPU costs, with its range where it has one."""
    band = price.usd_per_hour
    around = f" ({usd_text(band.low)} to {usd_text(band.high)})" if band.low != band.high else ""
    return f"{usd_text(band.base)}{around}"


def usd_text(amount: Decimal) -> str:
    """Return an amount with two digits after the point, and more only where they say something."""
    short = f"{amount.normalize():f}"
    return f"${amount:.2f}" if len(short.partition(".")[2]) <= 2 else f"${short}"
