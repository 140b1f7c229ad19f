"""A number in a text: digits of any convention, words, scientific, scaled by "k" or "million", or a range."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from agents.errors import UserError

MAX_QUANTITY: Final = 1e15
WIDEST_RANGE: Final = 3.0
"""A range whose end is more than this many times its beginning has no middle worth taking."""

# A blank or an apostrophe belongs to a number only before a group of three digits: "20 000", not "3 4". A minus after
# a letter or digit joins a range.
_DIGITS: Final = re.compile(
    r"(?:(?<![\w)])[-+−])?\d(?:[\d.,]|['’ \u00a0\u202f_](?=\d{3}(?!\d)))*(?:e[+-]?\d{1,3}(?!\w))?"  # noqa: RUF001 - people paste typographic signs
)
_SCALES: Final = {
    "k": 1e3, "thousand": 1e3, "tsd": 1e3, "tausend": 1e3, "mila": 1e3, "duizend": 1e3, "тыс": 1e3, "тысяч": 1e3,
    "tys": 1e3, "tysięcy": 1e3, "tysiące": 1e3, "千": 1e3, "万": 1e4, "萬": 1e4, "億": 1e8, "亿": 1e8,
    "m": 1e6, "mm": 1e6, "mio": 1e6, "mln": 1e6, "mn": 1e6, "million": 1e6, "millionen": 1e6, "milioni": 1e6,
    "millones": 1e6, "millón": 1e6, "milhões": 1e6, "milhão": 1e6, "miljoen": 1e6, "miliony": 1e6, "milionów": 1e6,
    "млн": 1e6,
    "b": 1e9, "bn": 1e9, "billion": 1e9, "mrd": 1e9, "milliarde": 1e9, "milliarden": 1e9,
    "trillion": 1e12, "hundred": 1e2, "dozen": 12.0, "lakh": 1e5, "crore": 1e7,
}  # fmt: skip
# Chinese and Japanese write on without a blank.
_SCALE_WORD: Final = re.compile(r"\s*([千万萬億亿]|[^\W\d_]+(?!\w))\.?(?!\d)")
_UNSURE_SCALE: Final = re.compile(r"mil|mille|bil|\w{2,}illions?|\w*zillions?")
_JOINS_A_RANGE: Final = re.compile(r"\s*(?:-|–|—|~|\.{2,3}|…|to|till|through|bis|or|oder|and)\s*")  # noqa: RUF001 - as above

_ONES: Final = {
    "zero": 0.0, "one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0, "six": 6.0, "seven": 7.0,
    "eight": 8.0, "nine": 9.0, "ten": 10.0, "eleven": 11.0, "twelve": 12.0, "thirteen": 13.0, "fourteen": 14.0,
    "fifteen": 15.0, "sixteen": 16.0, "seventeen": 17.0, "eighteen": 18.0, "nineteen": 19.0,
}  # fmt: skip
_TENS: Final = {
    "twenty": 20.0, "thirty": 30.0, "forty": 40.0, "fifty": 50.0, "sixty": 60.0, "seventy": 70.0, "eighty": 80.0,
    "ninety": 90.0,
}  # fmt: skip
_MAGNITUDES: Final = {"thousand": 1e3, "million": 1e6, "billion": 1e9}
_SMALL: Final = "|".join((*_ONES, *_TENS))
_LARGE: Final = "hundred|thousand|million|billion|dozen|lakh|crore"
_UNIT: Final = rf"(?:(?:{'|'.join(_TENS)})(?:[\s-]+(?:{'|'.join(list(_ONES)[1:10])}))?|{'|'.join(_ONES)})\b"
_AND_MORE: Final = rf"(?:[\s-]+(?:hundred|thousand|million|billion)\b(?:(?:\s+and)?[\s-]+{_UNIT})?)*"
_IN_WORDS: Final = re.compile(rf"\b(?:an?(?=\s+(?:{_LARGE})\b)|{_UNIT}){_AND_MORE}")
_FRACTION_WORDS: Final = (
    (re.compile(rf"\b({_SMALL}|\d+) and a half\b"), lambda match: f"{_small(match[1]) + 0.5:g}"),
    (re.compile(r"\ba (million|billion) and a half\b"), lambda match: f"1.5 {match[1]}"),
    (re.compile(r"\bthree quarters? of an?\b"), lambda _: "0.75"),
    (re.compile(rf"\ba quarter (?:of an? )?(?=(?:{_LARGE})\b)"), lambda _: "0.25 "),
    (re.compile(r"\bhalf an?\b|\ba half(?= million| billion)"), lambda _: "0.5"),
)
_SIGNS: Final = {"¼": 0.25, "½": 0.5, "¾": 0.75}
_SIGN: Final = re.compile(r"(?<![\d.,])([0-9]{0,9}) ?([¼½¾])")


@dataclass(frozen=True, slots=True)
class Numeral:
    """The one number of a text with the words around it; of a range its middle, and its ends."""

    value: float
    before: str
    after: str
    ends: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class _Part:
    start: int
    end: int
    digits: float
    scale: float

    @property
    def value(self) -> float:
        return self.digits * self.scale


def numeral(text: str, *, example: str) -> Numeral:
    """Return the one number or range in a text.

    Args:
        text: What a person typed.
        example: A good answer, shown when this one cannot be understood.

    Raises:
        UserError: There is no number, more than one, a range too wide to take its middle, or digits that can be read
            in two ways.
    """
    plain = in_digits(text.lower())
    parts = list(_parts(plain, text, example))
    if not parts:
        raise UserError(f"I found no number in {shown(text)}. Write one, for example: {example}")
    ends = _range(plain, parts) if len(parts) == 2 else None
    if len(parts) > 1 and ends is None:
        raise UserError(f"I found more than one number in {shown(text)}. Write one, for example: {example}")
    if ends is not None and ends[1] > WIDEST_RANGE * ends[0]:
        raise UserError(
            f"{shown(text)} is too wide a range to take its middle. Write the figure that you would plan with, "
            f"for example: {example}"
        )
    value = sum(ends) / 2 if ends else parts[0].value
    if abs(value) > MAX_QUANTITY:
        raise UserError(f"{shown(text)} is larger than anything I can work with. For example: {example}")
    return Numeral(value, plain[: parts[0].start].strip(), plain[parts[-1].end :].strip(" ."), ends)


def in_digits(text: str) -> str:
    """Return lower-case text with its numbers in digits: "about 20 thousand" for "about twenty thousand"."""
    text = _SIGN.sub(lambda match: f"{int(match[1] or 0) + _SIGNS[match[2]]:g} ", text)
    for pattern, written in _FRACTION_WORDS:
        text = pattern.sub(written, text)
    return _IN_WORDS.sub(lambda match: _written(match.group()), text)


def shown(text: str) -> str:
    """Return what a person typed, quoted and not too long."""
    short = " ".join(text.split())
    return repr(short if len(short) <= 60 else short[:57] + "...")


def _parts(plain: str, text: str, example: str) -> Iterator[_Part]:
    for match in _DIGITS.finditer(plain):
        end, scale = match.end(), 1.0
        while word := _SCALE_WORD.match(plain, end):
            if _UNSURE_SCALE.fullmatch(word[1]) and _scale(word[1]) is None:
                raise UserError(f"I do not know how many {word[1]!r} are in {shown(text)}. For example: {example}")
            factor = _scale(word[1])
            if factor is None:
                break
            scale, end = scale * factor, word.end()
        yield _Part(match.start(), end, _value(match.group(), text, example), scale)


def _scale(word: str) -> float | None:
    # "millions" is a scale, "ms" a millisecond.
    return _SCALES.get(word) or (_SCALES.get(word.removesuffix("s")) if len(word) > 4 else None)


def _range(plain: str, parts: list[_Part]) -> tuple[float, float] | None:
    """Return the ends of a range; "3-5k" is 3k to 5k, "500-2k" is 500 to 2k."""
    first, last = parts
    if not _JOINS_A_RANGE.fullmatch(plain[first.end : last.start]) or first.digits < 0:
        return None
    shared = first.digits * last.scale
    low = shared if first.scale == 1 and shared < last.value else first.value
    return (low, last.value) if low < last.value else None


def _value(digits: str, text: str, example: str) -> float:
    """Return the value of digits with thousands separators or a decimal sign of either convention."""
    mantissa, _, exponent = digits.partition("e")
    plain = re.sub(r"['’ \u00a0\u202f_]", "", mantissa).rstrip(".,").replace("−", "-")  # noqa: RUF001 - as above
    if "," in plain and "." in plain:
        decimal = max(plain.rfind(","), plain.rfind("."))
        plain = re.sub(r"[.,]", "", plain[:decimal]) + "." + plain[decimal + 1 :]
    elif plain.count(",") > 1 or plain.count(".") > 1:
        plain = re.sub(r"[.,]", "", plain)
    elif re.fullmatch(r"[-+]?[1-9]\d{0,2},\d{3}", plain):
        plain = plain.replace(",", "")
    elif re.fullmatch(r"[-+]?[1-9]\d{0,2}\.\d{3}", plain) and not exponent:
        raise UserError(
            f"{shown(text)} can be read as a fraction or as thousands. Write {plain.replace('.', '')} or "
            f"{float(plain):g}. For example: {example}"
        )
    else:
        plain = plain.replace(",", ".")
    try:
        return float(f"{plain}e{exponent}" if exponent else plain)
    except ValueError as error:
        raise UserError(f"I cannot read a number in {shown(text)}. For example: {example}") from error


def _written(words: str) -> str:
    """Return a number in words as digits, its last magnitude left a word: "twenty thousand" becomes "20 thousand"."""
    total, current, last = 0.0, 0.0, ""
    for word in re.findall(r"[a-z]+", words):
        if word in _MAGNITUDES:
            last = "" if total else word
            total, current = total + (current or 1) * _MAGNITUDES[word], 0.0
        elif word == "hundred":
            current = (current or 1) * 100
        elif word in ("a", "an"):
            # Before "dozen" and the like, which are scales of their own.
            current = 0.0 if " " in words else 1.0
        else:
            current += _small(word)
    is_round = last and not current
    return f"{total / _MAGNITUDES[last]:.15g} {last}" if is_round else f"{total + current:.15g}"


def _small(word: str) -> float:
    return _ONES.get(word, _TENS.get(word, 0.0)) or (float(word) if word.isdecimal() else 0.0)
