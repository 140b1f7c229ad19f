"""Markdown that a model wrote, as Slack may show it: nobody is called who is not there, no link hides its address."""

import re
from collections.abc import Collection, Sequence

from bot.blocks.elements import cut
from bot.blocks.message import Block, Message, Suggestion
from bot.blocks.say import suggestion_buttons

# Slack takes 12,000 of Markdown in one message.
MARKDOWN = 11_800
# chat.update takes less text than blocks; plain clients and notifications show it, people see the blocks.
_PLAIN_CHARACTERS = 3_000
# Shows nothing, and parts what Slack would read as one.
_JOINER = "\N{WORD JOINER}"
# Controls, lone surrogates, and marks that turn the direction of what follows, an address for instance.
_UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_ADDRESS = r"https?://[^\s()<>|]+(?:\([^\s()<>|]*\)[^\s()<>|]*)*"
_LINK = re.compile(rf"!?\[([^\[\]]*)\]\(\s*<?({_ADDRESS})>?(?:\s+\"[^\"\n]*\")?\s*\)")
_ANGLED = re.compile(r"<(?=[!@#]|[A-Za-z][A-Za-z0-9+.-]*:)(?:([^<>\n]*)>)?")
_CALL = re.compile(r"(?<![\w@])@(?=(?:channel|here|everyone)\b)", re.IGNORECASE)
_PERSON = re.compile(r"@([UW][A-Z0-9]+)(?:\|.*)?")
_CHANNEL = re.compile(r"#(C[A-Z0-9]+)(?:\|.*)?")
_LABELLED = re.compile(rf"({_ADDRESS})(?:\|(.*))?")
_EVERYBODY = re.compile(r"!(channel|here|everyone)(?:\|.*)?")
_MENTIONED = re.compile(r"<@([UW][A-Z0-9]+)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")


def markdown_message(text: str, suggestions: Sequence[Suggestion]) -> Message:
    """Return a reply whose text is safe Markdown, as it looks after its stream."""
    # An edit shows what the stream showed: the same block, the same buttons.
    blocks = [markdown_block(text), *suggestion_buttons(suggestions)]
    return Message(text=cut(text, _PLAIN_CHARACTERS), blocks=tuple(blocks))


def markdown_block(text: str) -> Block:
    """Return a block of Markdown."""
    return {"type": "markdown", "text": cut(text, MARKDOWN)}


def mentioned(text: str) -> set[str]:
    """Return the ids of the people whom a text would call."""
    return set(_MENTIONED.findall(text))


def safe_markdown(text: str, people: Collection[str], before: str = "") -> str:
    """Return Markdown that mentions none but `people`, and shows the address of each link.

    What is parted from its other half, as when text comes in pieces, is no mark-up: nothing is held back for it.

    Args:
        text: As the model wrote it.
        people: Ids of those who may be mentioned.
        before: What was returned for the piece before this one.
    """
    text = _UNSHOWABLE.sub("", text)
    if text and before[-1:] in {"<", "]", "@"} and not text[0].isspace():
        text = (" " if before[-1] == "]" else _JOINER) + text
    text = _LINK.sub(lambda found: _shown_link(found[2], found[1]), text)
    text = _ANGLED.sub(lambda found: _shown_angled(found[1], people), text)
    # What still looks like a link or names an address for one: its halves are parted.
    text = text.replace("](", "] (").replace("]:", "] :")
    return _CALL.sub(f"@{_JOINER}", text)


def markdown_of(mrkdwn: str) -> str:
    """Return Slack's own mark-up as Markdown; links stay for `safe_markdown`."""
    text = re.sub(r"(?<![\w*])\*([^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])", r"**\1**", mrkdwn)
    text = re.sub(r"(?<![\w~])~([^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])", r"~~\1~~", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def open_fence(text: str) -> tuple[str, str] | None:
    """Return the line that opened the code block in which a text ends, and what closes it; None outside of any."""
    opened: tuple[str, str] | None = None
    for line in text.split("\n"):
        found = _FENCE.fullmatch(line)
        if found is None:
            continue
        marks, rest = found.groups()
        if opened is None:
            opened = None if "`" in rest else (line.strip(), marks)
        elif marks.startswith(opened[1]) and not rest.strip():
            opened = None
    return opened


def _shown_link(address: str, label: str) -> str:
    label = label.strip()
    return f"<{address}>" if label in {"", address} else f"{label} (<{address}>)"


def _shown_angled(inside: str | None, people: Collection[str]) -> str:
    """Return what stands for `<…>`, or for a `<` that is not closed."""
    if inside is None:
        return f"<{_JOINER}"
    if found := _PERSON.fullmatch(inside):
        return f"<@{found[1]}>" if found[1] in people else f"@{found[1]}"
    if found := _CHANNEL.fullmatch(inside):
        return f"<#{found[1]}>"
    if found := _EVERYBODY.fullmatch(inside):
        return f"@{_JOINER}{found[1]}"
    if found := _LABELLED.fullmatch(inside):
        return _shown_link(found[1], found[2] or "")
    return f"<{_JOINER}{inside}>"
