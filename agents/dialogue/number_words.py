"""Numbers in words of some languages as digits; small ones that count nothing measured stay words."""

import re
from collections.abc import Mapping
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
_COMPARED: Final = (
    r"times (?=(?:as|cheaper|dearer|faster|slower|more|less|lower|higher|larger|smaller|better|worse|the)\b)|fold\b"
)
_MEASURED: Final = re.compile(rf"[\s-]+(?:(?:{_UNITS})\b|{_COMPARED})|\s*%")
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
# What a small numeral measures; "一" is left out, which is an article as well.
_WIDE_MEASURED: Final = re.compile(
    "[二两兩三四五六七八九十]+(?=週間|周|星期|日|天|か月|ヶ月|カ月|个月|年|時間|小时|倍|割|%)"
)
_WIDE: Final = re.compile("[零一二两兩三四五六七八九十百千]+[百千万萬億亿][零一二两兩三四五六七八九十百千万萬億亿]*")
_GERMAN: Final = {
    "ein": 1, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10,
    "elf": 11, "zwölf": 12, "fünfzehn": 15, "zwanzig": 20, "dreißig": 30, "vierzig": 40, "fünfzig": 50, "sechzig": 60,
    "siebzig": 70, "achtzig": 80, "neunzig": 90, "hundert": 100, "einhundert": 100, "zweihundert": 200,
    "dreihundert": 300, "vierhundert": 400, "fünfhundert": 500,
}  # fmt: skip
_MORE_LANGUAGES: Final[Mapping[int, str]] = {
    2: "deux dos due dois duas twee dwa dwie", 3: "trois tres tre três drie trzy",
    4: "quatre cuatro quattro quatro cztery",
    5: "cinq cinco cinque vijf pięć", 6: "six seis sei zes sześć", 7: "sept siete sette sete zeven siedem",
    8: "huit ocho otto oito osiem", 9: "neuf nueve nove negen dziewięć", 10: "dix diez dieci dez tien dziesięć",
    12: "douze doce dodici doze twaalf", 15: "quinze quince quindici vijftien", 20: "vingt veinte venti vinte twintig",
    30: "trente treinta trenta trinta dertig",
}  # fmt: skip
_ELSEWHERE: Final[Mapping[str, int]] = {
    **{word: value for word, value in _GERMAN.items() if value > 1},
    **{word: value for value, words in _MORE_LANGUAGES.items() for word in words.split()},
}
_UNITS_ELSEWHERE: Final = (
    r"sekunden|minuten|stunden|tagen?|wochen|monaten?|jahren?|prozent|mal so|secondes|heures|jours|semaines|mois|ans|"
    r"années|pour ?cent|fois|segundos|minutos|horas|d[ií]as|semanas|meses|a[ñn]os|por cien?to|veces|vezes|secondi|"
    r"minuti|ore|giorni|settimane|mesi|anni|per cento|volte|seconden|uur|dagen|weken|maanden|jaar|procent|keer|"
    r"sekund\w?|godzin\w?|dni|tygodni\w?|miesi[ęą]c\w+|lata?|euros?|dollars?|d[oó]lares|dollari|minutes"
)
_NUMBER_ELSEWHERE: Final = re.compile(
    rf"\b({'|'.join(sorted(_ELSEWHERE, key=len, reverse=True))})(?=\s+(?:{_UNITS_ELSEWHERE})\b)"
)
_GERMAN_NUMBER: Final = re.compile(rf"\b({'|'.join(sorted(_GERMAN, key=len, reverse=True))})(hundert|tausend)\b")


def in_digits(text: str) -> str:
    """Return text in lower case with its number words as digits: "forty thousand" becomes "40000"."""
    for pattern, written in _HALVES:
        text = pattern.sub(written, text)
    text = _WIDE.sub(lambda match: str(_wide(match.group())), text)
    text = _WIDE_MEASURED.sub(lambda match: str(_wide(match.group())), text)
    text = _GERMAN_NUMBER.sub(lambda match: str(_GERMAN[match[1]] * (100 if match[2] == "hundert" else 1000)), text)
    text = _NUMBER_ELSEWHERE.sub(lambda match: str(_ELSEWHERE[match[1]]), text)
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
