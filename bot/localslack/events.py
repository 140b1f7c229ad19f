"""Events for the app: Slack's `event_callback` around what happened, for what the app subscribed to."""

import secrets
import time

from bot.localslack.settings import JsonObject, LocalSlackSettings
from bot.localslack.workspace import Workspace

# Facts of the page and of this server that the app's copy of a message does not have.
OWN_FIELDS = {"channel", "is_ephemeral", "metadata", "stream"}


def event_callback(settings: LocalSlackSettings, event: JsonObject, *, is_shared: bool = False) -> JsonObject:
    """Return the payload of an Events API envelope; `is_shared` where it comes from a Slack Connect channel."""
    team = settings.team_id
    return {
        "token": "local",
        "team_id": team,
        "context_team_id": team,
        "context_enterprise_id": None,
        "api_app_id": settings.bot.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev{secrets.token_hex(5).upper()}",
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": team,
                "user_id": settings.bot.user_id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": is_shared,
        "event_context": f"4-{secrets.token_urlsafe(48)}",
    }


def app_message(message: JsonObject, *, with_metadata: bool = False) -> JsonObject:
    """Return a stored message as the Web API and events show it."""
    hidden = OWN_FIELDS - {"metadata"} if with_metadata else OWN_FIELDS
    return {name: value for name, value in message.items() if name not in hidden}


def tell_posted(workspace: Workspace, message: JsonObject, conversation: JsonObject) -> None:
    """Send the events of a new message: `message`, and `app_mention` when it names the bot in a channel."""
    if not _is_seen(workspace, conversation):
        return
    event = app_message(message) | _place(conversation, message["ts"])
    if "thread_ts" in message and message["thread_ts"] != message["ts"]:
        root = workspace.state.message(conversation["id"], message["thread_ts"])
        if root is not None:
            event["parent_user_id"] = root.get("user")
    is_shared = _is_shared(workspace, conversation)
    if is_shared:
        event |= {"user_team": event["team"], "source_team": event["team"]}
    mentions = f"<@{workspace.bot_id}>" in message["text"] and message.get("user") != workspace.bot_id
    if mentions and not conversation.get("is_im") and workspace.settings.is_subscribed("app_mention"):
        mention = {name: value for name, value in event.items() if name not in {"channel_type", "subtype"}}
        send(workspace, mention | {"type": "app_mention"}, is_shared=is_shared)
    _send_message_event(workspace, event, conversation)


def tell_changed(workspace: Workspace, new: JsonObject, old: JsonObject, conversation: JsonObject) -> None:
    """Send `message_changed`."""
    event: JsonObject = {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "ts": workspace.state.next_ts(),
        "message": app_message(new),
        "previous_message": app_message(old),
    }
    _send_message_event(workspace, event | _place(conversation, event["ts"]), conversation)


def tell_deleted(workspace: Workspace, old: JsonObject, conversation: JsonObject) -> None:
    """Send `message_deleted`."""
    event: JsonObject = {
        "type": "message",
        "subtype": "message_deleted",
        "hidden": True,
        "ts": workspace.state.next_ts(),
        "deleted_ts": old["ts"],
        "previous_message": app_message(old),
    }
    _send_message_event(workspace, event | _place(conversation, event["ts"]), conversation)


def tell_reaction(workspace: Workspace, kind: str, user_id: str, name: str, message: JsonObject) -> None:
    """Send `reaction_added` or `reaction_removed`."""
    if workspace.settings.is_subscribed(kind):
        item = {"type": "message", "channel": message["channel"], "ts": message["ts"]}
        event = {"type": kind, "user": user_id, "item": item, "reaction": name, "item_user": message.get("user")}
        send(workspace, event | {"event_ts": workspace.state.next_ts()})


def tell_home_opened(workspace: Workspace, user_id: str, channel: str, tab: str) -> None:
    """Send `app_home_opened`."""
    if workspace.settings.is_subscribed("app_home_opened"):
        event: JsonObject = {"type": "app_home_opened", "user": user_id, "channel": channel, "tab": tab}
        view = workspace.state.home(user_id)
        if view is not None and tab == "home":
            event["view"] = view
        send(workspace, event | {"event_ts": workspace.state.next_ts()})


def tell(workspace: Workspace, kind: str, what: JsonObject) -> None:
    """Send an event about people or groups where the app subscribed to it."""
    if workspace.settings.is_subscribed(kind):
        send(workspace, {"type": kind, **what, "event_ts": workspace.state.next_ts()})


def send(workspace: Workspace, event: JsonObject, *, is_shared: bool = False) -> None:
    """Hand an event to the app's connections."""
    workspace.socket.send_event(event_callback(workspace.settings, event, is_shared=is_shared))


def _send_message_event(workspace: Workspace, event: JsonObject, conversation: JsonObject) -> None:
    kind = "message.im" if conversation.get("is_im") else "message.channels"
    if workspace.settings.is_subscribed(kind) and _is_seen(workspace, conversation):
        send(workspace, event, is_shared=_is_shared(workspace, conversation))


def _is_shared(workspace: Workspace, conversation: JsonObject) -> bool:
    """Return whether somebody of another workspace is in a conversation."""
    members = (workspace.state.account(one) for one in workspace.state.members(conversation["id"]))
    return any(member is not None and member.get("kind") == "external" for member in members)


def _is_seen(workspace: Workspace, conversation: JsonObject) -> bool:
    return workspace.bot_id in workspace.state.members(conversation["id"])


def _place(conversation: JsonObject, event_ts: str) -> JsonObject:
    kind = "im" if conversation.get("is_im") else "channel"
    return {"channel": conversation["id"], "channel_type": kind, "event_ts": event_ts}
