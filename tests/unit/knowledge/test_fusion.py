"""One ranking from two searches."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.knowledge.fusion import fuse


@dataclass(frozen=True, slots=True)
class Hit:
    place: tuple[str, int]
    cosine: float = 0.0
    bm25: float = 0.0


_HITS = st.lists(
    st.builds(
        Hit,
        place=st.tuples(st.sampled_from("abc"), st.integers(0, 50)),
        cosine=st.floats(-1, 1),
        bm25=st.floats(0, 50),
    ),
    unique_by=lambda hit: hit.place,
)


def test_half_of_each_search_makes_the_score() -> None:
    ranked = fuse([Hit(("a", 0), cosine=0.4, bm25=10), Hit(("b", 0), cosine=0.8, bm25=5)], 0.5)

    assert [(round(score, 3), hit.place) for score, hit in ranked] == [(0.7, ("a", 0)), (0.65, ("b", 0))]


def test_a_passage_that_no_word_finds_can_still_come_first() -> None:
    ranked = fuse([Hit(("a", 0), cosine=0.9), Hit(("b", 0), cosine=0.1, bm25=0.0)], 0.5)

    assert ranked[0][1].place == ("a", 0)


@given(hits=_HITS, weight=st.floats(0, 1))
def test_scores_lie_between_0_and_1_and_fall(hits: list[Hit], weight: float) -> None:
    scores = [score for score, _ in fuse(hits, weight)]

    assert all(0 <= score <= 1 for score in scores)
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == len(hits)


@given(hits=_HITS, weight=st.floats(0, 1))
def test_the_order_of_what_was_found_does_not_matter(hits: list[Hit], weight: float) -> None:
    assert fuse(hits, weight) == fuse(list(reversed(hits)), weight)


@given(hits=_HITS)
def test_with_all_weight_on_vectors_words_count_nothing(hits: list[Hit]) -> None:
    assert [hit.place for _, hit in fuse(hits, 1.0)] == [
        hit.place for hit in sorted(hits, key=lambda hit: (-max(0.0, hit.cosine), hit.place))
    ]


@pytest.mark.parametrize("weight", [-0.1, 1.1])
def test_a_weight_outside_0_to_1_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        fuse([], weight)
