"""Which figures a text holds, in several ways of writing them, and whether each can be traced to a source.

Kept apart from what guards figures in the product, so that a mistake there is not made here again.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

_MULTIPLIERS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("k", "tsd", "tys", "thousand", "tausend", "mille", "mil", "tysięcy", "千"), 10**3),
    "万": 10**4,
    **dict.fromkeys(("m", "mio", "mln", "million", "millions", "millionen", "millones", "millón"), 10**6),
    "億": 10**8,
    **dict.fromkeys(("b", "bn", "billion"), 10**9),
}
# Names of models, rules and people hold digits that are no figures; a currency before a figure is no such name.
_CURRENCY: Final = re.compile(r"(?:USD|EUR|US)(?=\s?[$\d])", re.IGNORECASE)
_LETTER: Final = "A-Za-zÀ-ž_"
_NAME: Final = re.compile(rf"(?<![{_LETTER}0-9])[{_LETTER}][{_LETTER}0-9]*(?:[-.][{_LETTER}0-9]+)*")
_ENUMERATION: Final = re.compile(r"(?m)^\s*\d{1,2}[.)]\s")
_SUFFIXES: Final = "|".join(sorted((re.escape(each) for each in _MULTIPLIERS), key=len, reverse=True))
_FIGURE: Final = re.compile(
    r"(?P<digits>\d{1,3}(?:[ .,'’_]\d{3})+(?:[.,]\d+)?(?!\d)|\d+(?:[.,]\d+)?)"  # noqa: RUF001  # Swiss thousands
    rf"(?:[ -]?(?P<suffix>{_SUFFIXES})(?![a-zà-ž]))?\s?(?P<percent>%)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a figure; `slack` is how far rounding may have moved it."""

    value: Decimal
    slack: Decimal


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as it was written, with every way to read it."""

    written: str
    readings: tuple[Reading, ...]
    is_percent: bool


def figures(text: str) -> Iterator[Figure]:
    """Yield the figures of a text."""
    plain = unicodedata.normalize("NFKC", text)
    plain = _ENUMERATION.sub(" ", _NAME.sub(_without_digits, _CURRENCY.sub(" ", plain)))
    for match in _FIGURE.finditer(plain):
        factor = Decimal(_MULTIPLIERS.get((match["suffix"] or "").lower(), 1))
        # "5 m" may be metres.
        factors = {Decimal(1), factor} if (match["suffix"] or "").lower() in ("m", "b") else {factor}
        readings = [
            Reading(each.value * by, each.slack * by) for each in _readings(match["digits"]) for by in sorted(factors)
        ]
        yield Figure(match.group().strip(), tuple(readings), bool(match["percent"]))


def values(text: str) -> Set[Decimal]:
    """Return every value that a figure of the text may mean."""
    return {reading.value for figure in figures(text) for reading in figure.readings}


def untraceable(text: str, allowed: Set[Decimal]) -> list[str]:
    """Return the figures of a text that are none of the allowed values, nor one of them rounded."""
    return [figure.written for figure in figures(text) if not _is_traceable(figure, allowed)]


def _without_digits(name: re.Match[str]) -> str:
    return " " if any(character.isdigit() for character in name.group()) else name.group()


def _is_traceable(figure: Figure, allowed: Set[Decimal]) -> bool:
    if figure.written == "1":
        # An article in many languages.
        return True
    scales = (1, 100) if figure.is_percent else (1,)
    return any(
        abs(value * scale - reading.value) <= reading.slack
        for reading in figure.readings
        for value in allowed
        for scale in scales
    )


def _readings(digits: str) -> Iterator[Reading]:
    separators = [character for character in digits if not character.isdigit()]
    if not separators:
        yield _reading(digits, "")
        return
    last = separators[-1]
    whole, part = digits.rsplit(last, 1)
    plain = re.sub(r"\D", "", whole)
    if last in ".," and (len(set(separators)) > 1 or len(separators) == 1):
        yield _reading(plain, part)
    if len(part) == 3:
        yield _reading(plain + part, "")


def _reading(whole: str, part: str) -> Reading:
    value = Decimal(f"{whole}.{part or 0}")
    zeros = 0 if part else len(whole) - len(whole.rstrip("0"))
    significant = len((whole + part).lstrip("0")) - zeros
    unit = Decimal(10) ** (zeros - len(part))
    # A figure of one digit that is not exact tells too little to be anybody's.
    return Reading(value, unit / 2 if significant > 1 else Decimal(0))
