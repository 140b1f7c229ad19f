"""The blocks of a message, a modal or a Home tab.

Limits: https://docs.slack.dev/reference/block-kit/blocks. Blocks that Slack has and nothing here shows yet (cards,
plans, alerts, video) are refused as unsupported.
"""

import copy
import secrets
from collections.abc import Callable, Iterator
from typing import Any

from bot.localslack.errors import SlackError
from bot.localslack.settings import JsonObject
from bot.localslack.validation.elements import (
    ID,
    IMAGE,
    IN_ACTIONS,
    IN_INPUT,
    IN_SECTION,
    SLACK_FILE,
    URL,
    any_text,
    mrkdwn,
    plain,
)
from bot.localslack.validation.rich_text import RICH_TEXT, TABLE
from bot.localslack.validation.shapes import (
    Check,
    Problems,
    anything,
    by_type,
    each,
    flag,
    items,
    problem,
    record,
    text,
)

BLOCKS_PER_MESSAGE = 50
BLOCKS_PER_VIEW = 100
MARKDOWN_CHARACTERS = 12_000
# Not in Slack's reference; seen at 13,297 with markdown blocks alone and less with others beside them:
# https://github.com/slackapi/bolt-js/issues/2509
MESSAGE_CHARACTERS = 13_200

FindFile = Callable[[JsonObject], JsonObject | None]


def _block(required: dict[str, Check] | None = None, optional: dict[str, Check] | None = None) -> Check:
    return record({"type": anything, **(required or {})}, {"block_id": ID, **(optional or {})})


def _text_or_fields(value: Any, at: str, problems: Problems) -> None:
    if value.get("text") is None and value.get("fields") is None:
        problems.append(problem("must define either `text` or `fields`", at))


def _one_image_source(value: Any, at: str, problems: Problems) -> None:
    if ("image_url" in value) == ("slack_file" in value):
        problems.append(problem("must define either `image_url` or `slack_file`", at))


EVERYWHERE: dict[str, Check] = {
    "section": each(
        _block(
            optional={
                "text": any_text(3000),
                "fields": items(any_text(2000), 1, 10),
                "accessory": IN_SECTION,
                "expand": flag,
            }
        ),
        _text_or_fields,
    ),
    "header": _block({"text": plain(150)}),
    "divider": _block(),
    "context": _block(
        {"elements": items(by_type({"plain_text": plain(3000), "mrkdwn": mrkdwn(3000), "image": IMAGE}), 1, 10)}
    ),
    "actions": _block({"elements": items(IN_ACTIONS, 1, 25)}),
    "input": _block(
        {"label": plain(2000), "element": IN_INPUT},
        {"hint": plain(2000), "optional": flag, "dispatch_action": flag},
    ),
    "image": each(
        _block({"alt_text": text(2000, 1)}, {"image_url": URL, "slack_file": SLACK_FILE, "title": plain(2000)}),
        _one_image_source,
    ),
    "rich_text": RICH_TEXT,
}
IN_MESSAGE = by_type(
    {**EVERYWHERE, "markdown": _block({"text": text(MARKDOWN_CHARACTERS, 1)}), "table": TABLE},
)
IN_VIEW = by_type(EVERYWHERE)


def checked_blocks(blocks: Any, find_file: FindFile, *, in_view: bool = False, at: str = "") -> list[JsonObject]:
    """Return the blocks with ids filled in where the app gave none.

    Args:
        blocks: What the app sent.
        find_file: Gives the description of a `slack_file` when it is uploaded and complete.
        in_view: Whether they stand in a modal or Home tab.
        at: The JSON pointer of what holds them.

    Raises:
        SlackError: `invalid_blocks` with the places and reasons, or `msg_blocks_too_long`.
    """
    problems: Problems = []
    check, most = (IN_VIEW, BLOCKS_PER_VIEW) if in_view else (IN_MESSAGE, BLOCKS_PER_MESSAGE)
    items(check, 0, most)(blocks, f"{at}/blocks", problems)
    if not problems:
        problems = [*_together(blocks, at), *_images(blocks, find_file, at)]
    if problems:
        raise SlackError("invalid_blocks", tuple(problems))
    if not in_view and sum(map(len, _texts(blocks))) > MESSAGE_CHARACTERS:
        raise SlackError("msg_blocks_too_long")
    return _completed(blocks, find_file)


def elements_of(block: JsonObject) -> list[JsonObject]:
    """Return the interactive elements of a block."""
    match block.get("type"):
        case "actions":
            return list(block["elements"])
        case "input":
            return [block["element"]]
        case "section" if "accessory" in block and block["accessory"]["type"] != "image":
            return [block["accessory"]]
        case _:
            return []


def _together(blocks: list[JsonObject], at: str) -> Iterator[str]:
    """Give what is wrong with blocks that are right one by one."""
    seen: set[str] = set()
    for position, block in enumerate(blocks):
        block_id = block.get("block_id")
        if block_id and block_id in seen:
            yield problem(f"`block_id` already exists: {block_id}", f"{at}/blocks/{position}/block_id")
        seen.add(block_id or "")
        action_ids = [element.get("action_id") for element in elements_of(block) if element.get("action_id")]
        if len(set(action_ids)) < len(action_ids):
            yield problem("`action_id` already exists in this block", f"{at}/blocks/{position}/elements")
    if sum(block["type"] == "table" for block in blocks) > 1:
        yield problem("only_one_table_allowed", f"{at}/blocks")
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > MARKDOWN_CHARACTERS:
        yield problem(f"markdown text must be less than {MARKDOWN_CHARACTERS + 1} characters in all", f"{at}/blocks")


def _images(blocks: list[JsonObject], find_file: FindFile, at: str) -> Iterator[str]:
    for position, block in enumerate(blocks):
        for slack_file in _slack_files(block):
            file = find_file(slack_file)
            if file is None or not str(file["mimetype"]).startswith("image/"):
                yield problem("invalid slack file", f"{at}/blocks/{position}/slack_file")


def _slack_files(block: JsonObject) -> Iterator[JsonObject]:
    for image in (block, block.get("accessory"), *block.get("elements", [])):
        if isinstance(image, dict) and image.get("type") == "image" and "slack_file" in image:
            yield image["slack_file"]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, one in value.items():
            if name == "text" and isinstance(one, str):
                yield one
            else:
                yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _completed(blocks: list[JsonObject], find_file: FindFile) -> list[JsonObject]:
    """Return the blocks with every id there: of blocks, of elements, of files named by their address."""
    filled = copy.deepcopy(blocks)
    for block in filled:
        block.setdefault("block_id", secrets.token_urlsafe(4))
        for element in elements_of(block):
            element.setdefault("action_id", secrets.token_urlsafe(4))
        for slack_file in _slack_files(block):
            file = find_file(slack_file)
            if file is not None:
                slack_file.update(id=file["id"], url=file["url_private"])
    return filled
