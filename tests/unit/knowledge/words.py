"""A tokenizer for tests: every word is a token, and a long word is several, as with a real one."""

import re

from agents.knowledge.tokens import Tokens

_PIECE = 4
_WORD = re.compile(r"\w+|[^\w\s]")


def tokenize(text: str) -> Tokens:
    """Return words cut into pieces of four letters; a word of over a hundred letters is one unknown token."""
    starts: list[int] = []
    word_starts: list[int] = []
    for word in _WORD.finditer(text):
        word_starts.append(len(starts))
        step = len(word.group()) if len(word.group()) > 100 else _PIECE
        starts += range(word.start(), word.end(), step)
    return Tokens(starts, word_starts)
