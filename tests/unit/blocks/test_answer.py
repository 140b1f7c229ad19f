"""The answer card: quotes with their places, and an abstention that says so."""

from hypothesis import given
from hypothesis import strategies as st

from agents.knowledge.answers import Answer, Passage
from agents.knowledge.citations import Citation
from bot.blocks.answer import answer_message
from tests.unit.blocks.checks import check_message

text = st.text(st.characters(codec=None), max_size=1_500)
links = st.none() | st.text(st.characters(codec=None), min_size=1, max_size=100)
passages = st.builds(
    Passage,
    document=text,
    start=st.integers(0, 9),
    end=st.integers(10, 99),
    text=text,
    score=st.floats(0, 1),
    heading=text,
    page=st.none() | st.integers(1, 99),
    link=links,
)
citations = st.builds(
    Citation, document=text, quote=text, start=st.integers(0, 20), end=st.integers(21, 50), link=links
)


@given(
    text,
    text,
    st.builds(
        Answer,
        passages=st.lists(passages, max_size=10).map(tuple),
        text=text,
        citations=st.lists(citations, max_size=10).map(tuple),
        abstained=st.booleans(),
    ),
)
def test_any_answer_fits(index: str, question: str, answer: Answer) -> None:
    check_message(answer_message(index, question, "UALICE0001", answer))


def test_a_quote_stands_with_its_linked_document_page_and_heading() -> None:
    passage = Passage("leave.md", 100, 300, "…", 0.9, "Time off", 4, None)
    cited = Citation("leave.md", "Ask <your> lead & wait.", 120, 143, "https://docs.example/leave.md#L4")
    made = answer_message("handbook", "Who approves leave?", "UALICE0001", Answer((passage,), "…", (cited,), False))

    assert made.blocks[1]["text"]["text"] == "> Ask &lt;your&gt; lead &amp; wait."
    assert made.blocks[2]["elements"][0]["text"] == (
        "[1] <https://docs.example/leave.md#L4|leave.md> · page 4 · Time off"
    )


def test_an_abstention_says_so_and_names_what_came_closest() -> None:
    passage = Passage("leave.md", 0, 10, "…", 0.2, "", None, None)
    made = answer_message("handbook", "What is the moon made of?", "UALICE0001", Answer((passage,), "", (), True))

    shown = str(made.blocks)
    assert "nothing there that answers this" in shown
    assert "`leave.md`" in shown
