"""Quotes, their verification, and when there is no answer."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agents.knowledge.answers import Answer, Evidence, Passage, answer, coverage, supports, weights
from agents.knowledge.citations import Citation, verify
from agents.knowledge.quotes import chosen, nearest_in_words, quotable, units

TEXT = "# Leave\n\nYou get 30 days a year. Ask your lead first.\n\n- Sick days are extra.\n- Do you need a note?\n"


def make_passage(text: str = TEXT, *, document: str = "leave.md", start: int = 100, score: float = 0.8) -> Passage:
    return Passage(document, start, start + len(text), text, score, heading="Leave")


def make_evidence(passage: Passage, *, cosine: float = 0.6, shared: frozenset[str] = frozenset({"leav"})) -> Evidence:
    return Evidence(passage, cosine, shared)


def make_citation(quote: str, passage: Passage) -> Citation:
    start = passage.start + passage.text.index(quote)
    return Citation(passage.document, quote, start, start + len(quote))


@given(text=st.text(min_size=1), start=st.integers(0, 1000), data=st.data())
def test_a_quote_holds_where_it_stands_and_nowhere_else(text: str, start: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(text) - 1))
    last = data.draw(st.integers(first + 1, len(text)))
    quote = text[first:last]
    assume(quote.strip())

    assert verify(quote, start + first, start + last, text, text_start=start)
    assert not verify(quote + "x", start + first, start + last + 1, text, text_start=start)
    assert not verify(quote, start + first - 1, start + last, text, text_start=start)


@pytest.mark.parametrize(
    ("quote", "start", "end"),
    [("days", -4, 0), ("You get", 9, 15), ("you get", 9, 16), ("", 9, 9), (" ", 12, 13), ("note?\n", 900, 906)],
)
def test_a_quote_that_differs_lies_outside_or_says_nothing_does_not_hold(quote: str, start: int, end: int) -> None:
    assert not verify(quote, start, end, TEXT)


def test_a_quote_that_stands_in_no_passage_leaves_the_answer() -> None:
    passage = make_passage()
    good = make_citation("Ask your lead first.", passage)
    forged = Citation(passage.document, "You get 90 days a year.", good.start, good.start + 23)

    given_answer = answer([make_evidence(passage)], [forged, good])

    assert given_answer.citations == (good,)
    assert given_answer.text == "“Ask your lead first.” [1]"


def test_an_answer_without_a_quote_that_holds_is_an_abstention() -> None:
    passage = make_passage()

    given_answer = answer([make_evidence(passage)], [Citation("other.md", "You get 30 days a year.", 109, 132)])

    assert given_answer.abstained
    assert (given_answer.citations, given_answer.passages) == ((), (passage,))


def test_an_answer_survives_as_json() -> None:
    passage = make_passage()
    given_answer = answer([make_evidence(passage)], [make_citation("Ask your lead first.", passage)])

    assert Answer.from_document(given_answer.document()) == given_answer


def test_rare_words_weigh_more_and_missing_ones_most() -> None:
    weight = weights({"leav": 90, "jury": 2, "zeppelin": 0}, chunks=100)

    assert weight["leav"] < weight["jury"] < weight["zeppelin"]


@given(st.dictionaries(st.text(max_size=5), st.integers(0, 1000)), st.sets(st.text(max_size=5)))
def test_coverage_is_a_share(frequency: dict[str, int], shared: set[str]) -> None:
    assert 0 <= coverage(frozenset(shared), weights(frequency, chunks=1000)) <= 1.0000001


@pytest.mark.parametrize(
    ("cosine", "shared", "may_answer"),
    [
        (0.4, {"jury", "duty"}, True),
        (0.4, {"duty"}, False),  # the rarer half of the question is missing
        (0.1, {"jury", "duty"}, False),  # the same words about something else
        (0.7, set(), True),  # the same thing in other words
        (0.4, set(), False),
    ],
)
def test_a_passage_may_answer_by_enough_of_the_words_or_by_its_meaning(
    cosine: float, shared: set[str], *, may_answer: bool
) -> None:
    weight = weights({"jury": 1, "duty": 20}, chunks=100)

    assert supports(make_evidence(make_passage(), cosine=cosine, shared=frozenset(shared)), weight) is may_answer


def test_what_can_be_quoted_are_sentences_and_items_with_their_heading() -> None:
    found = units(make_passage())

    assert [(unit.quote, unit.under) for unit in found] == [
        ("You get 30 days a year.", "Leave"),
        ("Ask your lead first.", "Leave"),
        ("- Sick days are extra.", "Leave"),
        ("- Do you need a note?", "Leave"),
    ]
    assert all(verify(unit.quote, unit.start, unit.end, TEXT, text_start=100) for unit in found)


@given(st.text(alphabet=st.sampled_from("ab .\n#-|`?!\u200b*"), max_size=1200))
def test_every_quotable_part_stands_in_its_passage_and_is_short(text: str) -> None:
    for unit in units(make_passage(text)):
        assert verify(unit.quote, unit.start, unit.end, text, text_start=100)
        assert len(unit.quote) <= 400


def test_a_question_in_the_text_comes_after_a_statement() -> None:
    weight = {"note": 1.0}
    text = "Do you need a note? Bring a note."
    stems = {"Do you need a note?": frozenset({"need", "note"}), "Bring a note.": frozenset({"bring", "note"})}

    ranked = nearest_in_words(quotable([make_evidence(make_passage(text))], weight), weight, stems)

    assert [unit.quote for _, unit in ranked] == ["Bring a note.", "Do you need a note?"]


def test_the_nearest_quotes_are_chosen_and_stand_in_the_order_of_the_text() -> None:
    found = [(0.9, unit) for unit in units(make_passage())]

    cited = chosen(found, [0.5, 0.1, 0.6, 0.0])

    assert [citation.quote for citation in cited] == ["You get 30 days a year.", "- Sick days are extra."]


def test_the_same_words_are_quoted_once() -> None:
    found = [
        (0.9, unit)
        for document in ("a.md", "b.md")
        for unit in units(make_passage("Ask your lead first.", document=document))
    ]

    assert [citation.document for citation in chosen(found, [0.6, 0.6])] == ["a.md"]


def test_nothing_to_quote_gives_no_quotes() -> None:
    assert chosen([], []) == []
