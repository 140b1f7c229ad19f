"""What a card becomes: text for notifications and plain clients, blocks, pictures and a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

Block = dict[str, Any]

# Stands in a text for the address of the message that it links to.
PERMALINK = "<permalink>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image to upload; blocks refer to it by `reference`, which the poster replaces with Slack's file id."""

    content: bytes
    filename: str
    alt: str
    title: str

    @property
    def reference(self) -> str:
        """A name that changes with the content, so that an unchanged picture is uploaded once."""
        return f"picture:{sha256(self.content).hexdigest()[:24]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file to share into the thread, with the sentence that goes with it."""

    content: bytes
    filename: str
    title: str
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message; with an `attachment` that file, shared with its comment; with `home` a person's Home tab.

    `link_to` is channel and ts of a message whose address the poster puts in the place of `PERMALINK` in the text.
    One that `is_withdrawn` is taken back from Slack; where that cannot be, it is left with the text alone.
    """

    text: str
    blocks: tuple[Block, ...] = ()
    pictures: tuple[Picture, ...] = ()
    attachment: Attachment | None = None
    home: Block | None = None
    link_to: tuple[str, str] | None = None
    is_withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A button under a reply that sends its text as if the person had typed it."""

    label: str
    text: str


def with_file_ids(blocks: tuple[Block, ...], ids: Mapping[str, str]) -> list[Block]:
    """Return the blocks with the references of uploaded pictures replaced by their file ids."""
    return [_with_file_id(block, ids) for block in blocks]


def without_pictures(blocks: tuple[Block, ...]) -> list[Block]:
    """Return the blocks with uploaded pictures replaced by their descriptions."""
    return [_described(block) if "slack_file" in block else block for block in blocks]


def _with_file_id(block: Block, ids: Mapping[str, str]) -> Block:
    file = block.get("slack_file")
    return block if file is None else {**block, "slack_file": {"id": ids[file["id"]]}}


def _described(block: Block) -> Block:
    return {"type": "context", "elements": [{"type": "plain_text", "text": block["alt_text"]}]}
