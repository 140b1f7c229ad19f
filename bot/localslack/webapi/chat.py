"""Messages of the app."""

from bot.localslack import messages, streams
from bot.localslack.errors import SlackError
from bot.localslack.events import app_message
from bot.localslack.messages import Draft
from bot.localslack.settings import JsonObject
from bot.localslack.validation.blocks import MARKDOWN_CHARACTERS
from bot.localslack.webapi.arguments import Arguments
from bot.localslack.webapi.metadata import metadata_of
from bot.localslack.workspace import Workspace


def post_message(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Post a message."""
    conversation = workspace.conversation(arguments.required("channel"), for_bot=True)
    metadata = metadata_of(arguments)
    text, blocks = _content(workspace, arguments, messages.POSTED_CHARACTERS)
    draft = Draft(
        text,
        thread_ts=arguments.text("thread_ts"),
        blocks=blocks,
        metadata=metadata,
        is_broadcast=arguments.flag("reply_broadcast"),
    )
    message = messages.post(workspace, conversation, messages.bot_author(workspace), draft)
    return {"channel": conversation["id"], "ts": message["ts"], "message": app_message(message, with_metadata=True)}


def update(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Change a message of the app's own.

    Given text without blocks removes the blocks, as on Slack; given neither is refused.
    """
    conversation = workspace.conversation(arguments.required("channel"), for_bot=True)
    old = _own_message(workspace, conversation["id"], arguments.required("ts"), "cant_update_message")
    if old.get("streaming_state") == streams.WRITING:
        raise SlackError("streaming_state_conflict")
    metadata = metadata_of(arguments)
    text, blocks = _content(workspace, arguments, messages.UPDATED_CHARACTERS)
    new = {name: value for name, value in old.items() if name not in {"blocks", "streaming_state", "stream"}}
    new["text"] = text or old["text"]
    if blocks:
        new["blocks"] = blocks
    else:
        # Slack marks a message as edited only when its text alone was changed.
        new["edited"] = {"user": workspace.bot_id, "ts": workspace.state.next_ts()}
    if metadata is not None:
        new["metadata"] = metadata
    messages.change(workspace, old, new)
    shown = app_message(new, with_metadata=True)
    return {"channel": conversation["id"], "ts": new["ts"], "text": new["text"], "message": shown}


def delete(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Delete a message of the app's own."""
    conversation = workspace.conversation(arguments.required("channel"), for_bot=True)
    message = _own_message(workspace, conversation["id"], arguments.required("ts"), "cant_delete_message")
    if message.get("streaming_state") == streams.WRITING:
        raise SlackError("cant_delete_message")
    messages.delete(workspace, message)
    return {"channel": conversation["id"], "ts": message["ts"]}


def post_ephemeral(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Show a message to one member of a conversation."""
    conversation = workspace.conversation(arguments.required("channel"), for_bot=True)
    user_id = arguments.required("user")
    if user_id not in workspace.state.members(conversation["id"]):
        raise SlackError("user_not_in_channel")
    text, blocks = _content(workspace, arguments, messages.POSTED_CHARACTERS)
    draft = Draft(text, thread_ts=arguments.text("thread_ts"), blocks=blocks)
    message = messages.post_ephemeral(workspace, conversation["id"], user_id, draft)
    return {"message_ts": message["ts"]}


def get_permalink(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Return the address of a message."""
    conversation = workspace.conversation(arguments.required("channel"), for_bot=True)
    message = workspace.message(conversation["id"], arguments.required("message_ts"))
    link = f"{workspace.base_url}/archives/{conversation['id']}/p{message['ts'].replace('.', '')}"
    thread_ts = message.get("thread_ts")
    if thread_ts and thread_ts != message["ts"]:
        link += f"?thread_ts={thread_ts}&cid={conversation['id']}"
    return {"channel": conversation["id"], "permalink": link}


def _content(workspace: Workspace, arguments: Arguments, most: int) -> tuple[str, list[JsonObject] | None]:
    text, blocks = arguments.text("text"), arguments.structure("blocks", "invalid_blocks_format")
    if blocks is not None and not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    markdown = arguments.text("markdown_text")
    if markdown:
        if text or blocks:
            raise SlackError("markdown_text_conflict")
        if len(markdown) > MARKDOWN_CHARACTERS:
            raise SlackError("msg_too_long")
        block = {"type": "markdown", "text": markdown}
        return markdown, messages.checked_content(workspace, None, [block])[1]
    return messages.checked_content(workspace, text, blocks, most=most)


def _own_message(workspace: Workspace, channel: str, ts: str, error: str) -> JsonObject:
    message = workspace.message(channel, ts)
    if message.get("user") != workspace.bot_id:
        raise SlackError(error)
    return message
