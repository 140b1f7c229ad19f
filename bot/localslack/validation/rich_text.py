"""Rich text and tables: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block and .../table-block."""

from bot.localslack.validation.shapes import (
    Check,
    anything,
    by_type,
    flag,
    integer,
    items,
    one_of,
    record,
    text,
)

STYLE = record(
    {},
    {
        "bold": flag,
        "italic": flag,
        "strike": flag,
        "code": flag,
        "underline": flag,
        "highlight": flag,
        "client_highlight": flag,
        "unlink": flag,
    },
)
WORD = text(40_000, 1)


def _inline(name: str, check: Check, **optional: Check) -> Check:
    return record({"type": anything, name: check}, {"style": STYLE, **optional})


TEXT = _inline("text", WORD)
LINK = _inline("url", text(3000, 1), text=text(40_000), unsafe=flag)
INLINE = by_type(
    {
        "text": TEXT,
        "link": LINK,
        "emoji": _inline("name", text(255, 1), unicode=text(255), skin_tone=integer(1, 6)),
        "user": _inline("user_id", text(255, 1)),
        "channel": _inline("channel_id", text(255, 1)),
        "usergroup": _inline("usergroup_id", text(255, 1)),
        "broadcast": _inline("range", one_of("here", "channel", "everyone")),
        "date": _inline("timestamp", anything, format=text(255, 1), url=text(3000), fallback=text(3000)),
        "color": _inline("value", text(255, 1)),
    }
)
SECTION = record({"type": anything, "elements": items(INLINE, 0, 1000)})
PREFORMATTED = record(
    {"type": anything, "elements": items(by_type({"text": TEXT, "link": LINK}), 0, 1000)},
    {"border": integer(0, 1), "language": text(50)},
)
QUOTE = record({"type": anything, "elements": items(INLINE, 0, 1000)}, {"border": integer(0, 1)})
LIST = record(
    {
        "type": anything,
        "style": one_of("bullet", "ordered"),
        "elements": items(by_type({"rich_text_section": SECTION}), 0, 1000),
    },
    {"indent": integer(0, 8), "offset": integer(0, 100_000), "border": integer(0, 1)},
)
PARTS = items(
    by_type(
        {
            "rich_text_section": SECTION,
            "rich_text_list": LIST,
            "rich_text_preformatted": PREFORMATTED,
            "rich_text_quote": QUOTE,
        }
    ),
    0,
    1000,
)
RICH_TEXT = record({"type": anything, "elements": PARTS}, {"block_id": text(255)})

CELL = by_type(
    {
        "raw_text": record({"type": anything, "text": text(3000, 1)}),
        "raw_number": record({"type": anything, "value": anything}, {"text": text(3000, 1)}),
        "rich_text": record({"type": anything, "elements": PARTS}),
    }
)


def _column(value: object, at: str, problems: list[str]) -> None:
    if value is not None:
        COLUMN(value, at, problems)


COLUMN = record({}, {"align": one_of("left", "center", "right"), "is_wrapped": flag})
TABLE = record(
    {"type": anything, "rows": items(items(CELL, 1, 20), 1, 100)},
    {"column_settings": items(_column, 0, 20), "block_id": text(255)},
)
