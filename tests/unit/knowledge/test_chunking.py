"""Chunks: nothing lost, nothing too long, in order, along the document's own lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.knowledge.chunking import Chunk, chunks
from agents.knowledge.documents import Parsed
from agents.knowledge.structure import front_matter
from tests.unit.knowledge.words import tokenize

LIMIT = 254
_PARTS = st.sampled_from(
    [
        "# Leave\n",
        "## How to apply\n",
        "#### \n",
        "Ask your lead. ",
        "It takes two days. Then, e.g. on Monday, you hear back. ",
        "word " * 300,
        "- an item\n",
        "  goes on here\n",
        "| a | b |\n|---|---|\n| 1 | 2 |\n",
        "```\ncode = 1\n\n# no heading\n",
        "```\n",
        "x" * 7000,
        "Übergröße straße — „so“\n",
        "第一条。第二条。",
        "\u200b\u200b",
        "\n\n",
        "\r\n",
        " " * 50,
        "Title\n=====\n",
        "---\ntitle: x\n---\n",
        "e\u0301" * 200,
        "-" * 900,
    ]
)
_TEXTS = st.lists(_PARTS, max_size=25).map("".join) | st.text(max_size=400)


def cut(text: str, *, title: str = "", is_markdown: bool = True, page_starts: tuple[int, ...] = ()) -> list[Chunk]:
    return chunks(Parsed(text, title, page_starts, is_markdown=is_markdown), tokenize, LIMIT)


@given(text=_TEXTS, title=st.text(max_size=300), is_markdown=st.booleans())
def test_chunks_tile_the_text_in_order_and_lose_only_white_space(text: str, title: str, *, is_markdown: bool) -> None:
    begin = len(front_matter(text)) if is_markdown else 0
    for chunk in cut(text, title=title, is_markdown=is_markdown):
        assert text[chunk.start : chunk.end] == chunk.content
        assert not text[begin : chunk.start].strip()
        assert chunk.content.strip() == chunk.content != ""
        begin = chunk.end
    assert not text[begin:].strip()


@given(text=_TEXTS, title=st.text(max_size=300))
def test_no_chunk_has_more_tokens_than_the_embedder_reads_its_headings_included(text: str, title: str) -> None:
    for chunk in cut(text, title=title):
        assert len(tokenize(chunk.embedded_text).starts) <= LIMIT


@given(text=_TEXTS)
def test_no_chunk_is_longer_than_postgres_can_index(text: str) -> None:
    assert all(len(chunk.content) <= 6000 for chunk in cut(text))


@given(text=_TEXTS)
def test_the_same_text_gives_the_same_chunks(text: str) -> None:
    assert cut(text) == cut(text)


def test_a_chunk_carries_the_title_and_the_headings_it_stands_under() -> None:
    filler = "word " * 100
    text = f"# Handbook\n\n{filler}\n\n## Leave\n\n{filler}\n\n### Sick leave\n\n{filler}\n\n## Travel\n\n{filler}"

    headings = [chunk.heading for chunk in cut(text, title="Handbook")]

    assert headings == ["Handbook", "Handbook > Leave", "Handbook > Leave > Sick leave", "Handbook > Travel"]


def test_a_short_section_joins_the_next_rather_than_stand_alone() -> None:
    assert len(cut("# A\n\nOne line.\n\n# B\n\nAnother line.")) == 1


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    sentence = "This sentence of the handbook has eleven words in it, more or less. "

    found = cut(sentence * 40, is_markdown=False)

    assert len(found) > 1
    assert all(chunk.content.startswith("This") and chunk.content.endswith("less.") for chunk in found)


def test_a_table_that_fits_stays_in_one_chunk() -> None:
    table = "| grade | days |\n|---|---|\n" + "".join(f"| {n} | {n} |\n" for n in range(20))

    found = cut("word " * 150 + "\n\n" + table)

    assert [table.strip() in chunk.content for chunk in found] == [False, True]


def test_a_heading_inside_code_is_no_heading() -> None:
    found = cut("# Setup\n\n```sh\n# install\npip install cairn\n```\n\n" + "word " * 100)

    assert {chunk.heading for chunk in found} == {"Setup"}


def test_front_matter_is_not_part_of_any_chunk() -> None:
    found = cut("---\ntitle: Leave\ntags: [a]\n---\n# Leave\n\nAsk early.")

    assert [chunk.content for chunk in found] == ["# Leave\n\nAsk early."]


def test_a_chunk_names_the_page_it_begins_on() -> None:
    first, second = "word " * 240 + "\n\n", "other " * 120

    found = cut(first + second, is_markdown=False, page_starts=(0, len(first)))

    assert [(chunk.page, chunk.content[:5]) for chunk in found] == [(1, "word "), (2, "other")]


def test_a_heading_too_long_for_a_chunk_is_shortened() -> None:
    found = cut("# " + "very " * 200 + "\n\nText.", title="T")

    assert len(tokenize(found[-1].heading).starts) <= 40


def test_a_text_without_words_has_no_chunks() -> None:
    assert cut(" \n\t\n") == []


def test_an_embedder_that_reads_too_little_is_refused() -> None:
    with pytest.raises(ValueError, match="room"):
        chunks(Parsed("text", ""), tokenize, 64)
