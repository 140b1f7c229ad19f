"""Whatever text comes in, Slack would take what goes out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.blocks.elements import (
    bullets,
    button,
    context,
    cut,
    cut_markup,
    escaped,
    fields,
    header,
    input_block,
    link,
    message,
    modal,
    option,
    person,
    plain,
    section,
    table,
)
from bot.blocks.message import Block
from bot.blocks.say import safe_markup
from tests.unit.blocks.checks import check_message, check_view

text = st.text(st.characters(codec=None), max_size=4_000)


@given(text)
def test_any_text_becomes_a_section_header_context_and_button_that_slack_takes(given: str) -> None:
    check_message(message(given, [section(given), header(given), context(given), context(escaped(given))]))
    check_message(message(given, [section(given, button(given, "press", {"id": "1"}))]))


@given(st.lists(st.lists(text, min_size=1, max_size=25), min_size=1, max_size=120))
def test_any_table_fits(rows: list[list[str]]) -> None:
    check_message(message("x", [table([["head"], *rows])]))


@given(st.lists(text, max_size=90))
def test_any_number_of_paragraphs_fits_into_one_message(texts: list[str]) -> None:
    made = check_message(message("x", [section(each) for each in texts]))
    assert len(made.blocks) <= 50


@given(st.lists(text, max_size=30), text)
def test_lists_and_pairs_fit(lines: list[str], title: str) -> None:
    check_message(
        message("x", [section("x"), *bullets(title, lines), fields([(line, line) for line in [title, *lines]])])
    )


def test_buttons_stay_when_paragraphs_do_not_fit() -> None:
    buttons: Block = {"type": "actions", "elements": [button("Go", "go", {})]}
    made = check_message(message("x", [*(section("a" * 2_900) for _ in range(30)), buttons]))
    assert made.blocks[-1] == buttons
    assert "shortened" in str(made.blocks[-2])


@given(text, text)
def test_any_form_fits(label: str, title: str) -> None:
    element = {"type": "plain_text_input", "action_id": "a", "placeholder": plain(label, 150)}
    check_view(modal("callback", title, [input_block("b", label, element, hint=label)], submit=title))


@given(text)
def test_escaped_text_mentions_nobody(given: str) -> None:
    assert "<" not in escaped(given)
    assert ">" not in escaped(given)


@pytest.mark.parametrize("bad", ["<!channel>", "<!here>", "<!everyone>", "<!subteam^S1|@all>", "<javascript:x|y>"])
def test_a_reply_calls_no_crowd(bad: str) -> None:
    assert "<" not in safe_markup(f"before {bad} after")


def test_a_reply_keeps_people_and_links() -> None:
    kept = "<@UALICE0001> see <https://example.com/a?b=1|the page> &amp; 1 &lt; 2"
    assert safe_markup(kept) == kept


@given(text)
def test_a_reply_is_safe_to_show_twice(given: str) -> None:
    assert safe_markup(safe_markup(given)) == safe_markup(given)


@pytest.mark.parametrize("whole", ["tail &amp;", "see <https://example.com/page|here>"])
def test_a_cut_leaves_no_half_of_an_entity_or_link(whole: str) -> None:
    for limit in range(2, len(whole)):
        shown = cut_markup(whole, limit)
        assert len(shown) <= limit
        assert shown.count("<") == shown.count(">")
        assert "&" not in shown.removesuffix("…") or "&amp;" in shown


def test_a_text_that_fits_is_not_touched_and_an_empty_one_is_a_dash() -> None:
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == "ab…"
    assert cut("  ", 3) == "-"


def test_a_value_that_slack_would_refuse_is_a_fault_not_a_silent_change() -> None:
    with pytest.raises(ValueError, match="151"):
        option("label", "v" * 151)
    with pytest.raises(ValueError, match="2000"):
        button("label", "a", {"text": "v" * 2_000})


def test_a_buttons_value_is_the_object_given() -> None:
    assert json.loads(button("x", "a", {"id": "é"})["value"]) == {"id": "é"}


def test_people_are_mentioned_and_shell_users_named() -> None:
    assert person("UALICE0001") == "<@UALICE0001>"
    assert person("shell:<root>") == "&lt;root&gt;"


def test_a_link_cannot_be_broken_out_of() -> None:
    assert link("https://x.y/a|b>c", "a|b>") == "<https://x.y/a%7Cb%3Ec|a¦b&gt;>"
