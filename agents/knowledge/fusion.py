"""One ranking from two searches: vectors, which find the meaning, and words, which find the names."""

from collections.abc import Sequence
from typing import Protocol, TypeVar


class Found(Protocol):
    """What both searches say of a passage."""

    @property
    def cosine(self) -> float:
        """Similarity of question and passage, -1 to 1."""

    @property
    def bm25(self) -> float:
        """Score by words, 0 where none is shared."""

    @property
    def place(self) -> tuple[str, int]:
        """Document and number of the chunk, which settle a tie."""


F = TypeVar("F", bound=Found)


def fuse(found: Sequence[F], vector_weight: float) -> list[tuple[float, F]]:
    """Return what was found with its fused score, best first.

    The score is `vector_weight` x cosine + (1 - `vector_weight`) x BM25 / best BM25, between 0 and 1: both parts are
    kept as they are, not as ranks, so that a clear lead stays clear.

    Raises:
        ValueError: `vector_weight` lies outside 0 to 1.
    """
    if not 0 <= vector_weight <= 1:
        raise ValueError(f"a weight lies between 0 and 1, not at {vector_weight}")
    best = max((one.bm25 for one in found), default=0.0)

    def score(one: F) -> float:
        words = one.bm25 / best if best > 0 else 0.0
        return vector_weight * max(0.0, one.cosine) + (1 - vector_weight) * words

    return sorted(((score(one), one) for one in found), key=lambda scored: (-scored[0], scored[1].place))
