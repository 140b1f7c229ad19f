"""Modals and Home tabs: https://docs.slack.dev/reference/views."""

import json
from typing import Any

from bot.localslack.errors import SlackError
from bot.localslack.settings import JsonObject
from bot.localslack.validation.blocks import FindFile, checked_blocks
from bot.localslack.validation.elements import plain
from bot.localslack.validation.shapes import Problems, anything, by_type, flag, problem, record, text

VIEW_BYTES = 250_000
COMMON = {"private_metadata": text(3000), "callback_id": text(255), "external_id": text(255)}
VIEW = by_type(
    {
        "modal": record(
            {"type": anything, "title": plain(24), "blocks": anything},
            {
                "submit": plain(24),
                "close": plain(24),
                "clear_on_close": flag,
                "notify_on_close": flag,
                "submit_disabled": flag,
                **COMMON,
            },
        ),
        "home": record({"type": anything, "blocks": anything}, COMMON),
    }
)


def checked_view(view: Any, find_file: FindFile, kind: str) -> JsonObject:
    """Return a view of the wanted kind, its blocks with ids.

    Raises:
        SlackError: `invalid_arguments` or `invalid_blocks` with the places and reasons, or `view_too_large`.
    """
    problems: Problems = []
    VIEW(view, "/view", problems)
    if not problems and view["type"] != kind:
        problems.append(problem(f"unsupported type: {view['type']}", "/view/type"))
    if problems:
        first = problem("failed to match all allowed schemas", "/view")
        raise SlackError("invalid_arguments", (first, *problems))
    if len(json.dumps(view)) > VIEW_BYTES:
        raise SlackError("view_too_large")
    blocks = checked_blocks(view["blocks"], find_file, in_view=True, at="/view")
    has_input = any(block["type"] == "input" for block in blocks)
    if kind == "modal" and has_input and not view.get("submit"):
        missing = problem("missing required field: submit", "/view")
        raise SlackError("invalid_arguments", (missing,))
    return {**view, "blocks": blocks}
