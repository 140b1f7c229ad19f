"""Posting, changing and deleting messages: stored, shown on the page and told to the app."""

from dataclasses import dataclass, field
from typing import Any

from bot.localslack import events
from bot.localslack.errors import SlackError
from bot.localslack.settings import JsonObject
from bot.localslack.validation import checked_blocks
from bot.localslack.workspace import Workspace

# https://docs.slack.dev/reference/methods/chat.postMessage and chat.update; posting truncates on Slack beyond this,
# which an app should never meet, so it is refused here.
POSTED_CHARACTERS = 40_000
UPDATED_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be posted, already checked."""

    text: str
    thread_ts: str | None = None
    blocks: list[JsonObject] | None = None
    metadata: JsonObject | None = None
    files: tuple[JsonObject, ...] = ()
    is_broadcast: bool = False
    extra: JsonObject = field(default_factory=dict)


def bot_author(workspace: Workspace) -> JsonObject:
    """Return the fields that mark a message as the app's."""
    bot, team = workspace.settings.bot, workspace.settings.team_id
    profile = {"id": bot.bot_id, "app_id": bot.app_id, "name": bot.name, "team_id": team, "deleted": False}
    return {"user": bot.user_id, "bot_id": bot.bot_id, "app_id": bot.app_id, "bot_profile": profile}


def checked_content(
    workspace: Workspace, text: str | None, blocks: Any, *, most: int = POSTED_CHARACTERS
) -> tuple[str, list[JsonObject] | None]:
    """Return text and blocks of an app's message when Slack would take them.

    Raises:
        SlackError: `no_text`, `msg_too_long`, `invalid_blocks`, `msg_blocks_too_long`.
    """
    if not text and not blocks:
        raise SlackError("no_text")
    if text and len(text) > most:
        raise SlackError("msg_too_long")
    return text or "", checked_blocks(blocks, workspace.file) if blocks else None


def post(workspace: Workspace, conversation: JsonObject, author: JsonObject, draft: Draft) -> JsonObject:
    """Add a message to a conversation and return it.

    Raises:
        SlackError: `thread_not_found`.
    """
    channel = conversation["id"]
    root = _root(workspace, channel, draft.thread_ts)
    message = _message(workspace, channel, author, draft)
    if root is not None:
        message["thread_ts"] = root["ts"]
        if draft.is_broadcast:
            message["subtype"] = "thread_broadcast"
    workspace.state.put_message(message)
    members = workspace.state.members(channel)
    if message.get("user") == workspace.bot_id:
        clear_status(workspace, channel, str(message.get("thread_ts", message["ts"])))
    else:
        workspace.state.mark_read(message["user"], channel, message["ts"])
    workspace.feed.publish("message", {"channel": channel, "message": message}, members)
    if root is not None:
        _count_reply(workspace, root, message)
    events.tell_posted(workspace, message, conversation)
    return message


def post_ephemeral(workspace: Workspace, channel: str, user_id: str, draft: Draft) -> JsonObject:
    """Show a message to one person only; the app gets no event of it."""
    message = _message(workspace, channel, bot_author(workspace), draft) | {"is_ephemeral": True}
    if draft.thread_ts is not None:
        message["thread_ts"] = draft.thread_ts
    workspace.keep_ephemeral(user_id, message)
    workspace.feed.publish("ephemeral", {"channel": channel, "message": message}, {user_id})
    return message


def change(workspace: Workspace, old: JsonObject, new: JsonObject) -> None:
    """Replace a message by its new state."""
    conversation = workspace.conversation(old["channel"])
    workspace.state.put_message(new)
    show_changed(workspace, new)
    events.tell_changed(workspace, new, old, conversation)


def show_changed(workspace: Workspace, message: JsonObject) -> None:
    """Tell the page what a message looks like now."""
    channel = message["channel"]
    data = {"channel": channel, "message": message}
    workspace.feed.publish("message_changed", data, workspace.state.members(channel))


def delete(workspace: Workspace, message: JsonObject) -> None:
    """Take a message away; the root of a thread leaves a tombstone."""
    channel = message["channel"]
    conversation = workspace.conversation(channel)
    if message.get("reply_count"):
        kept = ("type", "channel", "ts", "thread_ts", "reply_count", "reply_users", "reply_users_count", "latest_reply")
        tombstone = {name: message[name] for name in kept if name in message}
        tombstone |= {"subtype": "tombstone", "text": "This message was deleted.", "user": "USLACKBOT", "hidden": True}
        workspace.state.put_message(tombstone)
        show_changed(workspace, tombstone)
    else:
        workspace.state.delete_message(channel, message["ts"])
        gone = {"channel": channel, "ts": message["ts"], "thread_ts": message.get("thread_ts")}
        workspace.feed.publish("message_deleted", gone, workspace.state.members(channel))
    root_ts = message.get("thread_ts")
    root = workspace.state.message(channel, root_ts) if root_ts and root_ts != message["ts"] else None
    if root is not None:
        _recount(workspace, root)
    events.tell_deleted(workspace, message, conversation)


def clear_status(workspace: Workspace, channel: str, thread_ts: str) -> None:
    """End the app's "is thinking" in a thread."""
    if workspace.statuses.pop((channel, thread_ts), None) is not None:
        gone = {"channel": channel, "thread_ts": thread_ts, "status": "", "loading_messages": []}
        workspace.feed.publish("status", gone, workspace.state.members(channel))


def _message(workspace: Workspace, channel: str, author: JsonObject, draft: Draft) -> JsonObject:
    message: JsonObject = {
        "type": "message",
        "channel": channel,
        "ts": workspace.state.next_ts(),
        "team": workspace.settings.team_id,
        "text": draft.text,
        **author,
        **draft.extra,
    }
    if draft.blocks:
        message["blocks"] = draft.blocks
    if draft.metadata:
        message["metadata"] = draft.metadata
    if draft.files:
        message["files"] = list(draft.files)
    return message


def _root(workspace: Workspace, channel: str, thread_ts: str | None) -> JsonObject | None:
    """Return the root of a thread; a reply's ts stands for its thread."""
    if thread_ts is None:
        return None
    named = workspace.state.message(channel, thread_ts)
    if named is not None and named.get("thread_ts", thread_ts) != thread_ts:
        named = workspace.state.message(channel, named["thread_ts"])
    if named is None:
        raise SlackError("thread_not_found")
    return named


def _count_reply(workspace: Workspace, root: JsonObject, reply: JsonObject) -> None:
    repliers = list(dict.fromkeys([*root.get("reply_users", []), reply.get("user")]))
    root |= {
        "thread_ts": root["ts"],
        "reply_count": root.get("reply_count", 0) + 1,
        "reply_users": repliers,
        "reply_users_count": len(repliers),
        "latest_reply": reply["ts"],
    }
    workspace.state.put_message(root)
    show_changed(workspace, root)


def _recount(workspace: Workspace, root: JsonObject) -> None:
    replies = workspace.state.replies(root["channel"], root["ts"])
    repliers = list(dict.fromkeys(reply.get("user") for reply in replies))
    root |= {"reply_count": len(replies), "reply_users": repliers, "reply_users_count": len(repliers)}
    if replies:
        root["latest_reply"] = replies[-1]["ts"]
    else:
        for name in ("thread_ts", "reply_count", "reply_users", "reply_users_count", "latest_reply"):
            root.pop(name, None)
    workspace.state.put_message(root)
    show_changed(workspace, root)
