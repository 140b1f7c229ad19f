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
            text=plain_text(_own_words(message["text"])),
            is_newest=message["id"] == turn["id"],
            followed_by=frozenset(sources[number + 1 :]),
        )
        for number, (at, message) in enumerate(people)
        if not _is_press(history, at)
    ]


def where_said(quote: str, said: Sequence[Said]) -> Said | None:
    """Return the newest message in which the words of a quote stand."""
    words = plain_text(quote).strip(_AROUND)
    if not words or _GAP in words:
        return None
    return next((each for each in reversed(said) if _stands(words, each.text)), None)


def plain_text(text: str) -> str:
    """Return a text with what does not change its words made equal: blanks, case, signs, digits, Slack's escapes."""
    folded = unicodedata.normalize("NFKC", html.unescape(text)).translate(_SIGNS).casefold()
    digits = "".join(str(unicodedata.decimal(each)) if each.isdecimal() else each for each in folded)
    return " ".join(digits.split())


def _own_words(text: str) -> str:
    """Return a message without the lines that quote somebody else."""
    unescaped = html.unescape(text)
    return _QUOTED_LINE.sub(_GAP, _QUOTED_REST.sub(_GAP, unescaped))


def _stands(words: str, text: str) -> bool:
    """Return whether words stand in a text, as whole words and whole figures."""
    at = text.find(words)
    while at >= 0:
        if not (_reaches_on(words[0], text[:at][::-1]) or _reaches_on(words[-1], text[at + len(words) :])):
            return True
        at = text.find(words, at + 1)
    return False


def _reaches_on(edge: str, beyond: str) -> bool:
    """Return whether a word or figure with this letter at its edge goes on in what follows it, read outwards."""
    if edge.isdecimal() and re.match(r"[.,]\d", beyond):
        return True
    return bool(beyond) and _is_joined(beyond[0]) and _is_joined(edge)


def _is_joined(letter: str) -> bool:
    return letter.isalnum() and not any(low <= ord(letter) <= high for low, high in _UNSPACED)


def _source(message: Message, turn: Turn) -> str:
    return turn["source"] if message["id"] == turn["id"] else message.get("source", message["id"])


def _is_press(history: Sequence[Message], at: int) -> bool:
    return at + 1 < len(history) and history[at + 1]["id"] == f"{history[at]['id']}:press"
