"""Reactions of the bot."""

from bot.localslack.errors import SlackError
from bot.localslack.people import react
from bot.localslack.settings import JsonObject
from bot.localslack.webapi.arguments import Arguments
from bot.localslack.workspace import Workspace


def add(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Add a reaction to a message."""
    return _change(workspace, arguments, remove=False)


def remove(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Take a reaction back."""
    return _change(workspace, arguments, remove=True)


def _change(workspace: Workspace, arguments: Arguments, *, remove: bool) -> JsonObject:
    conversation = workspace.conversation(arguments.required("channel"), for_bot=True)
    message = workspace.message(conversation["id"], arguments.required("timestamp"))
    name = arguments.required("name").strip(":")
    if not name.replace("_", "").replace("-", "").replace("+", "").isalnum():
        raise SlackError("invalid_name")
    react(workspace, workspace.bot_id, message, name, remove=remove)
    return {}
