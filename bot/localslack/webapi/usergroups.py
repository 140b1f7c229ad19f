"""User groups and who is in them."""

from bot.localslack.accounts import is_enabled, web_group
from bot.localslack.errors import SlackError
from bot.localslack.settings import JsonObject
from bot.localslack.webapi.arguments import Arguments
from bot.localslack.workspace import Workspace


def list_all(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Return the user groups; disabled ones, their users and how many those are only where asked for."""
    wanted = [group for group in workspace.state.user_groups() if _is_wanted(group, arguments)]
    with_users, with_count = arguments.flag("include_users"), arguments.flag("include_count")
    return {"usergroups": [web_group(group, with_users=with_users, with_count=with_count) for group in wanted]}


def list_users(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Return the ids of the users in one group."""
    group = workspace.user_group(arguments.required("usergroup"))
    if not _is_wanted(group, arguments):
        raise SlackError("no_such_subteam")
    return {"users": group["users"]}


def _is_wanted(group: JsonObject, arguments: Arguments) -> bool:
    return is_enabled(group) or arguments.flag("include_disabled")
