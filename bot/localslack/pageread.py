"""What the page reads: the workspace as one person sees it, messages, search, the Home tab."""

from collections.abc import Mapping
from dataclasses import asdict

from bot.localslack.accounts import groups_of, page_group, page_user
from bot.localslack.errors import SlackError
from bot.localslack.people import joined
from bot.localslack.settings import JsonObject
from bot.localslack.state import NEWEST
from bot.localslack.workspace import Workspace

UNREAD_COUNTED = 100
SEARCH_RESULTS = 50
MESSAGES_PER_PAGE = 200


def state(workspace: Workspace, query: Mapping[str, str]) -> JsonObject:
    """Return what the page needs at its start."""
    user = _first_named(workspace, query.get("user", ""))
    settings = workspace.settings
    bot = page_user(workspace.user(workspace.bot_id))
    own = [one for one in workspace.state.conversations() if user["id"] in workspace.state.members(one["id"])]
    own_ids = {one["id"] for one in own}
    return {
        "team": {"id": settings.team_id, "name": settings.team_name, "domain": settings.team_domain},
        "me": page_user(user),
        "users": [page_user(one) for one in workspace.state.accounts()],
        "user_groups": [page_group(one) for one in workspace.state.user_groups()],
        "bot": bot
        | {
            "bot_id": settings.bot.bot_id,
            "app_id": settings.bot.app_id,
            "connected": workspace.socket.connections > 0,
        },
        "channels": [_channel(workspace, user["id"], one) for one in own if not one.get("is_im")],
        "dms": _direct_messages(workspace, user["id"], own),
        "commands": settings.commands,
        "views": workspace.modals.stack(user["id"]),
        "statuses": [one for one in workspace.statuses.values() if one["channel"] in own_ids],
        "prompts": [one for one in workspace.prompts.values() if one["channel"] in own_ids],
        "suggested_prompts": settings.suggested_prompts,
        "home": settings.has_home,
    }


def messages(workspace: Workspace, query: Mapping[str, str]) -> JsonObject:
    """Return messages of a conversation or thread, oldest first, what only this person sees among them."""
    user = workspace.user(query.get("user"))
    channel = joined(workspace, user, query.get("channel", ""))["id"]
    thread_ts, before = query.get("thread_ts") or None, query.get("before") or NEWEST
    limit = query.get("limit") or "100"
    if not limit.isdigit() or not 1 <= int(limit) <= MESSAGES_PER_PAGE:
        raise SlackError("invalid_arguments")
    count = int(limit)
    if thread_ts is None:
        found = workspace.state.channel_messages(channel, before=before, count=count + 1)[::-1]
    else:
        found = workspace.state.replies(channel, thread_ts, before=before, count=count + 1, newest=True)
    has_more = len(found) > count
    found = found[-count:]
    if thread_ts is not None and not has_more:
        found = [workspace.message(channel, thread_ts), *found]
    after = found[0]["ts"] if has_more else ""
    own = [
        one
        for one in workspace.ephemerals.get(user["id"], ())
        if one["channel"] == channel and one.get("thread_ts") == thread_ts and after < one["ts"] < before
    ]
    return {"messages": sorted([*found, *own], key=lambda one: str(one["ts"])), "has_more": has_more}


def search(workspace: Workspace, query: Mapping[str, str]) -> JsonObject:
    """Return messages whose text contains the words, in conversations of this person."""
    user = workspace.user(query.get("user"))
    words = query.get("query", "").strip().lower()
    if not words:
        return {"messages": []}
    found = [
        message
        for message in workspace.state.search(words, 4 * SEARCH_RESULTS)
        if words in message["text"].lower() and user["id"] in workspace.state.members(message["channel"])
    ]
    return {"messages": found[:SEARCH_RESULTS]}


def home(workspace: Workspace, query: Mapping[str, str]) -> JsonObject:
    """Return the Home tab of this person."""
    return {"view": workspace.state.home(workspace.user(query.get("user"))["id"])}


def calls(workspace: Workspace, query: Mapping[str, str]) -> JsonObject:
    """Return the latest Web API calls, oldest first."""
    method = query.get("method")
    return {"calls": [call for call in workspace.calls if method in {None, "", call["method"]}]}


def faults(workspace: Workspace, _query: Mapping[str, str]) -> JsonObject:
    """Return the faults that are still to come, and how many of each kind came."""
    return {"ordered": [asdict(fault) for fault in workspace.faults.ordered], "taken": dict(workspace.faults.taken)}


def socket(workspace: Workspace, _query: Mapping[str, str]) -> JsonObject:
    """Return how Socket Mode stands."""
    link = workspace.socket
    return {
        "connections": link.connections,
        "waiting": link.waiting,
        "unacknowledged": link.unacknowledged,
        "delivered": link.delivered,
    }


def _first_named(workspace: Workspace, who: str) -> JsonObject:
    """Return the person with this id or name; on a first visit, which names nobody known, the first person.

    Who is deactivated stays who they are: a page that is read again must not become somebody else's.
    """
    people = [one for one in workspace.state.accounts() if not one["is_bot"]]
    active = [one for one in people if not one.get("is_deleted")]
    return next((one for one in people if who in {one["id"], one["name"]}), active[0])


def _channel(workspace: Workspace, user_id: str, channel: JsonObject) -> JsonObject:
    return {
        "id": channel["id"],
        "name": channel["name"],
        "topic": channel["topic"]["value"],
        "num_members": len(workspace.state.members(channel["id"])),
        **_unread(workspace, user_id, channel["id"]),
    }


def _direct_messages(workspace: Workspace, user_id: str, own: list[JsonObject]) -> list[JsonObject]:
    """Return the person's direct messages, those with the bot first."""
    found = []
    for one in own:
        if one.get("is_im"):
            others = [member for member in workspace.state.members(one["id"]) if member != user_id]
            other = others[0] if others else user_id
            found.append({"id": one["id"], "user": other, **_unread(workspace, user_id, one["id"])})
    return sorted(found, key=lambda dm: dm["user"] != workspace.bot_id)


def _unread(workspace: Workspace, user_id: str, channel: str) -> JsonObject:
    mark = workspace.state.read_mark(user_id, channel)
    fresh = [
        one
        for one in workspace.state.channel_messages(channel, after=mark, count=UNREAD_COUNTED)
        if one.get("user") != user_id
    ]
    marks = [f"<@{user_id}>", *(f"<!subteam^{group}" for group in groups_of(workspace, user_id))]
    return {"unread": len(fresh), "mentions": sum(any(mark in one["text"] for mark in marks) for one in fresh)}
