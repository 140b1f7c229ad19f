"""What a text is made of."""

import pytest

from agents.knowledge.sentences import sentences
from agents.knowledge.structure import Kind, blocks, front_matter, parts, plain, title_of


def kinds(text: str, *, is_markdown: bool = True) -> list[tuple[str, str]]:
    return [(block.kind.value, text[block.start : block.end]) for block in blocks(text, is_markdown=is_markdown)]


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


def test_markdown_falls_into_headings_paragraphs_lists_tables_and_code() -> None:
    text = "# A\ntext\nmore\n\n- one\n- two\n\n| a |\n|---|\n\n~~~\nx\n\ny\n~~~\nend"

    assert kinds(text) == [
        ("heading", "# A"),
        ("paragraph", "text\nmore"),
        ("list", "- one\n- two"),
        ("list", "| a |\n|---|"),
        ("code", "~~~\nx\n\ny\n~~~"),
        ("paragraph", "end"),
    ]


def test_an_underlined_line_is_a_heading() -> None:
    assert kinds("Title\n=====\n\nSub\n---\ntext") == [
        ("heading", "Title\n====="),
        ("heading", "Sub\n---"),
        ("paragraph", "text"),
    ]


def test_a_rule_after_a_list_is_no_heading() -> None:
    assert kinds("- item\n---\n")[0][0] == "list"


def test_code_that_is_never_closed_reaches_to_the_end() -> None:
    assert kinds("```\n# a\n\nb") == [("code", "```\n# a\n\nb")]


def test_plain_text_has_no_headings() -> None:
    assert kinds("# not a heading\n\ntext", is_markdown=False) == [
        ("paragraph", "# not a heading"),
        ("paragraph", "text"),
    ]


def test_an_item_that_goes_on_in_the_next_line_is_one_part() -> None:
    text = "Steps:\n1. Open the form\nand sign it.\n2. Send it."
    (block,) = blocks(text, is_markdown=True)

    assert block.kind is Kind.LIST
    assert [text[start:end] for start, end in parts(text, block)] == [
        "Steps:",
        "1. Open the form\nand sign it.",
        "2. Send it.",
    ]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("---\ntitle: 'Paid leave'\n---\n# Other", "Paid leave"),
        ("# The **guide** to [leave](x.md)\n", "The guide to leave"),
        ("## Only a section\n", "file"),
        ("---\ntitle:\n---\ntext", "file"),
        ("", "file"),
    ],
)
def test_a_title_comes_from_the_head_then_the_first_heading_then_the_file(text: str, title: str) -> None:
    assert title_of(text, "file") == title


def test_a_rule_at_the_top_is_no_front_matter() -> None:
    assert front_matter("---\nno end in sight") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Ask Dr. Smith, e.g. on Monday. Or call.", ["Ask Dr. Smith, e.g. on Monday.", "Or call."]),
        ("It costs 3.50 a day. Fine.", ["It costs 3.50 a day.", "Fine."]),
        ("See config.yaml for more", ["See config.yaml for more"]),
        ("第一条。第二条！", ["第一条。", "第二条！"]),  # noqa: RUF001  # full-width, as written there
        ('He said "Go." Then he left.', ['He said "Go."', "Then he left."]),
        ("  \n ", []),
    ],
)
def test_sentences_end_at_their_marks_but_not_at_abbreviations(text: str, expected: list[str]) -> None:
    assert split(text) == expected


def test_plain_words_have_neither_marks_nor_addresses() -> None:
    assert plain("**Ask** [the team](https://a.example/x_y) `now` <br> in snake_case {% x %}") == (
        "Ask the team now in snake_case"
    )
