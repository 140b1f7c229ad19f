"""Sentences out of pieces: never too early, never half a figure, and joined they are the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.dialogue.sentences import LONGEST, Sentences

TEXT = """Cost it is (S2). At 3.5 million, e.g. with gpt-4.1, it pays. Really? Yes! "Done." Next.
1. First item costs $4.50 a day.
2. Second, approx. 5 % of it.

# Heading
Text after `a. B` code. Then:
```py
x = 1.
y
```
これは文です。次の文。終わり
Last line without end"""  # as Japanese is typed
WHOLE = [
    "Cost it is (S2). ",
    "At 3.5 million, e.g. with gpt-4.1, it pays. ",
    "Really? ",
    "Yes! ",
    '"Done." ',
    "Next.\n",
    "1. First item costs $4.50 a day.\n",
    "2. Second, approx. 5 % of it.\n\n",
    "# Heading\n",
    "Text after `a. B` code. ",
    "Then:\n",
    "```py\nx = 1.\ny\n```\n",
    "これは文です。",
    "次の文。",
    "終わり\n",
    "Last line without end",
]


def in_pieces(text: str, cuts: list[int]) -> list[str]:
    sentences, found, at = Sentences(), [], 0
    for cut in [*sorted(cuts), len(text)]:
        found += sentences.feed(text[at:cut])
        at = max(at, cut)
    return [each for each in [*found, sentences.rest()] if each]


@given(st.lists(st.integers(0, len(TEXT)), max_size=40))
def test_the_sentences_are_the_same_however_the_text_comes(cuts: list[int]) -> None:
    assert in_pieces(TEXT, cuts) == WHOLE


@given(st.text(alphabet="ab1.0,!?\n` -*。#", max_size=200), st.lists(st.integers(0, 200), max_size=20))
def test_joined_they_are_the_text(text: str, cuts: list[int]) -> None:
    assert "".join(in_pieces(text, [cut for cut in cuts if cut <= len(text)])) == text


@pytest.mark.parametrize(
    "begun", ["It costs 40", "It costs 40.", "It costs $1", "Some 1,2", "gpt-4.", "approx. ", "Yes"]
)
def test_what_may_go_on_waits(begun: str) -> None:
    assert Sentences().feed(begun) == []


def test_a_sentence_is_given_out_once_the_next_begins() -> None:
    sentences = Sentences()

    assert sentences.feed("It costs 40.") == []
    assert sentences.feed("5 a day. Th") == ["It costs 40.5 a day. "]
    assert sentences.rest() == "Th"


def test_a_score_ends_a_sentence_and_a_day_of_a_month_does_not() -> None:
    sentences = Sentences()

    assert sentences.feed("It scores 88. That was am 3. Mai. So") == ["It scores 88. ", "That was am 3. Mai. "]


def test_a_text_without_an_end_is_parted_between_words_and_not_within_a_figure() -> None:
    sentences = Sentences()

    found = sentences.feed("word " * 119 + "40 000 requests and on " + "word " * 40)

    assert found
    assert all(len(each) <= LONGEST for each in found)
    assert any("40 000" in each for each in [*found, sentences.rest()])


def test_code_is_one_sentence_and_waits_for_its_end() -> None:
    sentences = Sentences()

    assert sentences.feed("```\na. B\nc. D\n") == []
    assert sentences.feed("```\nDone") == ["```\na. B\nc. D\n```\n"]
