"""Whether a reply repeats the instructions that the model was given, which are not for the thread."""

import re
import unicodedata
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

LONGEST_RUN: Final = 10
"""Words in a row that chance, or saying the same thing, may share with the instructions."""

_WORD: Final = re.compile(r"[^\W_]+")
# A wording that the instructions suggest is there to be said.
_SUGGESTED: Final = re.compile(r"\"[^\"]*\"|“[^”]*”")


class Instructions:
    """Texts that must not be repeated.

    Args:
        texts: What the model was told; what stands there in quotation marks may be said.
        shown: What of it people see elsewhere, and may be said.
    """

    def __init__(self, texts: Iterable[str] = (), shown: Iterable[str] = ()) -> None:
        told = {run for text in texts for part in _SUGGESTED.split(text) for run in _runs(_words(part))}
        self._runs = told - {run for text in shown for run in _runs(_words(text))}

    def repeated(self, words: Sequence[str]) -> str | None:
        """Return the first run of words that stands in the instructions and is too long for chance, or None."""
        return next((" ".join(run) for run in _runs(words) if run in self._runs), None)


class Repetition:
    """Looks for instructions in a reply that comes sentence by sentence, however short it cuts them.

    Args:
        instructions: What must not be repeated.
    """

    def __init__(self, instructions: Instructions) -> None:
        self._instructions = instructions
        self._before: deque[str] = deque(maxlen=LONGEST_RUN)

    def found_in(self, sentence: str) -> str | None:
        """Return the words of the instructions that end in the next sentence, or None."""
        words = _words(sentence)
        found = self._instructions.repeated([*self._before, *words])
        self._before.extend(words)
        return found


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def _runs(words: Sequence[str]) -> Iterable[tuple[str, ...]]:
    """Yield every run of one word more than may be shared."""
    return (tuple(words[at : at + LONGEST_RUN + 1]) for at in range(len(words) - LONGEST_RUN))
