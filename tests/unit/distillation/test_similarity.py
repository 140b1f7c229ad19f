"""Texts that are nearly the same, and languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.distillation.languages import language_of
from agents.distillation.similarity import Neighbours, fingerprint, folded, groups, likeness, shingles

LONG = "please tell me how long a transfer to another country takes when it is sent on a friday evening by the app"


def near(first: str, second: str, threshold: float) -> bool:
    neighbours = Neighbours(threshold)
    neighbours.add("first", fingerprint(first))
    return bool(neighbours.like(fingerprint(second)))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Where is my card?", "where is my card"),
        ("\uff37\uff48\uff45\uff52\uff45 is my card", "Where  is\nmy card!"),
        ("caf\u00e9 near me", "cafe\u0301 near me"),
        ("STRASSE sperren", "straße sperren"),
        ("カードを止めたい", "カードを止めたい。"),
        ("?!", "?!"),
    ],
)
def test_case_width_and_punctuation_make_no_difference(first: str, second: str) -> None:
    assert near(first, second, 0.99)


@pytest.mark.parametrize(
    ("first", "second"),
    [("is my card lost", "is my card found"), ("カードを止めたい", "口座を閉じたい"), ("?!", "…"), ("yes", "no")],
)
def test_other_texts_are_not_nearly_the_same(first: str, second: str) -> None:
    assert not near(first, second, 0.9)


def test_likeness_is_the_share_of_word_pairs_in_common() -> None:
    assert likeness(shingles("a b c d"), shingles("A b c e")) == 2 / 4
    assert shingles("one") == {"one"}


def test_one_word_in_many_is_nearly_the_same_and_at_a_high_threshold_it_is_not() -> None:
    other = LONG.replace("friday", "monday")

    assert near(LONG, other, 0.8)
    assert not near(LONG, other, 0.9)


@given(words=st.lists(st.sampled_from("abcdefghijklmnop"), min_size=12, max_size=30), at=st.integers(0, 11))
def test_what_is_alike_enough_is_found_and_nothing_else(words: list[str], at: int) -> None:
    first, second = " ".join(words), " ".join([*words[:at], "zz", *words[at + 1 :]])

    assert near(first, second, 0.6) == (likeness(shingles(first), shingles(second)) >= 0.6)


def test_groups_join_by_way_of_others() -> None:
    texts = [("1", "a b c d e f"), ("2", "x y z"), ("3", "c d e f g h"), ("4", "b c d e f g"), ("5", "X, y z!")]

    found = {frozenset(group) for group in groups(texts, 0.6)}

    assert found == {frozenset("134"), frozenset("25")}


@given(texts=st.lists(st.text(max_size=12), max_size=12))
def test_every_text_is_in_one_group_and_the_same_texts_share_it(texts: list[str]) -> None:
    found = groups([(str(place), text) for place, text in enumerate(texts)], 0.7)

    assert sorted(name for group in found for name in group) == sorted(map(str, range(len(texts))))
    group_of = {name: place for place, group in enumerate(found) for name in group}
    for place, text in enumerate(texts):
        for other in range(place):
            if folded(texts[other]) == folded(text):
                assert group_of[str(place)] == group_of[str(other)]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Where can I find the exchange rate that you use for dollars?", "en"),
        ("Ich möchte gerne meine Karte sperren lassen, bitte", "de"),
        ("Je voudrais bloquer ma carte de crédit, s'il vous plaît", "fr"),
        ("Quiero cancelar mi tarjeta de crédito ahora mismo", "es"),
        ("私のカードを止めたいのですがどうすればいいですか、教えてください", "ja"),
        ("Karte sperren", None),
        ("", None),
        ("4711 0815 4242 4242 4242 4242 4242", None),
    ],
)
def test_the_language_of_a_text_is_told_where_there_is_enough_of_it(text: str, language: str | None) -> None:
    assert language_of(text) == language
