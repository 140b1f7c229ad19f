"""What Slack would say to blocks, by the local Slack's own checks."""

from typing import Any

from bot.blocks.message import Block, Message
from bot.localslack.validation import checked_blocks, checked_view


def check_message(made: Message) -> Message:
    """Return the message; fails where Slack would refuse it or its fallback text."""
    assert 1 <= len(made.text) <= 4_000
    assert made.text.strip()
    checked_blocks(list(made.blocks), _uploaded)
    return made


def check_view(view: Block) -> Block:
    """Return the view; fails where Slack would refuse it."""
    checked_view(view, _uploaded, str(view["type"]))
    return view


def _uploaded(_file: dict[str, Any]) -> dict[str, Any]:
    return {"id": "F1", "mimetype": "image/png", "url_private": "http://127.0.0.1/f"}
