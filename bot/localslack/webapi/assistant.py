"""What an assistant shows beside its messages: a status, suggested prompts, a thread's title."""

from typing import Any

from bot.localslack.errors import SlackError
from bot.localslack.messages import clear_status
from bot.localslack.settings import JsonObject
from bot.localslack.webapi.arguments import Arguments
from bot.localslack.workspace import Workspace

# https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts and setStatus.
MOST_PROMPTS = 4
MOST_LOADING_MESSAGES = 10


def set_status(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Show what the app is doing in a thread; an empty status ends it."""
    channel, thread_ts = _thread(workspace, arguments)
    status = arguments.text("status")
    if status is None:
        raise SlackError("invalid_arguments", ("missing required field: status",))
    loading = _list(arguments, "loading_messages", MOST_LOADING_MESSAGES)
    if not status:
        clear_status(workspace, channel, thread_ts)
        return {}
    shown = {"channel": channel, "thread_ts": thread_ts, "status": status, "loading_messages": loading}
    workspace.statuses[channel, thread_ts] = shown
    workspace.feed.publish("status", shown, workspace.state.members(channel))
    return {}


def set_suggested_prompts(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Offer a person a few messages to send."""
    conversation = workspace.conversation(arguments.required("channel_id"), for_bot=True)
    prompts = _list(arguments, "prompts", MOST_PROMPTS)
    if not prompts or any(not isinstance(one, dict) or not {"title", "message"} <= set(one) for one in prompts):
        raise SlackError("invalid_arguments", ("prompts must have a title and a message",))
    shown = {
        "channel": conversation["id"],
        "thread_ts": arguments.text("thread_ts"),
        "title": arguments.text("title"),
        "prompts": prompts,
    }
    workspace.prompts[conversation["id"]] = shown
    workspace.feed.publish("prompts", shown, workspace.state.members(conversation["id"]))
    return {}


def set_title(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Name a thread."""
    channel, thread_ts = _thread(workspace, arguments)
    told = {"channel": channel, "thread_ts": thread_ts, "title": arguments.required("title")}
    workspace.feed.publish("title", told, workspace.state.members(channel))
    return {}


def _thread(workspace: Workspace, arguments: Arguments) -> tuple[str, str]:
    conversation = workspace.conversation(arguments.required("channel_id"), for_bot=True)
    thread_ts = arguments.required("thread_ts")
    if workspace.state.message(conversation["id"], thread_ts) is None:
        raise SlackError("invalid_thread_ts")
    return conversation["id"], thread_ts


def _list(arguments: Arguments, name: str, at_most: int) -> list[Any]:
    value = arguments.structure(name)
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > at_most:
        raise SlackError("invalid_arguments", (f"no more than {at_most} items allowed [json-pointer:/{name}]",))
    return value
