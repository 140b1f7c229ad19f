"""The chunks of a streamed message: text, tasks, the plan's title, blocks.

https://docs.slack.dev/reference/methods/chat.appendStream shows each of them.
"""

from typing import Any

from bot.localslack.errors import SlackError
from bot.localslack.settings import JsonObject
from bot.localslack.validation.blocks import MARKDOWN_CHARACTERS
from bot.localslack.validation.shapes import Check, Problems, anything, by_type, items, one_of, record, text

MOST_CHUNKS = 100
_SOURCE = record({"type": one_of("url"), "url": text(3000, 1), "text": text(255, 1)})


def _chunk(required: dict[str, Check], optional: dict[str, Check] | None = None) -> Check:
    return record({"type": anything, **required}, optional)


_CHUNK = by_type(
    {
        # Its length is checked apart, since Slack has a code of its own for it.
        "markdown_text": _chunk({"text": text(MARKDOWN_CHARACTERS * 10)}),
        "plan_update": _chunk({"title": text(256, 1)}),
        "task_update": _chunk(
            {
                "id": text(255, 1),
                "title": text(256, 1),
                "status": one_of("pending", "in_progress", "complete", "error"),
            },
            {"details": text(256), "output": text(256), "sources": items(_SOURCE, 0, 20)},
        ),
        "blocks": _chunk({"blocks": anything}),
    }
)


def checked_chunks(chunks: Any) -> list[JsonObject]:
    """Return chunks that Slack would take.

    Raises:
        SlackError: `invalid_chunks` with the places and reasons, or `msg_too_long` for one that is.
    """
    problems: Problems = []
    items(_CHUNK, 0, MOST_CHUNKS)(chunks, "/chunks", problems)
    if problems:
        raise SlackError("invalid_chunks", tuple(problems))
    if any(len(chunk["text"]) > MARKDOWN_CHARACTERS for chunk in chunks if chunk["type"] == "markdown_text"):
        raise SlackError("msg_too_long")
    return list(chunks)
