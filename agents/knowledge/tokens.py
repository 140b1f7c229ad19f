"""Where the tokens of a text lie."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a text in order: at which character each starts, and which of them begin a word.

    A tokenizer cuts a text into words before it cuts words into tokens, so a piece of the text that begins and ends
    between words has exactly the tokens it had as a part of the whole.
    """

    starts: Sequence[int]
    # Positions in `starts` of the tokens that begin a word.
    word_starts: Sequence[int]

    def between(self, start: int, end: int) -> int:
        """Return how many tokens begin at characters [start, end)."""
        return bisect_left(self.starts, end) - bisect_left(self.starts, start)

    def words_between(self, start: int, end: int) -> list[int]:
        """Return at which characters of [start, end) words begin."""
        first = bisect_left(self.word_starts, start, key=self._start_of)
        last = bisect_left(self.word_starts, end, key=self._start_of)
        return [self.starts[number] for number in self.word_starts[first:last]]

    def _start_of(self, number: int) -> int:
        return self.starts[number]
