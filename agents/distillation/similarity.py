"""Which texts are nearly the same: MinHash finds candidates among very many, and each is then compared exactly.

Two texts are alike by the share of their word pairs that they have in common (Jaccard); case, width and punctuation do
not count. What is alike only in meaning is not found.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datasketch import MinHash

_PERMUTATIONS: Final = 128
_MAY_MISS: Final = 1e-6  # of the pairs that are just as alike as asked for
# Thai to Khmer, kana and Chinese characters put no blanks between words: there, each character is one.
_UNSPACED: Final = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD: Final = re.compile(rf"[^\W{_UNSPACED}]+|[{_UNSPACED}]")


def folded(text: str) -> str:
    """Return a text without what makes no difference: case, width, form of its characters, blanks."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


def shingles(text: str) -> frozenset[str]:
    """Return the pairs of neighbouring words of a text; the word, or the text, where there is no pair."""
    plain = folded(text)
    words = _WORD.findall(plain)
    pairs = (f"{first} {second}" for first, second in pairwise(words))
    return frozenset(pairs) or frozenset(words or [plain])


def likeness(first: frozenset[str], second: frozenset[str]) -> float:
    """Return the share of shingles that two texts have in common, 0 to 1."""
    return len(first & second) / len(first | second)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a text is compared by."""

    shingles: frozenset[str]
    signature: "MinHash"


def fingerprint(text: str) -> Fingerprint:
    """Return what a text is compared by."""
    held = shingles(text)
    signature = _empty_signature().copy()
    signature.update_batch([each.encode() for each in held])
    return Fingerprint(held, signature)


class Neighbours:
    """Texts by their names, of which those nearly the same as another are found."""

    def __init__(self, threshold: float) -> None:
        from datasketch import MinHashLSH  # noqa: PLC0415 - brings scipy, which takes seconds, and few processes filter

        self._threshold = threshold
        self._shingles: dict[str, frozenset[str]] = {}
        self._index = MinHashLSH(num_perm=_PERMUTATIONS, params=_bands(threshold))

    def add(self, name: str, print_of: Fingerprint) -> None:
        """Take a text in under a name of its own."""
        self._shingles[name] = print_of.shingles
        self._index.insert(name, print_of.signature)

    def like(self, print_of: Fingerprint) -> list[tuple[str, float]]:
        """Return the names of the texts that are at least as alike as the threshold, the most alike first."""
        candidates = self._index.query(print_of.signature)
        found = ((name, likeness(print_of.shingles, self._shingles[name])) for name in candidates)
        near = [(name, share) for name, share in found if share >= self._threshold]
        return sorted(near, key=lambda each: (-each[1], each[0]))


def groups(texts: Sequence[tuple[str, str]], threshold: float) -> list[list[str]]:
    """Return the names of texts (name, text), those nearly the same together, also where only by way of others."""
    neighbours, group_of = Neighbours(threshold), dict[str, list[str]]()
    for name, text in texts:
        print_of, joined = fingerprint(text), [name]
        for other, _ in neighbours.like(print_of):
            if group_of[other] is not joined:
                joined = _joined(joined, group_of[other], group_of)
        group_of[name] = joined
        neighbours.add(name, print_of)
    return list({id(group): group for group in group_of.values()}.values())


def _joined(first: list[str], second: list[str], group_of: dict[str, list[str]]) -> list[str]:
    """Put the smaller of two groups into the larger."""
    larger, smaller = (first, second) if len(first) > len(second) else (second, first)
    larger += smaller
    group_of.update(dict.fromkeys(smaller, larger))
    return larger


def _bands(threshold: float) -> tuple[int, int]:
    """Return number and length of the bands: the longest, which compare least, that still miss next to nothing."""
    for rows in range(16, 1, -1):
        bands = _PERMUTATIONS // rows
        if (1 - threshold**rows) ** bands <= _MAY_MISS:
            return bands, rows
    return _PERMUTATIONS, 1


@cache
def _empty_signature() -> "MinHash":
    from datasketch import MinHash  # noqa: PLC0415 - as above

    # Copied for each text: to draw the permutations anew takes longer than all else.
    return MinHash(num_perm=_PERMUTATIONS, seed=1)
