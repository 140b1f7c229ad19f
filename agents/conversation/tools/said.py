"""What people of the thread wrote, and where the words of a quote stand in it.

Quoted lines ("> …") and presses are nobody's words. A quote is looked for as it stands, with blanks, case, typographic
signs and Slack's escapes made equal, and it begins and ends at words.
"""

import html
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agents.conversation.state import Message, Turn

_QUOTED_LINE: Final = re.compile(r"^\s*>(?!>>).*$", re.MULTILINE)
_QUOTED_REST: Final = re.compile(r"^\s*>>>.*", re.MULTILINE | re.DOTALL)
# Stands for what was left out, so that no quote reaches across it.
_GAP: Final = "\ue000"
_SIGNS: Final = str.maketrans(
    {
        **dict.fromkeys(
            "\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}\N{MODIFIER LETTER APOSTROPHE}", "'"
        ),
        **dict.fromkeys("\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}", '"'),
        **dict.fromkeys("\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}\N{NON-BREAKING HYPHEN}", "-"),
    }
)
_AROUND: Final = " \"'`*_.,;:!?…"
# Scripts without blanks between words begin here: Thai and its neighbours, then everything from CJK on.
_UNSPACED: Final = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x2E80, 0x10FFFF))
_FIGURE: Final = re.compile(r"\d+(?:[.,]\d+)*")
_IN_GROUPS: Final = re.compile(r"\d{1,3}(?:[' ]\d{3})+(?!\d)")


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a person: its author, its source, and the sources of what came after it."""

    who: str
    source: str
    text: str
    is_newest: bool
    followed_by: frozenset[str]


def said_in(history: Sequence[Message], turn: Turn) -> list[Said]:
    """Return what people wrote in the messages that are kept, oldest first."""
    people = [
        (at, message)
        for at, message in enumerate(history)
        if message["role"] == "human" and message.get("who") and "digest" not in message
    ]
    sources = [_source(message, turn) for _, message in people]
    return [
        Said(
            who=message["who"],
            source=sources[number],
            text=_plain(_own_words(message["text"])),
            is_newest=message["id"] == turn["id"],
            followed_by=frozenset(sources[number + 1 :]),
        )
        for number, (at, message) in enumerate(people)
        if not _is_press(history, at)
    ]


def where_said(quote: str, said: Sequence[Said]) -> Said | None:
    """Return the newest message in which the words of a quote stand."""
    words = _plain(quote).strip(_AROUND)
    if not words or _GAP in words:
        return None
    return next((each for each in reversed(said) if _stands(words, each.text)), None)


def foreign_figures(value: str, quote: str) -> list[str]:
    """Return the figures of a value that its quote does not have, by their digits; none where a quote has no digits.

    Figures in words, and in other writing than ours, are left to people: answers are shown to be checked.
    """
    said = {_digits(each) for pattern in (_FIGURE, _IN_GROUPS) for each in pattern.findall(_plain(quote))}
    if not said:
        return []
    stated = _IN_GROUPS.sub(lambda match: re.sub(r"\D", "", match[0]), _plain(value))
    return [each for each in _FIGURE.findall(stated) if _digits(each) not in said]


def _digits(figure: str) -> str:
    """Return the digits that do not depend on scale or convention: "4" for 40.000, 40k's 40 and 0.4."""
    return re.sub(r"\D", "", figure).strip("0") or "0"


def _own_words(text: str) -> str:
    """Return a message without the lines that quote somebody else."""
    unescaped = html.unescape(text)
    return _QUOTED_LINE.sub(_GAP, _QUOTED_REST.sub(_GAP, unescaped))


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", html.unescape(text)).translate(_SIGNS).casefold()
    return " ".join(folded.split())


def _stands(words: str, text: str) -> bool:
    """Return whether words stand in a text, as whole words."""
    at = text.find(words)
    while at >= 0:
        end = at + len(words)
        begins = at == 0 or not (_is_joined(text[at - 1]) and _is_joined(words[0]))
        ends = end == len(text) or not (_is_joined(text[end]) and _is_joined(words[-1]))
        if begins and ends:
            return True
        at = text.find(words, at + 1)
    return False


def _is_joined(letter: str) -> bool:
    return letter.isalnum() and not any(low <= ord(letter) <= high for low, high in _UNSPACED)


def _source(message: Message, turn: Turn) -> str:
    return turn["source"] if message["id"] == turn["id"] else message.get("source", message["id"])


def _is_press(history: Sequence[Message], at: int) -> bool:
    return at + 1 < len(history) and history[at + 1]["id"] == f"{history[at]['id']}:press"
