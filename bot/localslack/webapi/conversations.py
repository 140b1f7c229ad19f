"""Conversations and what was said in them."""

import base64
import re

from bot.localslack.errors import SlackError
from bot.localslack.events import app_message
from bot.localslack.settings import JsonObject
from bot.localslack.state import NEWEST, OLDEST
from bot.localslack.webapi.arguments import Arguments
from bot.localslack.workspace import Workspace


def list_all(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Return the conversations of the wanted types, public channels unless said otherwise."""
    wanted = (arguments.text("types") or "public_channel").split(",")
    found = [
        shown
        for one in workspace.state.conversations()
        if (shown := _shown(workspace, one)) is not None and ("im" if shown["is_im"] else "public_channel") in wanted
    ]
    count = arguments.count("limit", 100, 1000)
    start = int(_decoded(arguments.text("cursor")) or 0)
    more = str(start + count) if start + count < len(found) else None
    return {"channels": found[start : start + count], "response_metadata": {"next_cursor": _encoded(more)}}


def info(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Return one conversation."""
    conversation = workspace.conversation(arguments.required("channel"))
    shown = _shown(workspace, conversation)
    if shown is None:
        raise SlackError("channel_not_found")
    return {"channel": shown | {"num_members": len(workspace.state.members(conversation["id"]))}}


def members(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Return who is in a conversation."""
    conversation = workspace.conversation(arguments.required("channel"))
    found = workspace.state.members(conversation["id"])
    return {"members": found, "response_metadata": {"next_cursor": ""}}


def open_dm(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Open the direct messages of the bot with one person."""
    users = [user for user in (arguments.text("users") or "").split(",") if user]
    if len(users) != 1:
        raise SlackError("users_list_not_supplied" if not users else "not_enough_users")
    user = workspace.user(users[0])
    conversation = workspace.direct_message(user["id"], workspace.bot_id)
    return {"channel": _shown(workspace, conversation) if arguments.flag("return_im") else {"id": conversation["id"]}}


def join(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Let the bot join a public channel."""
    conversation = workspace.conversation(arguments.required("channel"))
    if conversation.get("is_im"):
        raise SlackError("method_not_supported_for_channel_type")
    workspace.state.put_conversation(conversation, [workspace.bot_id])
    return {"channel": _shown(workspace, conversation)}


def history(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Return the messages at the top of a conversation, newest first."""
    conversation = workspace.conversation(arguments.required("channel"), for_bot=True)
    count = arguments.count("limit", 100, 999)
    after, before = _bounds(arguments)
    before = _decoded(arguments.text("cursor")) or before
    found = workspace.state.channel_messages(conversation["id"], after=after, before=before, count=count + 1)
    more = found[count - 1]["ts"] if len(found) > count else None
    return _page(found[:count], more, arguments)


def replies(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Return a thread: its root, then the replies, oldest first."""
    conversation = workspace.conversation(arguments.required("channel"), for_bot=True)
    channel, ts = conversation["id"], arguments.required("ts")
    root = workspace.state.message(channel, ts)
    if root is None:
        raise SlackError("thread_not_found")
    root_ts = root.get("thread_ts", ts)
    count = arguments.count("limit", 1000, 1000)
    after, before = _bounds(arguments)
    cursor = _decoded(arguments.text("cursor"))
    found = [] if cursor else [workspace.state.message(channel, root_ts) or root]
    rest = workspace.state.replies(channel, root_ts, after=cursor or after, before=before, count=count + 1)
    found += rest
    more = found[count - 1]["ts"] if len(found) > count else None
    return _page(found[:count], more, arguments)


def _page(found: list[JsonObject], more: str | None, arguments: Arguments) -> JsonObject:
    with_metadata = arguments.flag("include_all_metadata")
    page: JsonObject = {
        "messages": [app_message(message, with_metadata=with_metadata) for message in found],
        "has_more": more is not None,
    }
    return page | ({"response_metadata": {"next_cursor": _encoded(more)}} if more else {})


def _bounds(arguments: Arguments) -> tuple[str, str]:
    """Return exclusive bounds, `inclusive` widened by a microsecond."""
    step = 1 if arguments.flag("inclusive") else 0
    oldest, latest = arguments.text("oldest"), arguments.text("latest")
    return _shifted(oldest, -step) if oldest else OLDEST, _shifted(latest, step) if latest else NEWEST


def _shifted(ts: str, microseconds: int) -> str:
    seconds, _, fraction = ts.partition(".")
    if not seconds.isdigit() or not (fraction or "0").isdigit():
        raise SlackError("invalid_ts_oldest" if microseconds < 0 else "invalid_ts_latest")
    total = int(seconds) * 1_000_000 + int((fraction + "000000")[:6]) + microseconds
    return f"{total // 1_000_000:010d}.{total % 1_000_000:06d}"


def _encoded(cursor: str | None) -> str:
    return base64.urlsafe_b64encode(f"next:{cursor}".encode()).decode() if cursor else ""


def _decoded(cursor: str | None) -> str | None:
    if not cursor:
        return None
    try:
        place = re.fullmatch(r"next:([\d.]+)", base64.urlsafe_b64decode(cursor.encode()).decode())
    except ValueError:
        place = None
    if place is None:
        raise SlackError("invalid_cursor")
    return place[1]


def _shown(workspace: Workspace, conversation: JsonObject) -> JsonObject | None:
    """Return a conversation as the app sees it; None for one between two people."""
    inside = workspace.bot_id in workspace.state.members(conversation["id"])
    team = workspace.settings.team_id
    if conversation.get("is_im"):
        shown = {name: conversation[name] for name in ("id", "created", "user")}
        return shown | {"is_im": True, "is_channel": False, "context_team_id": team} if inside else None
    return {
        **conversation,
        "name_normalized": conversation["name"],
        "is_channel": True,
        "is_im": False,
        "is_group": False,
        "is_private": False,
        "is_archived": False,
        "is_member": inside,
        "context_team_id": team,
    }
