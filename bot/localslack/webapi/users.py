"""People, the bot and the team."""

from bot.localslack import accounts
from bot.localslack.errors import SlackError
from bot.localslack.settings import JsonObject
from bot.localslack.webapi.arguments import Arguments
from bot.localslack.workspace import Workspace


def info(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Return one user."""
    return {"user": accounts.web_user(workspace, workspace.user(arguments.required("user")))}


def list_all(workspace: Workspace, _arguments: Arguments) -> JsonObject:
    """Return every user, deactivated ones and those who share a channel with the bot from elsewhere among them."""
    known = [user for user in workspace.state.accounts() if accounts.is_listed(workspace, user)]
    found = [accounts.web_user(workspace, user) for user in known]
    return {"members": found, "response_metadata": {"next_cursor": ""}}


def lookup_by_email(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Return the user with an address."""
    email = arguments.required("email")
    for user in workspace.state.accounts():
        if user.get("email") == email and user.get("kind") != "external" and not user.get("is_deleted"):
            return {"user": accounts.web_user(workspace, user)}
    raise SlackError("users_not_found")


def bots_info(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Return the bot."""
    bot = workspace.settings.bot
    if arguments.required("bot") != bot.bot_id:
        raise SlackError("bot_not_found")
    shown = {"id": bot.bot_id, "deleted": False, "name": bot.name, "app_id": bot.app_id, "user_id": bot.user_id}
    return {"bot": shown | {"updated": 0, "icons": {}}}


def team_info(workspace: Workspace, _arguments: Arguments) -> JsonObject:
    """Return the team."""
    settings = workspace.settings
    team = {"id": settings.team_id, "name": settings.team_name, "domain": settings.team_domain}
    return {"team": team | {"url": f"{workspace.base_url}/", "email_domain": "", "icon": {"image_default": True}}}
