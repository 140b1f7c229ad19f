"""Block Kit as Slack takes it: each limit at its edge, each refusal with its place."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.localslack.errors import SlackError
from bot.localslack.validation import checked_blocks, checked_view


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def option(value: str = "v", text: str = "t") -> dict[str, Any]:
    return {"text": plain(text), "value": value}


def button(**more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain("Go"), **more}


def section(text: str = "x", **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def asked(element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "input", "label": plain("L"), "element": element, **more}


def table(rows: int, columns: int, **more: Any) -> dict[str, Any]:
    row = [{"type": "raw_text", "text": "c"}] * columns
    return {"type": "table", "rows": [row] * rows, **more}


def rich(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": list(parts)}


def rich_section(text: str = "x", **style: bool) -> dict[str, Any]:
    part = {"type": "text", "text": text} | ({"style": style} if style else {})
    return {"type": "rich_text_section", "elements": [part]}


SELECT = {"type": "static_select", "options": [option("a"), option("b")]}
CONFIRM = {"title": plain("T"), "text": plain("X"), "confirm": plain("Y"), "deny": plain("N")}
NUMBER = {"type": "number_input", "is_decimal_allowed": True}


def problems(*blocks: Any) -> tuple[str, ...]:
    with pytest.raises(SlackError) as caught:
        checked_blocks(list(blocks), lambda _: None)
    assert caught.value.code == "invalid_blocks"
    return caught.value.problems


GOOD = [
    section("x" * 3000),
    {"type": "section", "fields": [plain("f")] * 10},
    section(accessory=button(style="primary", value="v" * 2000, confirm=CONFIRM)),
    section(accessory={"type": "overflow", "options": [option(str(n)) for n in range(5)]}),
    {"type": "header", "text": plain("x" * 150)},
    {"type": "divider", "block_id": "b" * 255},
    {"type": "context", "elements": [plain("c"), {"type": "mrkdwn", "text": "c"}]},
    {"type": "image", "image_url": "https://a.b/c.png", "alt_text": "a", "title": plain("t")},
    actions(
        button(action_id="1"),
        SELECT | {"action_id": "2", "placeholder": plain("p"), "initial_option": option("a")},
        SELECT | {"action_id": "3", "type": "multi_static_select", "max_selected_items": 2},
        {"type": "users_select", "action_id": "4"},
        {"type": "datepicker", "action_id": "5", "initial_date": "2026-01-31"},
        {"type": "radio_buttons", "action_id": "6", "options": [option()]},
        {"type": "checkboxes", "action_id": "7", "options": [option()] * 10},
    ),
    asked({"type": "plain_text_input", "multiline": True, "min_length": 0, "max_length": 3000}),
    asked(NUMBER | {"min_value": "0", "max_value": "1e9", "initial_value": "1.5"}, optional=True, hint=plain("h")),
    asked(SELECT, dispatch_action=True),
    rich(
        rich_section(bold=True),
        {"type": "rich_text_list", "style": "bullet", "elements": [rich_section()], "indent": 1},
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "code"}]},
        {"type": "rich_text_quote", "elements": [{"type": "link", "url": "https://a.b", "text": "l"}]},
    ),
    {"type": "markdown", "text": "# x"},
    table(100, 20, column_settings=[{"align": "right"}, None, {"is_wrapped": True}]),
    {"type": "table", "rows": [[{"type": "rich_text", "elements": [rich_section()]}]]},
]


@pytest.mark.parametrize("block", GOOD, ids=lambda block: block["type"])
def test_what_slack_takes_is_taken(block: dict[str, Any]) -> None:
    (checked,) = checked_blocks([block], lambda _: None)
    assert {name: value for name, value in checked.items() if name != "block_id"}.keys() == block.keys() - {"block_id"}


REFUSED = [
    (section("x" * 3001), "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    (section(""), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    ({"type": "section"}, "must define either `text` or `fields` [json-pointer:/blocks/0]"),
    ({"type": "section", "fields": [plain("f")] * 11}, "no more than 10 items allowed [json-pointer:/blocks/0/fields]"),
    (section(color="red"), "invalid additional property: color [json-pointer:/blocks/0]"),
    ({"type": "carousel"}, "unsupported type: carousel [json-pointer:/blocks/0/type]"),
    ({"text": "x"}, "missing required field: type [json-pointer:/blocks/0]"),
    ("x", "must be an object [json-pointer:/blocks/0]"),
    (
        {"type": "header", "text": plain("x" * 151)},
        "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
    ),
    (
        {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
        "must be one of plain_text [json-pointer:/blocks/0/text/type]",
    ),
    ({"type": "header"}, "missing required field: text [json-pointer:/blocks/0]"),
    ({"type": "divider", "block_id": "b" * 256}, "must be less than 256 characters [json-pointer:/blocks/0/block_id]"),
    ({"type": "context", "elements": []}, "no less than 1 items allowed [json-pointer:/blocks/0/elements]"),
    (actions(*[button()] * 26), "no more than 25 items allowed [json-pointer:/blocks/0/elements]"),
    (actions(NUMBER), "unsupported type: number_input [json-pointer:/blocks/0/elements/0/type]"),
    (
        actions(button(text=plain("x" * 76))),
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
    ),
    (
        actions(button(value="v" * 2001)),
        "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
    ),
    (
        actions(button(action_id="a" * 256)),
        "must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]",
    ),
    (actions(button(style="green")), "must be one of primary, danger [json-pointer:/blocks/0/elements/0/style]"),
    (
        actions(button(action_id="a"), button(action_id="a")),
        "`action_id` already exists in this block [json-pointer:/blocks/0/elements]",
    ),
    (
        actions(button(confirm=CONFIRM | {"text": plain("x" * 301)})),
        "must be less than 301 characters [json-pointer:/blocks/0/elements/0/confirm/text/text]",
    ),
    (
        actions(SELECT | {"options": [option("v" * 151)]}),
        "must be less than 151 characters [json-pointer:/blocks/0/elements/0/options/0/value]",
    ),
    (
        actions(SELECT | {"options": [option(text="x" * 76)]}),
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/options/0/text/text]",
    ),
    (
        actions(SELECT | {"options": [option()] * 101}),
        "no more than 100 items allowed [json-pointer:/blocks/0/elements/0/options]",
    ),
    (
        actions({"type": "static_select"}),
        "must define either `options` or `option_groups` [json-pointer:/blocks/0/elements/0]",
    ),
    (
        actions(SELECT | {"initial_option": option("z")}),
        "`initial_option` must exactly match one of the options [json-pointer:/blocks/0/elements/0/initial_option]",
    ),
    (
        asked({"type": "checkboxes", "options": [option()] * 11}),
        "no more than 10 items allowed [json-pointer:/blocks/0/element/options]",
    ),
    (asked(button()), "unsupported type: button [json-pointer:/blocks/0/element/type]"),
    (
        asked({"type": "number_input"}),
        "missing required field: is_decimal_allowed [json-pointer:/blocks/0/element]",
    ),
    (
        asked(NUMBER | {"min_value": 1}),
        "must be a number given as a string [json-pointer:/blocks/0/element/min_value]",
    ),
    (
        {"type": "image", "alt_text": "a"},
        "must define either `image_url` or `slack_file` [json-pointer:/blocks/0]",
    ),
    (
        {"type": "image", "alt_text": "a", "slack_file": {"id": "F0"}},
        "invalid slack file [json-pointer:/blocks/0/slack_file]",
    ),
    (
        {"type": "image", "image_url": "https://a.b"},
        "missing required field: alt_text [json-pointer:/blocks/0]",
    ),
    ({"type": "markdown", "text": "x" * 12_001}, "must be less than 12001 characters [json-pointer:/blocks/0/text]"),
    (table(101, 1), "no more than 100 items allowed [json-pointer:/blocks/0/rows]"),
    (table(1, 21), "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]"),
    (
        {"type": "table", "rows": [[{"type": "raw_text", "text": ""}]]},
        "must be more than 0 characters [json-pointer:/blocks/0/rows/0/0/text]",
    ),
    (
        {"type": "table", "rows": [[{"type": "mrkdwn", "text": "x"}]]},
        "unsupported type: mrkdwn [json-pointer:/blocks/0/rows/0/0/type]",
    ),
    (
        table(1, 1, column_settings=[{"align": "middle"}]),
        "must be one of left, center, right [json-pointer:/blocks/0/column_settings/0/align]",
    ),
    (
        rich({"type": "rich_text_list", "style": "roman", "elements": [rich_section()]}),
        "must be one of bullet, ordered [json-pointer:/blocks/0/elements/0/style]",
    ),
    (
        rich(rich_section("")),
        "must be more than 0 characters [json-pointer:/blocks/0/elements/0/elements/0/text]",
    ),
]


@pytest.mark.parametrize(("block", "expected"), REFUSED, ids=[expected[:60] for _, expected in REFUSED])
def test_what_slack_refuses_is_refused_with_its_place(block: Any, expected: str) -> None:
    assert expected in problems(block)


def test_a_message_has_at_most_fifty_blocks() -> None:
    assert len(checked_blocks([{"type": "divider"}] * 50, lambda _: None)) == 50
    assert problems(*[{"type": "divider"}] * 51) == ("no more than 50 items allowed [json-pointer:/blocks]",)


def test_block_ids_are_unique_and_filled_in() -> None:
    twice = {"type": "divider", "block_id": "b"}
    assert problems(twice, twice) == ("`block_id` already exists: b [json-pointer:/blocks/1/block_id]",)
    first, second = checked_blocks([actions(button()), {"type": "divider"}], lambda _: None)
    assert first["block_id"] != second["block_id"]
    assert first["elements"][0]["action_id"]


def test_a_message_has_one_table_and_so_much_markdown() -> None:
    assert "only_one_table_allowed" in problems(table(1, 1), table(1, 1))[0]
    half = {"type": "markdown", "text": "x" * 6001}
    assert "12001 characters in all" in problems(half, half)[0]


def test_a_message_of_too_much_text_is_too_long() -> None:
    fits = [section("x" * 2640)] * 5
    assert len(checked_blocks(fits, lambda _: None)) == 5
    with pytest.raises(SlackError, match="msg_blocks_too_long"):
        checked_blocks([*fits, section("x")], lambda _: None)


def modal(**more: Any) -> dict[str, Any]:
    return {"type": "modal", "title": plain("T"), "blocks": [section()], **more}


def view_refusal(view: Any, kind: str = "modal") -> SlackError:
    with pytest.raises(SlackError) as caught:
        checked_view(view, lambda _: None, kind)
    return caught.value


def test_a_modal_at_its_limits_is_taken() -> None:
    view = modal(
        title=plain("t" * 24),
        submit=plain("s" * 24),
        close=plain("c" * 24),
        private_metadata="p" * 3000,
        callback_id="c" * 255,
        blocks=[section()] * 100,
    )
    assert len(checked_view(view, lambda _: None, "modal")["blocks"]) == 100


@pytest.mark.parametrize(
    ("view", "code", "place"),
    [
        (
            modal(title=plain("t" * 25)),
            "invalid_arguments",
            "must be less than 25 characters [json-pointer:/view/title/text]",
        ),
        (modal(submit=plain("s" * 25)), "invalid_arguments", "[json-pointer:/view/submit/text]"),
        (modal(close=plain("s" * 25)), "invalid_arguments", "[json-pointer:/view/close/text]"),
        (modal(private_metadata="p" * 3001), "invalid_arguments", "[json-pointer:/view/private_metadata]"),
        (modal(callback_id="c" * 256), "invalid_arguments", "[json-pointer:/view/callback_id]"),
        (modal(id="V1"), "invalid_arguments", "invalid additional property: id"),
        (
            modal(blocks=[section()] * 101),
            "invalid_blocks",
            "no more than 100 items allowed [json-pointer:/view/blocks]",
        ),
        (modal(blocks=[table(1, 1)]), "invalid_blocks", "unsupported type: table [json-pointer:/view/blocks/0/type]"),
        (modal(blocks=[asked(NUMBER)]), "invalid_arguments", "missing required field: submit"),
        ({"type": "home", "blocks": []}, "invalid_arguments", "unsupported type: home"),
        ({"blocks": []}, "invalid_arguments", "missing required field: type [json-pointer:/view]"),
        ({"type": "modal"}, "invalid_arguments", "missing required field: title [json-pointer:/view]"),
        ([], "invalid_arguments", "must be an object"),
    ],
)
def test_a_view_that_slack_refuses_is_refused_with_its_place(view: Any, code: str, place: str) -> None:
    refusal = view_refusal(view)
    assert refusal.code == code
    assert any(place in problem for problem in refusal.problems)


def test_a_view_may_not_be_larger_than_slack_stores() -> None:
    huge = modal(blocks=[section("x" * 2990)] * 90)
    assert view_refusal(huge).code == "view_too_large"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "elements", "element", "accessory", "rows", "options", "slack_file", "blocks"]
            )
            | st.text(max_size=3),
            inner
            | st.sampled_from(
                ["section", "actions", "image", "table", "rich_text", "button", "static_select", "modal"]
            ),
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_anything_else_is_refused_and_never_crashes(value: Any) -> None:
    codes = {"invalid_blocks", "invalid_arguments", "taken"}
    assert outcome(lambda: checked_blocks(value, lambda _: None)) in codes
    assert outcome(lambda: checked_blocks([value], lambda _: None)) in codes
    assert outcome(lambda: checked_view(value, lambda _: None, "modal")) in codes


def outcome(check: Callable[[], Any]) -> str:
    try:
        check()
    except SlackError as refusal:
        return refusal.code
    return "taken"
