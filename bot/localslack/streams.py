"""Messages that the app writes while they are read: what each call adds, and when a stream ends by itself."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot.localslack import messages
from bot.localslack.errors import SlackError
from bot.localslack.settings import JsonObject
from bot.localslack.validation import checked_blocks
from bot.localslack.validation.blocks import BLOCKS_PER_MESSAGE, MARKDOWN_CHARACTERS
from bot.localslack.validation.chunks import checked_chunks
from bot.localslack.workspace import Workspace

# What a message says of its stream. One that ran out of time can be changed, and neither continued nor stopped.
WRITING, WRITTEN, RAN_OUT = "in_progress", "completed", "errored"


@dataclass(frozen=True, slots=True)
class Addition:
    """What one call adds.

    Attributes:
        mode: `markdown_text` or `chunks`; a stream keeps to that of its first words.
        chunks: The pieces, not yet checked; plain markdown is one of them.
    """

    mode: str
    chunks: list[Any]


def begin(
    workspace: Workspace, conversation: JsonObject, thread_ts: str, addition: Addition, *, in_plan: bool
) -> JsonObject:
    """Return the new message of a stream; its time runs from now on.

    Raises:
        SlackError: As from `append`, or `thread_not_found`.
    """
    fields = _grown(workspace, {"stream": {"in_plan": in_plan, "mode": None}}, addition)
    extra = {"streaming_state": WRITING, "stream": fields["stream"]}
    draft = messages.Draft(fields["text"], thread_ts=thread_ts, blocks=fields["blocks"], extra=extra)
    message = messages.post(workspace, conversation, messages.bot_author(workspace), draft)
    _end_in(workspace, message)
    return message


def append(workspace: Workspace, message: JsonObject, addition: Addition) -> None:
    """Add to a stream that is open; the page sees it at once.

    Raises:
        SlackError: `invalid_chunks`, `invalid_blocks`, `msg_too_long`, or `streaming_mode_mismatch`.
    """
    new = message | _grown(workspace, message, addition)
    workspace.state.put_message(new)
    messages.show_changed(workspace, new)


def stop(
    workspace: Workspace,
    message: JsonObject,
    addition: Addition,
    *,
    blocks: list[JsonObject] | None,
    metadata: JsonObject | None,
) -> JsonObject:
    """Return the finished message; `blocks` stand below what was written.

    Raises:
        SlackError: As from `append`.
    """
    new = message | _grown(workspace, message, addition)
    below = checked_blocks(blocks, workspace.file) if blocks else []
    new |= {"blocks": [*new["blocks"], *below], "streaming_state": WRITTEN}
    if metadata is not None:
        new["metadata"] = metadata
    _forget_end(workspace, message)
    messages.change(workspace, message, new)
    return new


def opened(workspace: Workspace, message: JsonObject) -> JsonObject:
    """Return the message of a stream that may still be written to.

    Raises:
        SlackError: `message_not_owned_by_app`, or `message_not_in_streaming_state`.
    """
    if message.get("user") != workspace.bot_id:
        raise SlackError("message_not_owned_by_app")
    # The clock says it, even where the timer is late.
    if message.get("streaming_state") == WRITING and _left_s(workspace, message) <= 0:
        _run_out(workspace, message["channel"], message["ts"])
        raise SlackError("message_not_in_streaming_state")
    if message.get("streaming_state") != WRITING:
        raise SlackError("message_not_in_streaming_state")
    return message


def resume(workspace: Workspace) -> None:
    """Let the streams that were open when the server ended go on, and end in their time."""
    for message in workspace.state.streaming(WRITING):
        _end_in(workspace, message)


def halt(workspace: Workspace) -> None:
    """Stop watching the time; the next start goes on with it."""
    for timer in workspace.stream_ends.values():
        timer.cancel()
    workspace.stream_ends.clear()


def _left_s(workspace: Workspace, message: JsonObject) -> float:
    # A message's ts is when its stream began.
    return float(message["ts"]) + workspace.settings.stream_lifetime_s - time.time()


def _end_in(workspace: Workspace, message: JsonObject) -> None:
    channel, ts = message["channel"], message["ts"]
    run_out = partial(_run_out, workspace, channel, ts)
    left_s = max(0.0, _left_s(workspace, message))
    workspace.stream_ends[channel, ts] = asyncio.get_running_loop().call_later(left_s, run_out)


def _forget_end(workspace: Workspace, message: JsonObject) -> None:
    timer = workspace.stream_ends.pop((message["channel"], message["ts"]), None)
    if timer is not None:
        timer.cancel()


def _run_out(workspace: Workspace, channel: str, ts: str) -> None:
    """End a stream that nobody stopped in time; what was written stays."""
    message = workspace.state.message(channel, ts)
    if message is None or message.get("streaming_state") != WRITING:
        return
    _forget_end(workspace, message)
    new = message | {"streaming_state": RAN_OUT}
    messages.change(workspace, message, new)


def _grown(workspace: Workspace, message: JsonObject, addition: Addition) -> JsonObject:
    """Return text, blocks and the stream's mode after an addition."""
    stream = dict(message["stream"])
    if addition.chunks:
        if stream["mode"] not in {None, addition.mode}:
            raise SlackError("streaming_mode_mismatch")
        stream["mode"] = addition.mode
    blocks = [dict(block) for block in message.get("blocks", ())]
    text = str(message.get("text", ""))
    for chunk in checked_chunks(addition.chunks):
        match chunk["type"]:
            case "markdown_text":
                text += chunk["text"]
                _write(blocks, chunk["text"])
            case "task_update":
                _put_task(blocks, _task(chunk), in_plan=stream["in_plan"])
            case "plan_update":
                _plan(blocks)["title"] = {"type": "plain_text", "text": chunk["title"]}
            case "blocks":
                blocks += checked_blocks(chunk["blocks"], workspace.file)
    if len(text) > MARKDOWN_CHARACTERS:
        raise SlackError("msg_too_long")
    if len(blocks) > BLOCKS_PER_MESSAGE:
        raise SlackError("invalid_blocks", (f"no more than {BLOCKS_PER_MESSAGE} items allowed [json-pointer:/blocks]",))
    return {"text": text, "blocks": blocks, "stream": stream}


def _write(blocks: list[JsonObject], text: str) -> None:
    """Continue the last block where it is text, else begin one below."""
    if blocks and blocks[-1]["type"] == "markdown":
        blocks[-1]["text"] += text
    else:
        blocks.append({"type": "markdown", "block_id": f"text{len(blocks)}", "text": text})


def _task(chunk: JsonObject) -> JsonObject:
    task: JsonObject = {"type": "task_card", "task_id": chunk["id"], "title": chunk["title"], "status": chunk["status"]}
    for name in ("details", "output"):
        if chunk.get(name):
            words = {"type": "rich_text_section", "elements": [{"type": "text", "text": chunk[name]}]}
            task[name] = {"type": "rich_text", "elements": [words]}
    if chunk.get("sources"):
        task["sources"] = chunk["sources"]
    return task


def _put_task(blocks: list[JsonObject], task: JsonObject, *, in_plan: bool) -> None:
    """Replace the card of a task, or add it: to the one plan, or where the message has come to."""
    if in_plan:
        plan = _plan(blocks)
        plan["tasks"] = _with_task(plan["tasks"], task)
    else:
        blocks[:] = _with_task(blocks, task | {"block_id": f"task{len(blocks)}"})


def _with_task(cards: Sequence[JsonObject], task: JsonObject) -> list[JsonObject]:
    ids = [card.get("task_id") for card in cards]
    if task["task_id"] not in ids:
        return [*cards, task]
    return [card | task if card.get("task_id") == task["task_id"] else card for card in cards]


def _plan(blocks: list[JsonObject]) -> JsonObject:
    for block in blocks:
        if block["type"] == "plan":
            return block
    plan: JsonObject = {"type": "plan", "block_id": "plan", "title": {"type": "plain_text", "text": ""}, "tasks": []}
    blocks.append(plan)
    return plan
