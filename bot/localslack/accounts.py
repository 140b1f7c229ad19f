"""Who is in the workspace: accounts of every kind and user groups, how they begin, and how Slack shows them."""

import re
import secrets
import time

from bot.localslack.errors import SlackError
from bot.localslack.settings import BotUser, JsonObject, LocalSlackSettings, Person, PersonKind, UserGroup
from bot.localslack.workspace import Workspace

COLORS = ("#2a6f97", "#b5651d", "#7a4f9a", "#4d7c4a", "#a23b52", "#3d7a78")
HANDLE = re.compile(r"[a-z0-9][a-z0-9._-]{0,20}")
# A guest of one channel is both to Slack.
GUESTS = {"guest", "channel_guest"}


def account_of(settings: LocalSlackSettings, person: Person) -> JsonObject:
    """Return a person's account as it is stored."""
    is_external = person.kind == "external"
    return {
        "id": person.id,
        "name": person.name,
        "real_name": person.real_name,
        "color": person.color,
        "email": person.email,
        "is_bot": False,
        "kind": person.kind,
        "team_id": settings.external_team_id if is_external else settings.team_id,
        "is_deleted": False,
        "updated": 0,
    }


def bot_account(settings: LocalSlackSettings, bot: BotUser) -> JsonObject:
    """Return the bot's account as it is stored."""
    person = Person(bot.user_id, bot.name, bot.name.capitalize(), bot.color)
    return account_of(settings, person) | {"is_bot": True}


def group_of(settings: LocalSlackSettings, group: UserGroup) -> JsonObject:
    """Return a user group as it is stored, which is as Slack shows it with its users."""
    return {
        "id": group.id,
        "team_id": settings.team_id,
        "is_usergroup": True,
        "is_subteam": True,
        "name": group.name,
        "description": group.description,
        "handle": group.handle,
        "is_external": False,
        "date_create": 0,
        "date_update": 0,
        "date_delete": 0,
        "auto_type": None,
        "auto_provision": False,
        "enterprise_subteam_id": "",
        "created_by": "USLACKBOT",
        "updated_by": "USLACKBOT",
        "deleted_by": None,
        "prefs": {"channels": [], "groups": []},
        "users": list(group.users),
    }


def new_person(workspace: Workspace, name: str, real_name: str | None, kind: PersonKind) -> JsonObject:
    """Return a new account with a name that nobody has.

    Raises:
        SlackError: `invalid_arguments`, or `name_taken`.
    """
    _require_free(workspace, name)
    color = COLORS[len(workspace.state.accounts()) % len(COLORS)]
    user_id = f"U{secrets.token_hex(5).upper()}"
    person = Person(user_id, name, real_name or name.capitalize(), color, f"{name}@local.example", kind)
    return account_of(workspace.settings, person) | {"updated": int(time.time())}


def new_group(workspace: Workspace, handle: str, name: str | None, users: list[str]) -> JsonObject:
    """Return a new user group with a handle that nobody has.

    Raises:
        SlackError: `invalid_arguments`, `name_taken`, or `user_not_found`.
    """
    _require_free(workspace, handle)
    for user_id in users:
        workspace.user(user_id)
    group = UserGroup(f"S{secrets.token_hex(5).upper()}", handle, name or handle.capitalize(), tuple(users))
    now = int(time.time())
    return group_of(workspace.settings, group) | {"date_create": now, "date_update": now}


def groups_of(workspace: Workspace, user_id: str) -> list[str]:
    """Return the ids of the user groups that somebody is in."""
    return [group["id"] for group in workspace.state.user_groups() if is_enabled(group) and user_id in group["users"]]


def is_enabled(group: JsonObject) -> bool:
    """Return whether a user group is not disabled."""
    return not group["date_delete"]


def page_user(account: JsonObject) -> JsonObject:
    """Return an account as the page knows it."""
    shown = {name: account[name] for name in ("id", "name", "real_name", "color", "is_bot")}
    # An older version stored neither.
    return shown | {"kind": account.get("kind", "member"), "deleted": account.get("is_deleted", False)}


def page_group(group: JsonObject) -> JsonObject:
    """Return a user group as the page knows it."""
    return {name: group[name] for name in ("id", "handle", "name", "users")}


def web_user(workspace: Workspace, account: JsonObject) -> JsonObject:
    """Return an account as the Web API shows it to this app."""
    home = account.get("team_id", workspace.settings.team_id)
    profile = {"real_name": account["real_name"], "display_name": account["name"], "team": home}
    is_external = account.get("kind") == "external"
    if account.get("email") and not is_external and workspace.settings.is_granted({"users:read.email"}):
        profile["email"] = account["email"]
    always = {
        "id": account["id"],
        "team_id": home,
        "name": account["name"],
        "deleted": account.get("is_deleted", False),
        "profile": profile,
        "is_bot": account["is_bot"],
        "is_app_user": False,
        "updated": account.get("updated", 0),
    }
    # Of a deactivated account Slack says little more, least of all whether it was a guest's.
    if always["deleted"]:
        return always
    stranger = {"is_stranger": not _shares_channel(workspace, account["id"])} if is_external else {}
    return always | stranger | _details(account)


def web_group(group: JsonObject, *, with_users: bool, with_count: bool) -> JsonObject:
    """Return a user group as the Web API shows it."""
    shown = {name: value for name, value in group.items() if name != "users"}
    if with_users:
        shown["users"] = group["users"]
    if with_count:
        shown["user_count"] = len(group["users"])
    return shown


def is_listed(workspace: Workspace, account: JsonObject) -> bool:
    """Return whether `users.list` has somebody: strangers of other workspaces are not in it."""
    return account.get("kind") != "external" or _shares_channel(workspace, account["id"])


def _details(account: JsonObject) -> JsonObject:
    kind = account.get("kind", "member")
    return {
        "real_name": account["real_name"],
        "color": account["color"].removeprefix("#"),
        "tz": "Etc/UTC",
        "tz_label": "Coordinated Universal Time",
        "tz_offset": 0,
        "is_admin": False,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": kind in GUESTS,
        "is_ultra_restricted": kind == "channel_guest",
        "is_email_confirmed": True,
        "who_can_share_contact_card": "EVERYONE",
    }


def _shares_channel(workspace: Workspace, user_id: str) -> bool:
    channels = (one["id"] for one in workspace.state.conversations() if not one.get("is_im"))
    return any({user_id, workspace.bot_id} <= set(workspace.state.members(channel)) for channel in channels)


def _require_free(workspace: Workspace, name: str) -> None:
    if not HANDLE.fullmatch(name):
        raise SlackError("invalid_arguments")
    taken = {account["name"] for account in workspace.state.accounts()}
    taken |= {group["handle"] for group in workspace.state.user_groups()}
    if name in taken or name in {"here", "channel", "everyone"}:
        raise SlackError("name_taken")
