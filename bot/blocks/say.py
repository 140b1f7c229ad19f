"""Short replies: a text, and buttons that send what they suggest."""

import re
from collections.abc import Sequence

from bot.blocks.elements import ELEMENTS_PER_ACTIONS, actions, button, message, section
from bot.blocks.message import Block, Message, Suggestion

SUGGESTION = "suggest"
# What a reply may mark up: mentions of people and channels, links, and times in the reader's zone.
_MARKUP = re.compile(r"<(?:@[UW][A-Z0-9]+|#C[A-Z0-9]+|https?://[^<>|\s]+(?:\|[^<>]*)?|!date\^[^<>]*)>")
# Services name people by id, since a shell has no mentions.
_USER_ID = re.compile(r"(?<![\w@<])([UW](?=[A-Z]*[0-9])[A-Z0-9]{7,})\b")


def say_message(text: str, suggestions: Sequence[Suggestion]) -> Message:
    """Return a reply; a suggestion's button sends its text as if the person had typed it."""
    shown = safe_markup(text)
    blocks: list[Block] = [section(part) for part in _paragraphs(shown)]
    return message(shown, [*blocks, *suggestion_buttons(suggestions)])


def suggestion_buttons(suggestions: Sequence[Suggestion]) -> list[Block]:
    """Return the row of buttons below a reply, or nothing where there is nothing to suggest."""
    buttons = [
        button(each.label, f"{SUGGESTION}:{position}", {"text": each.text[:1_800]})
        for position, each in enumerate(suggestions[:ELEMENTS_PER_ACTIONS])
    ]
    return [actions(*buttons)] if buttons else []


def safe_markup(text: str) -> str:
    """Return mrkdwn in which nothing but people, channels, links and times are marked up: no @channel, no @here."""
    shown: list[str] = []
    end = 0
    for found in _MARKUP.finditer(text):
        shown += [_escaped(text[end : found.start()]), found.group()]
        end = found.end()
    return "".join([*shown, _escaped(text[end:])])


def with_mentions(text: str) -> str:
    """Return the text with the ids of people as mentions, which show their names."""
    return _USER_ID.sub(r"<@\1>", text)


def _escaped(text: str) -> str:
    # Text that is escaped already stays as it is.
    text = re.sub(r"&(?!(?:amp|lt|gt);)", "&amp;", text)
    return text.replace("<", "&lt;").replace(">", "&gt;")


def _paragraphs(text: str) -> list[str]:
    """Return the text in parts that a section can hold, broken between lines where possible."""
    parts: list[str] = []
    while len(text) > 2_900 and len(parts) < 3:
        at = text.rfind("\n", 0, 2_900)
        at = at if at > 0 else 2_900
        parts.append(text[:at])
        text = text[at:].lstrip("\n")
    return [*parts, text] if text or not parts else parts
