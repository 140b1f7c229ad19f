"""Block Kit's parts with Slack's limits kept: whatever text comes in, what goes out is accepted.

Limits: https://docs.slack.dev/reference/block-kit. Text from people and documents goes through `escaped`, so that it
is shown as written and mentions nobody.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from bot.blocks.message import Block, Message, Picture

SECTION = 3_000
HEADER = 150
BUTTON = 75
OPTION = 75
BLOCKS_PER_MESSAGE = 50
BLOCKS_PER_VIEW = 100
OPTIONS = 100
CHECKBOXES = 10
ELEMENTS_PER_ACTIONS = 25
TABLE_ROWS = 100
TABLE_COLUMNS = 20
# Slack refuses about 13,200 characters in all; its own count is not published, so stay well below.
MESSAGE = 11_000
TABLE_TEXT = 9_000

Align = Literal["left", "center", "right"]

_CUT_MARKUP = re.compile(r"(&[a-z]{0,4}|<[^>]*)$")
_SHORTENED = "… shortened: the rest does not fit into one message"
_UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff]")


def escaped(text: str) -> str:
    """Return text as mrkdwn that shows it as it stands."""
    return _UNSHOWABLE.sub("", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def person(who: str) -> str:
    """Return a mention of a Slack user, or the name of somebody at a shell."""
    if re.fullmatch(r"[UW][A-Z0-9]{2,}", who):
        return f"<@{who}>"
    return escaped(who.removeprefix("shell:"))


def link(url: str, label: str) -> str:
    """Return a link in mrkdwn."""
    safe = url.replace("|", "%7C").replace(">", "%3E").replace("<", "%3C").replace(" ", "%20")
    return f"<{safe}|{escaped(label).replace('|', '¦')}>"


def cut(text: str, limit: int) -> str:
    """Return plain text of at most `limit` characters, an ellipsis where something is missing; never empty."""
    text = _UNSHOWABLE.sub("", text)
    if len(text) > limit:
        text = text[: limit - 1].rstrip() + "…"
    # Slack refuses empty texts, spaces alone included.
    return text if text.strip() else "-"


def cut_markup(text: str, limit: int) -> str:
    """Return mrkdwn of at most `limit` characters that ends in no half entity and no half link."""
    if len(text) > limit:
        text = _CUT_MARKUP.sub("", text[: limit - 1]).rstrip() + "…"
    return cut(text, limit)


def plain(text: str, limit: int) -> Block:
    """Return a plain_text object."""
    return {"type": "plain_text", "text": cut(text, limit), "emoji": True}


def mrkdwn(text: str, limit: int = SECTION) -> Block:
    """Return a mrkdwn object; `text` is markup, its outside parts escaped."""
    return {"type": "mrkdwn", "text": cut_markup(text, limit)}


def header(text: str) -> Block:
    """Return a large line of plain text."""
    return {"type": "header", "text": plain(text, HEADER)}


def section(text: str, accessory: Block | None = None) -> Block:
    """Return a paragraph of mrkdwn, with one element beside it."""
    block: Block = {"type": "section", "text": mrkdwn(text)}
    if accessory is not None:
        block["accessory"] = accessory
    return block


def fields(pairs: Iterable[tuple[str, str]]) -> Block:
    """Return label and value pairs in two columns; at most ten are shown. Values are markup."""
    return {
        "type": "section",
        "fields": [mrkdwn(f"*{escaped(label)}*\n{value}", 2_000) for label, value in list(pairs)[:10]],
    }


def context(*texts: str) -> Block:
    """Return small grey lines of mrkdwn; at most ten are shown."""
    return {"type": "context", "elements": [mrkdwn(text) for text in texts[:10]]}


def divider() -> Block:
    """Return a line."""
    return {"type": "divider"}


def bullets(title: str, lines: Sequence[str], most: int = 8) -> list[Block]:
    """Return a titled list, or nothing where it is empty; lines are markup."""
    if not lines:
        return []
    shown = [f"•  {cut_markup(line, 600)}" for line in lines[:most]]
    if len(lines) > most:
        shown.append(f"_and {len(lines) - most} more_")
    return [section("\n".join([f"*{escaped(title)}*", *shown]))]


def button(
    label: str,
    action: str,
    value: Mapping[str, Any] | None = None,
    *,
    style: Literal["primary", "danger"] | None = None,
    confirm: Block | None = None,
) -> Block:
    """Return a button whose value is a JSON object, 2,000 characters at most."""
    made: Block = {"type": "button", "action_id": action, "text": plain(label, BUTTON)}
    if value is not None:
        made["value"] = _json(value, 2_000)
    if style is not None:
        made["style"] = style
    if confirm is not None:
        made["confirm"] = confirm
    return made


def confirmation(title: str, text: str, yes: str) -> Block:
    """Return the question that Slack asks before a button acts."""
    return {
        "title": plain(title, 100),
        "text": mrkdwn(text, 300),
        "confirm": plain(yes, 30),
        "deny": plain("Back", 30),
    }


def option(label: str, value: str) -> Block:
    """Return a choice of a list.

    Raises:
        ValueError: The value is longer than Slack takes; it could not be cut without changing what it means.
    """
    if not 1 <= len(value) <= 150:
        raise ValueError(f"an option's value has {len(value)} characters, Slack takes 1 to 150")
    return {"text": plain(label, OPTION), "value": value}


def choice(action: str, placeholder: str, options: Sequence[Block], *, chosen: str = "") -> Block:
    """Return a list to choose one from, at most 100 of them; it begins with the value `chosen` where that is there."""
    made: Block = {
        "type": "static_select",
        "action_id": action,
        "placeholder": plain(placeholder, 150),
        "options": list(options[:OPTIONS]),
    }
    begun = next((each for each in made["options"] if each["value"] == chosen), None)
    if begun is not None:
        made["initial_option"] = begun
    return made


def person_choice(action: str, placeholder: str) -> Block:
    """Return a list of the workspace's people to choose one from."""
    return {"type": "users_select", "action_id": cut(action, 255), "placeholder": plain(placeholder, 150)}


def grouped_choice(action: str, placeholder: str, groups: Iterable[tuple[str, Sequence[Block]]]) -> Block:
    """Return a list to choose one from under headings; groups without options are left out."""
    return {
        "type": "static_select",
        "action_id": action,
        "placeholder": plain(placeholder, 150),
        "option_groups": [
            {"label": plain(label, OPTION), "options": list(options[:OPTIONS])} for label, options in groups if options
        ][:OPTIONS],
    }


def text_input(action: str, placeholder: str, *, most: int, begun: str = "", is_multiline: bool = False) -> Block:
    """Return a field for a text of `most` characters; `begun` stands in it already."""
    made: Block = {"type": "plain_text_input", "action_id": action, "max_length": most}
    if placeholder:
        made["placeholder"] = plain(placeholder, 150)
    if is_multiline:
        made["multiline"] = True
    if begun:
        made["initial_value"] = begun
    return made


def actions(*elements: Block) -> Block:
    """Return a row of buttons and lists."""
    return {"type": "actions", "elements": list(elements[:ELEMENTS_PER_ACTIONS])}


def input_block(block_id: str, label: str, element: Block, *, hint: str = "", is_optional: bool = False) -> Block:
    """Return a labelled input; what is entered comes with the next button pressed."""
    block: Block = {
        "type": "input",
        "block_id": cut(block_id, 255),
        "label": plain(label, 2_000),
        "element": element,
        "optional": is_optional,
    }
    if hint:
        block["hint"] = plain(hint, 2_000)
    return block


def image(picture: Picture) -> Block:
    """Return a picture that the poster uploads."""
    return {
        "type": "image",
        "slack_file": {"id": picture.reference},
        "alt_text": cut(picture.alt, 2_000),
        "title": plain(picture.title, 2_000),
    }


def table(rows: Sequence[Sequence[str]], alignment: Sequence[Align] = ()) -> Block:
    """Return a table of plain text, its first row the header; rows that do not fit are left out."""
    shown: list[list[Block]] = []
    left = TABLE_TEXT
    for row in rows[:TABLE_ROWS]:
        cells = [cut(cell, 300) for cell in row[:TABLE_COLUMNS]]
        left -= sum(map(len, cells))
        if left < 0:
            break
        shown.append([{"type": "raw_text", "text": cell} for cell in cells])
    return {
        "type": "table",
        "rows": shown,
        "column_settings": [{"align": align} for align in alignment[:TABLE_COLUMNS]],
    }


def message(text: str, blocks: Iterable[Block], pictures: Sequence[Picture] = ()) -> Message:
    """Return a message whose blocks fit; `text` stands for it in notifications and where blocks are refused."""
    return Message(text=cut(text, SECTION), blocks=tuple(_fitting(list(blocks))), pictures=tuple(pictures))


def modal(
    callback_id: str,
    title: str,
    blocks: Sequence[Block],
    *,
    submit: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Block:
    """Return a modal; `metadata` says where it was opened from and comes back with what was entered."""
    view: Block = {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain(title, 24),
        "close": plain("Close" if submit is None else "Cancel", 24),
        "private_metadata": _json(metadata or {}, 3_000),
        "blocks": list(blocks[:BLOCKS_PER_VIEW]),
    }
    if submit is not None:
        view["submit"] = plain(submit, 24)
    return view


def _fitting(blocks: list[Block]) -> list[Block]:
    """Return the blocks that a message can hold; buttons, which come last, are kept before paragraphs are."""
    kept: list[Block] = []
    tail: list[Block] = []
    while blocks and blocks[-1]["type"] == "actions":
        tail.insert(0, blocks.pop())
    left = MESSAGE - sum(map(_characters, tail))
    for block in blocks:
        left -= _characters(block)
        # One place is for the note.
        if left < 0 or len(kept) + len(tail) >= BLOCKS_PER_MESSAGE - 1:
            return [*kept, context(_SHORTENED), *tail]
        kept.append(block)
    return [*kept, *tail]


def _characters(value: Any) -> int:
    if isinstance(value, dict):
        return sum(
            len(item) if name in {"text", "alt_text"} and isinstance(item, str) else _characters(item)
            for name, item in value.items()
        )
    return sum(map(_characters, value)) if isinstance(value, list) else 0


def _json(value: Mapping[str, Any], limit: int) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if len(text) > limit:
        raise ValueError(f"{len(text)} characters of JSON, Slack takes {limit}")
    return text
