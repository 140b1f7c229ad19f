"""Whether the figures of a value stand in the words that are quoted for it."""

import re
from typing import Final

from agents.conversation.tools.said import plain_text

_FIGURE: Final = re.compile(r"\d+(?:[.,]\d+)*")
_IN_GROUPS: Final = re.compile(r"\d{1,3}(?:[' ]\d{3})+(?!\d)")
# Figures in words, in the languages that most people write: these whole, those by how they begin.
_WHOLE: Final = (
    "two twice three four five six seven eight nine ten eleven dozen double triple couple sechs acht elf deux "
    "sept huit neuf dix onze cent mille mil dos tres seis siete ocho nueve diez doce cien tre otto nove dez twee "
    "drie vijf zes negen tien "
)
_BEGINNINGS: Final = (
    "twel twent thirt forty fift sixt sevent eighty ninet hundred thousand million billion millión milliard "
    "millones milhões quarter zwei drei vier fünf sechzig sieb achtzig achthundert neun zehn zwölf zwanzig "
    "hundert tausend dutzend quatr cinqu douz treiz quinz vingt trent quarant soixant cuatr cinco veint treint "
    "cuarent cincuent sesent setent ochent novent quattr sette dieci venti cinquant sessant settant ottant quatro "
    "trint honderd duizend "
)
_IN_WORDS: Final = re.compile(rf"\b(?:(?:{'|'.join(_WHOLE.split())})\b|(?:{'|'.join(_BEGINNINGS.split())}))")
_ONE: Final = re.compile(r"\b(?:one|an?|single|eine?[mnrs]?|une?|una)\b")
_HALF: Final = re.compile(r"\b(?:half|halbe?n?|demie?|medi[oa]|mezz[oa])\b")


def has_foreign_figures(value: str, quote: str) -> bool:
    """Return whether a value has a figure that its quote does not have, by its digits.

    A quote with a figure in words is believed to mean that one: answers are shown, to be checked.
    """
    plain = plain_text(quote)
    said = {_digits(each) for pattern in (_FIGURE, _IN_GROUPS) for each in pattern.findall(plain)}
    said |= {"1"} if _ONE.search(plain) else set()
    said |= {"5"} if _HALF.search(plain) else set()
    stated = _IN_GROUPS.sub(lambda match: re.sub(r"\D", "", match[0]), plain_text(value))
    foreign = {_digits(each) for each in _FIGURE.findall(stated)} - said - {"0"}
    is_in_words = _IN_WORDS.search(plain) is not None or any(
        letter.isnumeric() and not letter.isdecimal() for letter in plain
    )
    return bool(foreign) and not is_in_words


def _digits(figure: str) -> str:
    """Return the digits that do not depend on scale or convention: "4" for 40.000, 40k's 40 and 0.4."""
    return re.sub(r"\D", "", figure).strip("0") or "0"
