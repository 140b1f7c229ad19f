"""Who is calling, and where Socket Mode is."""

from bot.localslack.errors import SlackError
from bot.localslack.settings import JsonObject
from bot.localslack.webapi.arguments import Arguments
from bot.localslack.workspace import Workspace


def api_test(_workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Return what was given; `error` asks for that error."""
    error = arguments.text("error")
    if error:
        raise SlackError(error)
    return {"args": arguments.values}


def auth_test(workspace: Workspace, _arguments: Arguments) -> JsonObject:
    """Return whose token it is."""
    settings = workspace.settings
    return {
        "url": f"{workspace.base_url}/",
        "team": settings.team_name,
        "user": settings.bot.name,
        "team_id": settings.team_id,
        "user_id": settings.bot.user_id,
        "bot_id": settings.bot.bot_id,
        "is_enterprise_install": False,
    }


def connections_open(workspace: Workspace, _arguments: Arguments) -> JsonObject:
    """Return an address for one Socket Mode connection."""
    if workspace.socket.is_disabled:
        raise SlackError("forbidden_team")
    address = workspace.base_url.replace("http://", "ws://", 1)
    ticket = workspace.socket.ticket()
    return {"url": f"{address}/link/?ticket={ticket}&app_id={workspace.settings.bot.app_id}"}
