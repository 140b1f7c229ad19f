"""The figures of a text in many notations: what kind each is of, and every value that it may mean."""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Literal

from agents.dialogue.notation import plain

Kind = Literal["money", "percent", "duration", "plain"]

_SCALES: Final[Mapping[str, int]] = {
    **dict.fromkeys(("hundred", "hundreds"), 10**2),
    **dict.fromkeys(("k", "tsd", "tys", "thousand", "thousands", "tausend", "mille", "mil", "mila", "tysięcy",
                     "тыс", "тысяч", "千", "duizend", "bin"), 10**3),
    **dict.fromkeys(("万", "萬", "만"), 10**4),
    **dict.fromkeys(("lakh", "lakhs", "lac"), 10**5),
    **dict.fromkeys(("m", "mm", "mn", "mio", "mln", "million", "millions", "millionen", "millones", "millón", "milioni",
                     "milionów", "miljoen", "milhões", "миллионов", "млн"), 10**6),
    **dict.fromkeys(("crore", "crores"), 10**7),
    **dict.fromkeys(("億", "亿", "억"), 10**8),
    **dict.fromkeys(("b", "bn", "billion", "billions", "mrd", "milliarden", "milliards"), 10**9),
    **dict.fromkeys(("t", "trillion", "trillions"), 10**12),
    **dict.fromkeys(("dozen", "dozens"), 12),
}  # fmt: skip
_UNSURE: Final = frozenset({"m", "b", "t", "mm", "bin"})
"""Scales that may be units as well: "5 m" may be metres."""

_CURRENCIES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("$", "us$", "us $", "usd", "dollar", "dollars", "bucks"), "usd"),
    **dict.fromkeys(("cent", "cents", "dólares", "долларов"), "usd"),
    **dict.fromkeys(("€", "eur", "euro", "euros"), "eur"),
    **dict.fromkeys(("£", "gbp", "pound", "pounds"), "gbp"),
    **dict.fromkeys(("¥", "jpy", "yen", "円"), "jpy"),
    **dict.fromkeys(("元", "cny", "rmb"), "cny"),
    **dict.fromkeys(("₹", "inr", "rupee", "rupees"), "inr"),
    **dict.fromkeys(("chf", "francs", "franken"), "chf"),
    **{each: each for each in ("cad", "aud", "pln", "sek", "nok", "dkk", "₽", "₩")},
}  # fmt: skip
_UNITS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "sekunden", "secondes", "segundos", "secondi"), "s"),
    **dict.fromkeys(("min", "mins", "minute", "minutes", "minuten", "minutos", "minuti"), "min"),
    **dict.fromkeys(("h", "hour", "hours", "stunde", "stunden", "heures", "horas", "ore", "uur", "時間", "小时"), "h"),
    **dict.fromkeys(("day", "days", "tag", "tage", "tagen", "jours", "días", "dias", "giorni", "dagen", "dni"), "day"),
    **dict.fromkeys(("week", "weeks", "woche", "wochen", "semaines", "semanas", "settimane", "weken"), "week"),
    **dict.fromkeys(("tygodni", "tygodnie", "週間", "星期"), "week"),
    **dict.fromkeys(("month", "months", "monat", "monate", "monaten", "mois", "meses", "mesi", "maanden"), "month"),
    **dict.fromkeys(("miesięcy", "miesiące", "か月", "ヶ月", "カ月", "个月"), "month"),
    **dict.fromkeys(
        ("year", "years", "jahr", "jahre", "jahren", "ans", "années", "años", "anos", "anni", "jaar"), "year"
    ),
    **dict.fromkeys(("lat", "lata"), "year"),
}


def _one_of(words: Mapping[str, object]) -> str:
    return "|".join(re.escape(each) for each in sorted(words, key=len, reverse=True))


_WORD_END: Final = r"(?![a-zà-ž])"
_FIGURE: Final = re.compile(
    rf"(?:(?P<before>{_one_of(_CURRENCIES)})\s?)?"
    r"(?P<digits>\d{1,2}(?:,\d{2})+,\d{3}(?!\d)|\d{1,3}(?:[ .,'_]\d{3})+(?:[.,]\d+)?(?!\d)|\d+(?:[.,]\d+)?|"
    r"(?<![\d.,])\.\d+)"
    r"(?P<power>e[+-]?\d{1,2}(?!\w)|\s?[x×*]\s?10\s?\^\s?\d{1,2}|\s?\^\s?\d{1,2})?"  # noqa: RUF001  # a sign of multiplication
    rf"(?P<scales>(?:[ -]?(?:{_one_of(_SCALES)}){_WORD_END})*)"
    rf"(?:\s?(?P<percent>[%‰]|(?:per ?cent|pct|prozent|pour ?cent|por ciento|procent|percento){_WORD_END}|процент)|"
    rf"\s?(?P<after>[$€£¥₹₽₩円元]|(?:{_one_of(_CURRENCIES)}){_WORD_END})|"
    rf"[ -]?(?P<unit>{_one_of(_UNITS)}){_WORD_END})?"
)
_JOINT: Final = re.compile(r"\s*(?:-|–|—|~|\.{2,3}|…|to|till|until|bis|à|a|до)\s*")  # noqa: RUF001  # typographic and Cyrillic
_SCALE: Final = re.compile(_one_of(_SCALES))


@dataclass(frozen=True, slots=True)
class Reading:
    """One value that a figure may mean; `slack` is how far rounding may have moved it, `is_english` its notation."""

    value: Decimal
    slack: Decimal
    is_english: bool = True


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as it was written, in plain digits; `unit` is the currency or the unit of time where there is one."""

    written: str
    kind: Kind
    unit: str
    readings: tuple[Reading, ...]
    start: int = 0
    end: int = 0
    is_scaled: bool = False


def figures(text: str, names: Set[str] = frozenset()) -> Sequence[Figure]:
    """Return the figures of a text, in order.

    Args:
        text: What was written.
        names: Tokens of letters and digits that are no figures, in lower case.
    """
    made_plain = plain(text, names)
    return _with_ranges([_figure(match) for match in _FIGURE.finditer(made_plain)], made_plain)


def _figure(match: re.Match[str]) -> Figure:
    kind, unit = _kind(match)
    scales = _SCALE.findall(match["scales"])
    factors = {Decimal(1)}
    for scale in scales:
        factors = {each * _SCALES[scale] for each in factors} | (factors if scale in _UNSURE else set())
    if match["power"]:
        sign, exponent = re.findall(r"([+-]?)(\d+)$", match["power"])[0]
        factors = {each * Decimal(10) ** int(sign + exponent) for each in factors}
    digits = match["digits"]
    if match["power"] and "^" in match["power"] and "10" not in match["power"]:
        # "10^6" is a power of what stands before it.
        base, factors = Decimal(re.sub(r"\D", "", digits)), {Decimal(1)}
        power = base ** int(re.findall(r"\d+", match["power"])[0])
        return Figure(
            match.group().strip(), kind, unit, (Reading(power, Decimal(0)),), match.start(), match.end(), True
        )
    is_cents = match["after"] in ("cent", "cents")
    readings = [
        replace(each, value=each.value * by, slack=each.slack * by)
        for each in _readings(digits)
        for by in sorted({*factors, *({Decimal("0.01")} if is_cents else set())})
    ]
    is_scaled = bool(scales or match["power"])
    return Figure(match.group().strip(), kind, unit, tuple(readings), match.start(), match.end(), is_scaled)


def _kind(match: re.Match[str]) -> tuple[Kind, str]:
    if match["percent"]:
        return "percent", "‰" if match["percent"] == "‰" else "%"
    if currency := match["after"] or match["before"]:
        return "money", _CURRENCIES[currency]
    return ("duration", _UNITS[match["unit"]]) if match["unit"] else ("plain", "")


def _with_ranges(found: Sequence[Figure], text: str) -> Sequence[Figure]:
    """Return the figures with what the ends of a range tell of each other: "3-5k", "$10-20", "3 to 5%"."""
    figures_ = list(found)
    for at in range(len(figures_) - 1):
        first, last = figures_[at], figures_[at + 1]
        if not _JOINT.fullmatch(text[first.end : last.start]):
            continue
        if first.kind == "plain" and last.kind != "plain":
            first = replace(first, kind=last.kind, unit=last.unit)
        elif first.kind == "money" and last.kind == "plain":
            figures_[at + 1] = replace(last, kind=first.kind, unit=first.unit)
        if last.is_scaled and not first.is_scaled:
            first = replace(first, readings=(*first.readings, *_scaled_as(first, last)))
        figures_[at] = first
    return figures_


def _scaled_as(first: Figure, last: Figure) -> Iterator[Reading]:
    scale = max(each.value for each in last.readings) / (Decimal(re.sub(r"\D", "", last.written) or 1) or 1)
    factor = next((by for by in sorted(_SCALES.values(), reverse=True) if scale >= by), 1)
    yield from (replace(each, value=each.value * factor, slack=each.slack * factor) for each in first.readings)


def _readings(digits: str) -> Iterator[Reading]:
    """Yield what digits may mean: a lone comma or dot before three of them is a fraction's or a thousand's."""
    separators = [character for character in digits if not character.isdigit()]
    if not separators:
        yield _reading(digits, "", is_english=True)
        return
    last = separators[-1]
    whole, part = digits.rsplit(last, 1)
    joined = re.sub(r"\D", "", whole)
    if last in ".," and (len(set(separators)) > 1 or len(separators) == 1):
        yield _reading(joined, part, is_english=last == ".")
    if len(part) == 3 and whole:
        yield _reading(joined + part, "", is_english="." not in separators)


def _reading(whole: str, part: str, *, is_english: bool) -> Reading:
    value = Decimal(f"{whole or 0}.{part or 0}")
    zeros = 0 if part else len(whole) - len(whole.rstrip("0"))
    significant = len((whole + part).lstrip("0")) - zeros
    unit = Decimal(10) ** (zeros - len(part))
    # A figure of one digit that is not exact tells too little to be anybody's.
    return Reading(value, unit / 2 if significant > 1 else Decimal(0), is_english)
