"""The calls that write a message while it is read: chat.startStream, chat.appendStream, chat.stopStream."""

import re

from bot.localslack import streams
from bot.localslack.errors import SlackError
from bot.localslack.events import app_message
from bot.localslack.settings import JsonObject
from bot.localslack.streams import Addition
from bot.localslack.validation.blocks import MARKDOWN_CHARACTERS
from bot.localslack.webapi.arguments import Arguments
from bot.localslack.webapi.metadata import metadata_of
from bot.localslack.workspace import Workspace

_TS = re.compile(r"\d{1,10}\.\d{6}")


def start(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Begin a message in a thread; in a channel it says for whom."""
    conversation = workspace.conversation(arguments.required("channel"), for_bot=True)
    thread_ts = _timestamp(arguments, "thread_ts")
    _check_recipient(workspace, arguments, is_needed=not conversation.get("is_im"))
    mode = arguments.text("task_display_mode") or "timeline"
    if mode not in {"timeline", "plan"}:
        raise SlackError("invalid_arguments", ("must be one of timeline, plan [json-pointer:/task_display_mode]",))
    message = streams.begin(workspace, conversation, thread_ts, _addition(arguments), in_plan=mode == "plan")
    return {"channel": conversation["id"], "ts": message["ts"]}


def append(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Add to a stream."""
    message = _stream(workspace, arguments)
    addition = _addition(arguments)
    if not addition.chunks:
        raise SlackError("no_text")
    streams.append(workspace, message, addition)
    return {"channel": message["channel"], "ts": message["ts"]}


def stop(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """End a stream, with blocks below it where there are any."""
    message = _stream(workspace, arguments)
    blocks = arguments.structure("blocks", "invalid_blocks_format")
    if blocks is not None and not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    metadata = metadata_of(arguments)
    done = streams.stop(workspace, message, _addition(arguments), blocks=blocks, metadata=metadata)
    return {"channel": done["channel"], "ts": done["ts"], "message": app_message(done, with_metadata=True)}


def _stream(workspace: Workspace, arguments: Arguments) -> JsonObject:
    conversation = workspace.conversation(arguments.required("channel"), for_bot=True)
    return streams.opened(workspace, workspace.message(conversation["id"], _timestamp(arguments, "ts")))


def _timestamp(arguments: Arguments, name: str) -> str:
    ts = arguments.required(name)
    if not _TS.fullmatch(ts):
        raise SlackError(f"invalid_{name}")
    return ts


def _check_recipient(workspace: Workspace, arguments: Arguments, *, is_needed: bool) -> None:
    team, user = arguments.text("recipient_team_id"), arguments.text("recipient_user_id")
    if is_needed and not team:
        raise SlackError("missing_recipient_team_id")
    if is_needed and not user:
        raise SlackError("missing_recipient_user_id")
    if user:
        workspace.user(user)
    if team and team not in {workspace.settings.team_id, workspace.settings.external_team_id}:
        raise SlackError("team_not_found")


def _addition(arguments: Arguments) -> Addition:
    """Return what a call adds."""
    markdown, chunks = arguments.text("markdown_text"), arguments.structure("chunks", "invalid_chunks")
    if chunks is not None and not isinstance(chunks, list):
        raise SlackError("invalid_chunks")
    if markdown and chunks:
        raise SlackError("markdown_text_conflict")
    if markdown and len(markdown) > MARKDOWN_CHARACTERS:
        raise SlackError("msg_too_long")
    if markdown:
        return Addition("markdown_text", [{"type": "markdown_text", "text": markdown}])
    return Addition("chunks", chunks or [])
