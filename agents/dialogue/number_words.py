"""Numbers in words of some languages as digits; small ones that count nothing measured stay words."""

import re
from typing import Final

_ONES: Final = {
    word: value
    for value, word in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
         "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
    )
}  # fmt: skip
_TENS: Final = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_MAGNITUDES: Final = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "lakh": 10**5, "crore": 10**7}
_WORDS: Final = "|".join((*_ONES, *_TENS))
_LARGE: Final = "|".join(("hundred", "dozen", *_MAGNITUDES))
_NUMBER: Final = re.compile(
    rf"\b(?:(?:an?(?=\s+(?:{_LARGE})\b)|{_WORDS})\b)(?:(?:[\s-]+and)?[\s-]+(?:{_WORDS}|{_LARGE})\b)*"
)
_UNITS: Final = (
    r"per ?cent|%|usd|dollars?|bucks|cents?|euros?|eur|pounds?|francs?|(?:milli)?seconds?|minutes?|hours?|days?|weeks?|"
    r"months?|years?"
)
_SMALL: Final = re.compile(r"(?:zero|one|two|three|four|five|six|seven|eight|nine|ten)")
_MEASURED: Final = re.compile(rf"[\s-]+(?:{_UNITS})\b|\s*%")
_HALVES: Final = (
    (re.compile(rf"\b({_WORDS}|\d+) and a half\b"), lambda match: f"{_small(match[1])}.5"),
    (re.compile(r"\ba (million|billion|thousand|hundred) and a half\b"), lambda match: f"1.5 {match[1]}"),
    (re.compile(r"\bthree quarters? of an?\b"), lambda _: "0.75"),
    (re.compile(rf"\ba quarter (?:of )?(?:an? )?(?=(?:{_LARGE})\b)"), lambda _: "0.25 "),
    (re.compile(rf"\bhalf (?:of )?an? (?=(?:{_LARGE})\b)"), lambda _: "0.5 "),
    (re.compile(rf"\ba half (?=(?:{_LARGE})\b)"), lambda _: "0.5 "),
)
_WIDE_DIGITS: Final = {each: digit for digit, each in enumerate("零一二三四五六七八九")} | {"两": 2, "兩": 2}
_WIDE_UNITS: Final = {"十": 10, "百": 100, "千": 1000}
_WIDE_LARGE: Final = {"万": 10**4, "萬": 10**4, "億": 10**8, "亿": 10**8}
_WIDE: Final = re.compile("[零一二两兩三四五六七八九十百千]+[百千万萬億亿][零一二两兩三四五六七八九十百千万萬億亿]*")
_GERMAN: Final = {
    "ein": 1, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10,
    "elf": 11, "zwölf": 12, "fünfzehn": 15, "zwanzig": 20, "dreißig": 30, "vierzig": 40, "fünfzig": 50, "sechzig": 60,
    "siebzig": 70, "achtzig": 80, "neunzig": 90, "hundert": 100, "einhundert": 100, "zweihundert": 200,
    "dreihundert": 300, "vierhundert": 400, "fünfhundert": 500,
}  # fmt: skip
_GERMAN_NUMBER: Final = re.compile(rf"\b({'|'.join(sorted(_GERMAN, key=len, reverse=True))})(hundert|tausend)\b")


def in_digits(text: str) -> str:
    """Return text in lower case with its number words as digits: "forty thousand" becomes "40000"."""
    for pattern, written in _HALVES:
        text = pattern.sub(written, text)
    text = _WIDE.sub(lambda match: str(_wide(match.group())), text)
    text = _GERMAN_NUMBER.sub(lambda match: str(_GERMAN[match[1]] * (100 if match[2] == "hundert" else 1000)), text)
    return _NUMBER.sub(_written, text)


def _written(match: re.Match[str]) -> str:
    words = match.group()
    if _SMALL.fullmatch(words) and not _MEASURED.match(match.string, match.end()):
        return words
    total = current = 0
    for word in re.findall(r"[a-z]+", words):
        if word in _MAGNITUDES:
            total, current = total + (current or 1) * _MAGNITUDES[word], 0
        elif word in ("hundred", "dozen"):
            current = (current or 1) * (100 if word == "hundred" else 12)
        elif word not in ("a", "an", "and"):
            current += _small(word)
    return str(total + current)


def _small(word: str) -> int:
    return int(word) if word.isdecimal() else _ONES.get(word, _TENS.get(word, 0))


def _wide(numeral: str) -> int:
    total = section = digit = 0
    for character in numeral:
        if character in _WIDE_DIGITS:
            digit = _WIDE_DIGITS[character]
        elif character in _WIDE_UNITS:
            section, digit = section + (digit or 1) * _WIDE_UNITS[character], 0
        else:
            total, section, digit = total + (section + digit or 1) * _WIDE_LARGE[character], 0, 0
    return total + section + digit
