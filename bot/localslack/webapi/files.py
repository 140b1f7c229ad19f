"""Files of the app: an address to upload to, then completion, with or without a message."""

from bot.localslack import messages
from bot.localslack.errors import SlackError
from bot.localslack.filestore import announced_file, shown_file
from bot.localslack.messages import Draft
from bot.localslack.settings import JsonObject
from bot.localslack.webapi.arguments import Arguments
from bot.localslack.workspace import Workspace


def get_upload_url(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Announce a file and return where its bytes go."""
    name, length = arguments.required("filename"), arguments.text("length") or ""
    if not length.isdigit() or int(length) == 0:
        raise SlackError("invalid_arguments", ("missing required field: length",))
    file = announced_file(workspace, workspace.bot_id, name, int(length), arguments.text("alt_txt"))
    workspace.state.put_file(file)
    return {"upload_url": f"{workspace.base_url}/upload/v1/{file['upload_key']}", "file_id": file["id"]}


def complete_upload(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Make uploaded files usable and post them where a channel is named."""
    wanted = arguments.structure("files")
    if not isinstance(wanted, list) or not wanted or any(not isinstance(one, dict) for one in wanted):
        raise SlackError("invalid_arguments", ("missing required field: files",))
    channels = [one for one in (arguments.text("channel_id"), *_channels(arguments)) if one]
    conversations = [workspace.conversation(channel, for_bot=True) for channel in channels]
    blocks = arguments.structure("blocks", "invalid_blocks_format")
    if blocks:
        _text, blocks = messages.checked_content(workspace, None, blocks)
    files = [_completed(workspace, one) for one in wanted]
    for conversation in conversations:
        draft = Draft(
            arguments.text("initial_comment") or "",
            thread_ts=arguments.text("thread_ts"),
            blocks=blocks,
            files=tuple(files),
            extra={"subtype": "file_share", "upload": True},
        )
        messages.post(workspace, conversation, messages.bot_author(workspace), draft)
    return {"files": files}


def info(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Return a file's description."""
    file = workspace.file({"id": arguments.required("file")})
    if file is None:
        raise SlackError("file_not_found")
    return {"file": shown_file(file), "comments": [], "response_metadata": {"next_cursor": ""}}


def _channels(arguments: Arguments) -> list[str]:
    return (arguments.text("channels") or "").split(",")


def _completed(workspace: Workspace, wanted: JsonObject) -> JsonObject:
    file = workspace.state.file(str(wanted.get("id")))
    if file is None or workspace.state.content(file["id"]) is None:
        raise SlackError("file_not_found")
    file |= {"title": wanted.get("title") or file["name"], "is_complete": True}
    workspace.state.put_file(file)
    return shown_file(file)
