"""What people type into a field of the cost form, read as figures; each reader takes the text and a good example.

Every reader raises UserError where it cannot read a text; the error shows the example.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from agents.decision.quantities import parse_number, parse_requests_per_day, parse_tokens, whole
from agents.errors import UserError

_FOREIGN: Final = re.compile(r"[€£¥₹₽]|\b(?:eur|euros?|gbp|pounds?|chf|jpy|yen|inr|cny)\b", re.IGNORECASE)

Reader = Callable[[str, str], Any]
DAYS: Final = MappingProxyType({"": 1.0, "day": 1.0, "d": 1.0, "week": 5.0, "month": 21.0})
SECONDS: Final = MappingProxyType(
    {"": 1, "s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600}
)
MONTHS: Final = MappingProxyType({"": 1, "month": 1, "mo": 1, "year": 12, "yr": 12, "y": 12})


def volume(text: str, example: str) -> int:
    """Return requests per day; less than one is refused."""
    per_day = parse_requests_per_day(text, example=example)
    if per_day == 0:
        raise UserError(
            f"{text.strip()!r} is less than one request a day, so there is nothing to price. For example: {example}"
        )
    return per_day


def tokens(text: str, example: str) -> int:
    """Return tokens."""
    return parse_tokens(text, example=example)


def count(text: str, example: str) -> int:
    """Return a whole number."""
    value, rest = parse_number(text, example=example)
    _no_unit(rest, text, example)
    if value != int(value):
        raise UserError(f"{text.strip()!r} is no whole number. For example: {example}")
    return whole(value, text, example=example)


def number(text: str, example: str) -> float:
    """Return a number."""
    value, rest = parse_number(text, example=example)
    # "3x" and "3 times" say what the field means anyway.
    _no_unit(re.sub(r"^(x|times)\b", "", rest).strip(), text, example)
    return value


def usd(text: str, example: str) -> float:
    """Return dollars, also "$2.50 an hour"."""
    if foreign := _FOREIGN.search(text):
        raise UserError(
            f"{text.strip()!r} is in {foreign.group()}, and prices are in US dollars. Write, for example: {example}"
        )
    value, rest = parse_number(re.sub(r"\$|\busd\b|\bdollars?\b", " ", text, flags=re.IGNORECASE), example=example)
    _no_unit(re.sub(r"^(an?|per|/)\s*(gpu[\s-]*)?(hour|h|month|day)\b", "", rest).strip(), text, example)
    return value


def share(text: str, example: str) -> float:
    """Return a share of 0 to 1, from "70%" as well."""
    value, rest = parse_number(text, example=example)
    if rest.startswith(("%", "percent")):
        return value / 100
    _no_unit(rest, text, example)
    if value > 1:
        raise UserError(
            f"{text.strip()!r} is no share: write {value:g}% or a number from 0 to 1. For example: {example}"
        )
    return value


def of_units(units: Mapping[str, float]) -> Reader:
    """Return what reads an amount in one of a few units; the empty one is that of a bare number."""

    def read(text: str, example: str) -> float:
        value, rest = parse_number(text, example=example)
        word = rest.strip(" .")
        factor = units.get(word, units.get(word.removesuffix("s")))
        if factor is None:
            raise UserError(f"I do not know the unit {word!r} in {text.strip()!r}. For example: {example}")
        return value * factor

    return read


def name(text: str, _example: str) -> str:
    """Return the text."""
    return text.strip()


def names(text: str, example: str) -> list[str]:
    """Return names separated by commas, semicolons or lines, each once.

    Raises:
        UserError: There is none.
    """
    found = list(dict.fromkeys(part.strip() for part in re.split(r"[,;\n]", text) if part.strip()))
    if not found:
        raise UserError(f"There is no name in {text.strip()!r}. For example: {example}")
    return found


def one_of(**words: Any) -> Reader:
    """Return what reads one of a few words; an underscore stands for a blank or a dash."""

    def read(text: str, _example: str) -> Any:
        word = re.sub(r"[\s-]+", "_", text.strip().lower())
        if word not in words:
            known = ", ".join(each.replace("_", " ") for each in words)
            raise UserError(f"{text.strip()!r} is none of: {known}.")
        return words[word]

    return read


def _no_unit(rest: str, text: str, example: str) -> None:
    if rest.strip(" ."):
        raise UserError(f"I do not know what {rest!r} means in {text.strip()!r}. For example: {example}")
