"""Text made plain for finding figures: digits of any script, fractions, powers and number words become ASCII digits."""

import re
import unicodedata
from collections.abc import Set
from decimal import Decimal
from typing import Final

from agents.dialogue.number_words import in_digits

_SUPERSCRIPTS: Final = {character: str(digit) for digit, character in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}
_POWER: Final = re.compile(f"(?<=\\d)[{''.join(_SUPERSCRIPTS)}]+")
_ODD: Final = re.compile(r"[^\x00-\x7f]")
_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_EMPHASIS: Final = re.compile(r"`|\*\*|__|~~|(?<!\d)\*|\*(?!\d)|(?<![A-Za-z0-9])_+|_+(?![A-Za-z0-9])")
_SEPARATORS: Final = str.maketrans({"٫": ".", "٬": ",", "’": "'", "−": "-", "‑": "-", "،": ","})  # noqa: RUF001  # typographic signs
_LETTER: Final = "A-Za-zÀ-žµ_"
_TOKEN: Final = re.compile(rf"[{_LETTER}0-9]+(?:[-.][{_LETTER}0-9]+)*")
_CODES: Final = "USD|EUR|GBP|CHF|JPY|INR|CNY|CAD|AUD|PLN|SEK|NOK|DKK|US|RMB"
_STUCK: Final = re.compile(rf"(?<![{_LETTER}0-9])({_CODES})[-_]?(?=[$\d])", re.IGNORECASE)
# "approx.40" and "about-40,000" are no names.
_NO_NAME: Final = re.compile(
    r"[a-zß-ž]+\.\d[\d,.]*[a-z]{0,3}|[a-zß-ž]+-\d{4,}[a-z]{0,3}|[a-z]{1,3}\d{5,}", re.IGNORECASE
)
_FIGURE_LIKE: Final = re.compile(
    r"[\d.,]+[-.]?(?:[a-z]{0,3}|thousand|million|billion)(?:-[\d.,]+[a-z]{0,3})?", re.IGNORECASE
)
_ENUMERATION: Final = re.compile(r"(?m)^[ \t]*(?:[->*•][ \t]+)?(?:1?\d|20)[.)][ \t]+(?=\D)")


def plain(text: str, names: Set[str] = frozenset()) -> str:
    """Return a text in lower case in which every figure is in ASCII digits, and nothing else is.

    Names of models, rules and people lose their digits, and so do list numbers; small number words that count nothing
    measured stay words ("two options").

    Args:
        text: What was written.
        names: Tokens in lower case of letters and digits that stand so in a source, such as ids of runs.
    """
    if _ODD.search(text):
        text = _POWER.sub(lambda match: "^" + "".join(_SUPERSCRIPTS[each] for each in match.group()), text)
        text = _ODD.sub(_ascii, _INVISIBLE.sub("", text).translate(_SEPARATORS))
    text = _STUCK.sub(r"\1 ", _EMPHASIS.sub("", text))
    text = _ENUMERATION.sub(" ", text)
    text = _TOKEN.sub(lambda token: _without_names(token.group(), names), text)
    return in_digits(text.lower())


def names_of(text: str) -> Set[str]:
    """Return the tokens of a text that mix letters and digits, in lower case."""
    return {token for token in _TOKEN.findall(text.lower()) if _is_mixed(token)}


def _ascii(match: re.Match[str]) -> str:
    """Return a character that is not ASCII as plain digits and signs where it is some; "2½" becomes "2.5"."""
    character = match.group()
    if (digit := unicodedata.digit(character, None)) is not None and unicodedata.category(character) == "Nd":
        return str(digit)
    if unicodedata.category(character) == "No" and unicodedata.decomposition(character).startswith("<fraction>"):
        return _fraction(match)
    return unicodedata.normalize("NFKC", character)


def _fraction(match: re.Match[str]) -> str:
    value = round(Decimal(repr(unicodedata.numeric(match.group()))), 4).normalize()
    is_behind_digit = match.start() > 0 and match.string[match.start() - 1].isdigit()
    return f"{value:f}"[1:] if is_behind_digit and value < 1 else f"{value:f}"


def _without_names(token: str, names: Set[str]) -> str:
    if not any(character.isdigit() for character in token):
        return token
    if token[0].isdigit():
        return " " if token.lower() in names and not _FIGURE_LIKE.fullmatch(token) else token
    if _NO_NAME.fullmatch(token) and token.lower() not in names:
        return re.sub(r"^[^\d]+", " ", token)
    return " "


def _is_mixed(token: str) -> bool:
    return any(each.isdigit() for each in token) and any(each.isalpha() for each in token)
