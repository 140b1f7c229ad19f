"""Numbers as people write them: "20k", "1,5 Mio", "2M a month", "40 pages"."""

import re
from typing import Final

from agents.decision.answers import CHARACTERS_PER_TOKEN, TOKENS_PER_PAGE, TOKENS_PER_WORD
from agents.errors import UserError

MAX_QUANTITY: Final = 1e15

# A blank or an apostrophe belongs to a number only before a group of three digits: "20 000", not "3 4".
_NUMBER: Final = re.compile(
    r"[-+−]?\d(?:[\d.,]|['’ \u00a0\u202f_](?=\d{3}(?!\d)))*"  # noqa: RUF001 - people paste typographic signs
)
_DAYS_PER_MONTH: Final = 365 / 12
_SCALES: Final = {
    "": 1.0,
    "k": 1e3, "thousand": 1e3, "tsd": 1e3, "tausend": 1e3,
    "m": 1e6, "mm": 1e6, "mio": 1e6, "mln": 1e6, "mn": 1e6, "million": 1e6, "millions": 1e6,
    "millionen": 1e6,
    "b": 1e9, "bn": 1e9, "billion": 1e9, "billions": 1e9, "mrd": 1e9,
}  # fmt: skip
_PER_DAY: Final = {
    "second": 86_400.0, "sec": 86_400.0, "s": 86_400.0,
    "minute": 1_440.0, "min": 1_440.0,
    "hour": 24.0, "hr": 24.0, "h": 24.0,
    "day": 1.0, "d": 1.0,
    "week": 1 / 7, "month": 1 / _DAYS_PER_MONTH, "mo": 1 / _DAYS_PER_MONTH, "year": 1 / 365, "yr": 1 / 365,
}  # fmt: skip
_PER: Final = re.compile(r"\b(?:a|an|per|each|every)\s+([a-z]+)|/\s*([a-z]+)|\b(daily|hourly|weekly|monthly|yearly)\b")
_TOKENS_PER_UNIT: Final = {
    "token": 1.0, "tok": 1.0,
    "page": float(TOKENS_PER_PAGE),
    "word": TOKENS_PER_WORD,
    "character": 1 / CHARACTERS_PER_TOKEN, "char": 1 / CHARACTERS_PER_TOKEN,
    "kb": 1e3 / CHARACTERS_PER_TOKEN, "mb": 1e6 / CHARACTERS_PER_TOKEN, "gb": 1e9 / CHARACTERS_PER_TOKEN,
}  # fmt: skip


def parse_number(text: str, *, example: str) -> tuple[float, str]:
    """Return the one number in a text, scaled by "k", "million" and the like, and the words after it.

    Args:
        text: What a person typed.
        example: A good answer, shown when this one cannot be understood.

    Raises:
        UserError: There is no number, more than one, or its digits can be read in two ways.
    """
    lowered = text.strip().lower()
    found = list(_NUMBER.finditer(lowered))
    if len(found) != 1:
        problem = "no number" if not found else "more than one number"
        raise UserError(f"I found {problem} in {_shown(text)}. Write one, for example: {example}")
    match = found[0]
    value = _digits(match.group(), text, example)
    rest = lowered[match.end() :].strip()
    word = re.match(r"[a-zµ%]*", rest)
    unit = word.group() if word else ""
    if unit in _SCALES and unit:
        value *= _SCALES[unit]
        rest = rest[len(unit) :].strip(" .")
    if abs(value) > MAX_QUANTITY:
        raise UserError(f"{_shown(text)} is larger than anything I can work with. For example: {example}")
    return value, rest


def parse_numbers(text: str, *, count: int, example: str) -> list[float]:
    """Return exactly `count` numbers separated by slashes, semicolons, arrows, commas or spaces.

    Raises:
        UserError: There are fewer or more, or one of them cannot be read.
    """
    for separator in (r"\s*(?:/|;|→|->|\||\n)\s*", r"\s*,\s+|\s+(?:to|and)\s+", r"\s+", r","):
        parts = [part for part in re.split(separator, text.strip()) if part]
        if len(parts) == count and all(re.search(r"\d", part) for part in parts):
            return [parse_number(part, example=example)[0] for part in parts]
    raise UserError(f"I need {count} numbers and could not find them in {_shown(text)}. For example: {example}")


def parse_requests_per_day(text: str, *, example: str) -> int:
    """Return requests per day from a rate such as "20k" or "2M a month".

    Raises:
        UserError: The text is not a rate.
    """
    value, rest = parse_number(text, example=example)
    factor = 1.0
    if period := _PER.search(rest):
        word = period.group(1) or period.group(2) or {"daily": "day"}.get(period.group(3), period.group(3)[:-2])
        known = _PER_DAY.get(word) or _PER_DAY.get(word.removesuffix("s"))
        if known is None:
            raise UserError(f"I do not know the period in {_shown(text)}. For example: {example}")
        factor = known
    return whole(value * factor, text, example=example)


def parse_tokens(text: str, *, example: str) -> int:
    """Return tokens from "20k", "40 pages", "9000 words" or "3 MB".

    Raises:
        UserError: The text is not a size, or its unit is unknown.
    """
    value, rest = parse_number(text, example=example)
    unit = re.match(r"[a-z]+", rest)
    if unit is None:
        return whole(value, text, example=example)
    word = unit.group()
    per_unit = _TOKENS_PER_UNIT.get(word) or _TOKENS_PER_UNIT.get(word.removesuffix("s"))
    if per_unit is None:
        raise UserError(f"I do not know the unit {word!r} in {_shown(text)}. For example: {example}")
    return whole(value * per_unit, text, example=example)


def parse_milliseconds(text: str, *, example: str) -> float:
    """Return milliseconds from "300", "300 ms" or "0.5 s".

    Raises:
        UserError: The text is not a positive duration.
    """
    value, rest = parse_number(text, example=example)
    unit = re.match(r"[a-zµ]*", rest)
    word = unit.group() if unit else ""
    if word in ("s", "sec", "secs", "second", "seconds"):
        value *= 1_000
    elif word not in ("", "ms", "msec", "millisecond", "milliseconds"):
        raise UserError(f"I do not know the unit {word!r} in {_shown(text)}. For example: {example}")
    if value <= 0:
        raise UserError(f"A latency budget is more than 0 ms, not {_shown(text)}. For example: {example}")
    return value


def whole(value: float, text: str, *, example: str) -> int:
    """Return the nearest whole number that is not negative.

    Raises:
        UserError: The value is negative.
    """
    if value < 0:
        raise UserError(f"{_shown(text)} is negative; it must be 0 or more. For example: {example}")
    return round(value)


def _digits(digits: str, text: str, example: str) -> float:
    """Return the value of digits with thousands separators or a decimal sign of either convention."""
    plain = re.sub(r"['’ \u00a0\u202f_]", "", digits).rstrip(".,").replace("−", "-")  # noqa: RUF001 - as above
    if "," in plain and "." in plain:
        decimal = max(plain.rfind(","), plain.rfind("."))
        plain = re.sub(r"[.,]", "", plain[:decimal]) + "." + plain[decimal + 1 :]
    elif plain.count(",") > 1 or plain.count(".") > 1:
        plain = re.sub(r"[.,]", "", plain)
    elif re.fullmatch(r"[-+]?[1-9]\d{0,2},\d{3}", plain):
        plain = plain.replace(",", "")
    elif re.fullmatch(r"[-+]?[1-9]\d{0,2}\.\d{3}", plain):
        raise UserError(
            f"{_shown(text)} can be read as a fraction or as thousands. Write {plain.replace('.', '')} or "
            f"{plain.split('.', maxsplit=1)[0]}. For example: {example}"
        )
    else:
        plain = plain.replace(",", ".")
    try:
        return float(plain)
    except ValueError as error:
        raise UserError(f"I cannot read a number in {_shown(text)}. For example: {example}") from error


def _shown(text: str) -> str:
    short = " ".join(text.split())
    return repr(short if len(short) <= 60 else short[:57] + "...")
