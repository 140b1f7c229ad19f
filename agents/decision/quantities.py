"""Quantities as people write them: "2M a month", "3-5k tickets a day", "40 pages", "0,3 s", "$800 a day".

What cannot be taken for what was asked is refused with an example. Where a figure had to be chosen, such as the middle
of a range, the reading says so in its remark; the strict functions refuse those.
"""

import re
from dataclasses import dataclass
from typing import Final

from agents.decision.answers import CHARACTERS_PER_TOKEN, DEFAULT_PEAK_FACTOR, TOKENS_PER_PAGE, TOKENS_PER_WORD
from agents.decision.numerals import Numeral, numeral, shown
from agents.errors import UserError

_DAYS_PER_MONTH: Final = 365 / 12
_DAY: Final = 1.0
_PER_DAY: Final = {
    **dict.fromkeys(("second", "sec", "s", "sekunde", "seconde", "segundo"), 86_400.0),
    **dict.fromkeys(("minute", "min", "minuto"), 1_440.0),
    **dict.fromkeys(("hour", "hr", "h", "stunde", "heure", "hora", "ora", "時間", "小时"), 24.0),
    **dict.fromkeys(("day", "d", "tag", "jour", "día", "dia", "giorno", "dag", "dzień", "日", "天"), _DAY),
    **dict.fromkeys(("week", "wk", "woche", "semaine", "semana", "settimana", "tydzień", "週", "周"), 1 / 7),
    **dict.fromkeys(
        ("month", "mo", "monat", "mois", "mes", "mese", "mês", "maand", "miesiąc", "月"), 1 / _DAYS_PER_MONTH
    ),
    **dict.fromkeys(("quarter", "quartal"), 4 / 365),
    **dict.fromkeys(("year", "yr", "jahr", "an", "año", "ano", "anno", "jaar", "rok", "年"), 1 / 365),
}
_PER: Final = re.compile(
    r"\b(?:an?|per|each|every|pro|am|im|in the|in einer|je|the|par|por|al|alla|ao|à la|a la|na)\s+"
    r"(?:(?:busiest|peak|average|typical|normal)\s+)?([a-zà-ž]+)|/\s*([a-zà-ž]+)|"
    r"\b(daily|hourly|weekly|monthly|quarterly|yearly|annually|täglich|stündlich|wöchentlich|monatlich|jährlich|"
    r"dziennie|tygodniowo|miesięcznie|rocznie)\b|\b([rq]p[smhd])\b|(時間|小时|[日天週周月年])"
)
_ADVERBS: Final = {
    "daily": "day", "hourly": "hour", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year",
    "annually": "year", "täglich": "day", "stündlich": "hour", "wöchentlich": "week", "monatlich": "month",
    "jährlich": "year", "dziennie": "day", "tygodniowo": "week", "miesięcznie": "month", "rocznie": "year",
    **{f"{thing}p{period[0]}": period for thing in "rq" for period in ("second", "minute", "hour", "day")},
}  # fmt: skip
# What follows an article in a rate without being its period: "100 per second at the peak".
_NO_PERIOD: Final = frozenset({"peak", "average", "most", "least", "busiest", "request", "requests", "moment", "end"})
_AT_PEAK: Final = re.compile(r"\bpeaks?\b|\bbusiest\b|\brush hour\b|\bspitze\b")
_NOT_REQUESTS: Final = re.compile(r"\b(users?|people|customers?|seats?|maus?|daus?|tokens?|words?|employees?)\b")
_OTHER_UNITS: Final = re.compile(r"(?:[kmgt]i?b|bytes?|ms|gpus?|(?:second|minute|hour|day|week|month)s?)\b")
_TOKENS_PER_UNIT: Final = {
    "token": 1.0, "tok": 1.0,
    "page": float(TOKENS_PER_PAGE), "seite": float(TOKENS_PER_PAGE),
    "word": TOKENS_PER_WORD,
    "character": 1 / CHARACTERS_PER_TOKEN, "char": 1 / CHARACTERS_PER_TOKEN,
    "kb": 1e3 / CHARACTERS_PER_TOKEN, "mb": 1e6 / CHARACTERS_PER_TOKEN, "gb": 1e9 / CHARACTERS_PER_TOKEN,
}  # fmt: skip
_FILES: Final = re.compile(r"\b(pdfs?|docx?|word files?|pptx?|slides?|scans?|images?|videos?|recordings?|xlsx?)\b")
_CURRENCIES: Final = re.compile(
    r"[€£¥₹₽]|\b(eur|euros?|gbp|pounds?|chf|francs?|franken|jpy|yen|inr|rupees?|cad|aud|cny|rmb|sek|nok|dkk|pln)\b"
)
_DOLLARS: Final = re.compile(r"(?:us)?\$|\b(?:usd|dollars?|bucks)\b")


@dataclass(frozen=True, slots=True)
class Reading:
    """A quantity that was read, and what had to be chosen to read it; empty where nothing had."""

    value: float
    remark: str = ""

    @property
    def count(self) -> int:
        """The value as a whole number."""
        return round(self.value)


def parse_number(text: str, *, example: str) -> tuple[float, str]:
    """Return the one number in a text, scaled by "k", "million" and the like, and the words after it.

    Raises:
        UserError: There is no number, more than one, or its digits can be read in two ways.
    """
    found = _single(numeral(text, example=example), text, example)
    return found.value, found.after


def parse_numbers(text: str, *, count: int, example: str) -> list[float]:
    """Return exactly `count` numbers separated by slashes, semicolons, arrows, commas or spaces.

    Raises:
        UserError: There are fewer or more, or one of them cannot be read.
    """
    for separator in (r"\s*(?:/|;|→|->|\||\n)\s*", r"\s*,\s+|\s+(?:to|and)\s+", r"\s+", r","):
        parts = [part for part in re.split(separator, text.strip()) if part]
        if len(parts) == count and all(re.search(r"\d", part) for part in parts):
            return [parse_number(part, example=example)[0] for part in parts]
    raise UserError(f"I need {count} numbers and could not find them in {shown(text)}. For example: {example}")


def parse_requests_per_day(text: str, *, example: str) -> int:
    """Return requests per day from an exact average, such as "20k" or "2M a month".

    Raises:
        UserError: The text is not a rate, or nothing exact.
    """
    return _exact(read_requests_per_day(text, example=example), text, example).count


def parse_tokens(text: str, *, example: str) -> int:
    """Return tokens from an exact size, such as "20k", "40 pages", "9000 words" or "3 MB" of text.

    Raises:
        UserError: The text is not a size, or nothing exact.
    """
    return _exact(read_tokens(text, example=example), text, example).count


def read_requests_per_day(text: str, *, example: str, peak_factor: float = DEFAULT_PEAK_FACTOR) -> Reading:
    """Return requests per day on average from a rate over any period.

    Args:
        text: What a person typed.
        example: A good answer, shown when this one cannot be understood.
        peak_factor: The busiest hour as a multiple of the average, for a rate that holds at the peak.

    Raises:
        UserError: The text is not a rate of requests.
    """
    found = numeral(text, example=example)
    _refuse_money(found, text, "a number of requests", example)
    _refuse_share(found, text, "a number of requests", example)
    if unit := _OTHER_UNITS.match(found.after):
        raise UserError(f"{shown(text)} is in {unit.group()}, and I need a number of requests. For example: {example}")
    if other := _NOT_REQUESTS.search(found.after):
        raise UserError(
            f"{shown(text)} counts {other[1]}, and prices follow requests. How many calls of the model is that? "
            f"For example: {example}"
        )
    a_day = _not_negative(found.value, text, example) * _days(found.after, text, example, before=found.before)
    remarks = [_of_range(found)]
    if _AT_PEAK.search(f"{found.before} {found.after}"):
        a_day /= peak_factor
        remarks.append(
            f"That is the busiest moment, so I took a day's average of {a_day:,.0f}, with a peak of {peak_factor:g} "
            "times the average."
        )
    if 0 < a_day < 0.5:
        raise UserError(f"{shown(text)} is less than one request a day; I price 1 or more. For example: {example}")
    return Reading(a_day, " ".join(filter(None, remarks)))


def read_tokens(text: str, *, example: str) -> Reading:
    """Return tokens from a size in tokens, words, pages, characters or bytes of text.

    Raises:
        UserError: The text is not a size of text, or its unit is unknown.
    """
    found = numeral(text, example=example)
    _refuse_money(found, text, "a size of text", example)
    _refuse_share(found, text, "a size of text", example)
    if files := _FILES.search(found.after):
        raise UserError(
            f"{shown(text)} is the size of {files[1]}, most of which is not text. Write how many pages or words they "
            f"hold, for example: {example}"
        )
    value, remark = _not_negative(found.value, text, example), _of_range(found)
    unit = re.match(r"[a-zà-ÿ]+", found.after)
    if unit is None:
        return Reading(value, remark)
    word = unit.group()
    # "seiten" is the German plural of a page.
    stem = next(
        (each for each in (word, word.removesuffix("s"), word.removesuffix("n")) if each in _TOKENS_PER_UNIT), ""
    )
    if not stem:
        raise UserError(f"I do not know the unit {word!r} in {shown(text)}. For example: {example}")
    return Reading(value * _TOKENS_PER_UNIT[stem], remark)


def read_milliseconds(text: str, *, example: str) -> Reading:
    """Return milliseconds from "300", "p95 300 ms" or "0,3 s".

    Raises:
        UserError: The text is not a positive duration.
    """
    found = numeral(re.sub(r"\bp\d\d\b", " ", text, flags=re.IGNORECASE), example=example)
    _refuse_money(found, text, "a duration", example)
    _refuse_share(found, text, "a duration", example)
    unit = re.match(r"[a-zµ]*", found.after)
    word = unit.group() if unit else ""
    value = found.value
    if word in ("s", "sec", "secs", "second", "seconds", "sekunde", "sekunden"):
        value *= 1_000
    elif word not in ("", "ms", "msec", "msecs", "millisecond", "milliseconds", "millis", "p"):
        raise UserError(f"I do not know the unit {word!r} in {shown(text)}. For example: {example}")
    if value <= 0:
        raise UserError(f"A latency budget is more than 0 ms, not {shown(text)}. For example: {example}")
    return Reading(value, _of_range(found))


def read_count(text: str, *, example: str) -> Reading:
    """Return a number of things, such as "1200 examples" or "about three thousand".

    Raises:
        UserError: The text is not a number of things.
    """
    if re.fullmatch(r"\s*(?:none|no|nothing|no \w+)(?: yet)?\s*", text, re.IGNORECASE):
        return Reading(0.0)
    found = numeral(text, example=example)
    _refuse_money(found, text, "a number of things", example)
    _refuse_share(found, text, "a number of things", example)
    return Reading(_not_negative(found.value, text, example), _of_range(found))


def read_usd_per_day(text: str, *, example: str) -> Reading:
    """Return USD a day from "$800/day", "800 USD" or "no", which is 0.

    Raises:
        UserError: The text is no amount, one in another currency, or one for another time than a day.
    """
    if re.fullmatch(r"\s*(?:none|no|nope|free|leave it out|nothing)\s*", text, re.IGNORECASE):
        return Reading(0.0)
    if money := _CURRENCIES.search(text.lower()):
        raise UserError(
            f"{shown(text)} is in {money.group()}, and I price in US dollars. Write, for example: {example}"
        )
    found = numeral(re.sub(r"(?:us)?\$", " ", text, flags=re.IGNORECASE), example=example)
    _refuse_share(found, text, "an amount", example)
    after = re.sub(r"^(?:usd|dollars?|bucks)\b\s*", "", found.after)
    if _days(after, text, example) != _DAY:
        raise UserError(
            f"{shown(text)} is not for a day of work. Write what one day of one person costs, for example: {example}"
        )
    return Reading(_not_negative(found.value, text, example), _of_range(found))


def whole(value: float, text: str, *, example: str) -> int:
    """Return the nearest whole number that is not negative.

    Raises:
        UserError: The value is negative.
    """
    return round(_not_negative(value, text, example))


def _days(after: str, text: str, example: str, *, before: str = "") -> float:
    """Return how many of the period that the words name make a day; a day where they name none.

    Words before the figure may name one as well ("monthly 2M"), and much else.
    """
    for period in _PER.finditer(after):
        word = _period(period)
        known = _per_day(word)
        if known is not None:
            return known
        if word not in _NO_PERIOD:
            raise UserError(f"I do not know the period {word!r} in {shown(text)}. For example: {example}")
    told_before = (_per_day(_period(each)) for each in _PER.finditer(before))
    return next((each for each in told_before if each is not None), _DAY)


def _period(match: re.Match[str]) -> str:
    return match[1] or match[2] or match[5] or _ADVERBS[match[3] or match[4]]


def _per_day(word: str) -> float | None:
    return _PER_DAY.get(word) or _PER_DAY.get(word.removesuffix("s"))


def _of_range(found: Numeral) -> str:
    if found.ends is None:
        return ""
    low, high = found.ends
    return f"I took {found.value:,.10g}, the middle of {low:,.10g} and {high:,.10g}."


def _single(found: Numeral, text: str, example: str) -> Numeral:
    if found.ends is not None:
        raise UserError(f"I found more than one number in {shown(text)}. Write one, for example: {example}")
    return found


def _exact(reading: Reading, text: str, example: str) -> Reading:
    if reading.remark:
        raise UserError(f"{shown(text)} leaves room. Write one exact figure, for example: {example}")
    return reading


def _not_negative(value: float, text: str, example: str) -> float:
    if value < 0:
        raise UserError(f"{shown(text)} is negative; it must be 0 or more. For example: {example}")
    return value


def _refuse_money(found: Numeral, text: str, wanted: str, example: str) -> None:
    around = f"{found.before} {found.after}"
    if _CURRENCIES.search(around) or _DOLLARS.search(around):
        raise UserError(f"{shown(text)} is an amount of money, and I need {wanted}. For example: {example}")


def _refuse_share(found: Numeral, text: str, wanted: str, example: str) -> None:
    if re.match(r"%|percent\b|per cent\b", found.after):
        raise UserError(f"{shown(text)} is a share, and I need {wanted}. For example: {example}")
