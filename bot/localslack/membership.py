"""How people and user groups change while the workspace runs: stored, shown on the page and told to the app."""

import time

from bot.localslack import events
from bot.localslack.accounts import groups_of, new_group, new_person, page_group, page_user, web_group, web_user
from bot.localslack.settings import JsonObject, PersonKind
from bot.localslack.workspace import Workspace


def add_person(
    workspace: Workspace, name: str, real_name: str | None, kind: PersonKind, channels: list[str] | None
) -> JsonObject:
    """Return a new person's account; they are in the channels named, in all where none are.

    Raises:
        SlackError: `invalid_arguments`, `name_taken`, or `channel_not_found`.
    """
    account = new_person(workspace, name, real_name, kind)
    joined = _channels(workspace, channels)
    workspace.state.put_account(account)
    _join(workspace, account["id"], joined)
    workspace.direct_message(account["id"], workspace.bot_id)
    _show(workspace)
    events.tell(workspace, "team_join", {"user": web_user(workspace, account)})
    return account


def change_person(
    workspace: Workspace,
    account: JsonObject,
    *,
    real_name: str | None = None,
    kind: PersonKind | None = None,
    is_deleted: bool | None = None,
    channels: list[str] | None = None,
) -> JsonObject:
    """Return an account changed in what is given; who is deactivated leaves every user group, as in Slack.

    Raises:
        SlackError: `channel_not_found`.
    """
    joined = _channels(workspace, channels) if channels is not None else []
    changed = account | {"updated": int(time.time())}
    if real_name is not None:
        changed["real_name"] = real_name
    if kind is not None:
        settings = workspace.settings
        changed |= {"kind": kind, "team_id": settings.external_team_id if kind == "external" else settings.team_id}
    if is_deleted is not None:
        changed["is_deleted"] = is_deleted
    workspace.state.put_account(changed)
    _join(workspace, account["id"], joined)
    if is_deleted:
        for group_id in groups_of(workspace, account["id"]):
            group = workspace.user_group(group_id)
            change_group(workspace, group, [one for one in group["users"] if one != account["id"]])
    _show(workspace)
    events.tell(workspace, "user_change", {"user": web_user(workspace, changed)})
    return changed


def add_group(workspace: Workspace, handle: str, name: str | None, users: list[str]) -> JsonObject:
    """Return a new user group.

    Raises:
        SlackError: `invalid_arguments`, `name_taken`, or `user_not_found`.
    """
    group = new_group(workspace, handle, name, list(dict.fromkeys(users)))
    workspace.state.put_user_group(group)
    _show(workspace)
    events.tell(workspace, "subteam_created", {"subteam": web_group(group, with_users=True, with_count=True)})
    return group


def change_group(
    workspace: Workspace, group: JsonObject, users: list[str], *, is_disabled: bool | None = None
) -> JsonObject:
    """Return a user group with these users.

    Raises:
        SlackError: `user_not_found`.
    """
    for user_id in users:
        workspace.user(user_id)
    now = int(time.time())
    changed = group | {"users": list(dict.fromkeys(users)), "date_update": now, "updated_by": workspace.bot_id}
    if is_disabled is not None:
        changed["date_delete"] = now if is_disabled else 0
    workspace.state.put_user_group(changed)
    _show(workspace)
    if changed["users"] != group["users"]:
        _tell_members(workspace, group, changed)
    if is_disabled is not None:
        events.tell(workspace, "subteam_updated", {"subteam": web_group(changed, with_users=True, with_count=True)})
    return changed


def _channels(workspace: Workspace, names: list[str] | None) -> list[JsonObject]:
    if names is not None:
        return [workspace.conversation(name) for name in names]
    return [one for one in workspace.state.conversations() if not one.get("is_im")]


def _join(workspace: Workspace, user_id: str, channels: list[JsonObject]) -> None:
    for channel in channels:
        workspace.state.put_conversation(channel, [user_id])


def _show(workspace: Workspace) -> None:
    """Tell every page who there is now."""
    people = [page_user(one) for one in workspace.state.accounts()]
    groups = [page_group(one) for one in workspace.state.user_groups()]
    workspace.feed.publish("people", {"users": people, "user_groups": groups})


def _tell_members(workspace: Workspace, old: JsonObject, new: JsonObject) -> None:
    added = [one for one in new["users"] if one not in old["users"]]
    removed = [one for one in old["users"] if one not in new["users"]]
    what = {
        "subteam_id": new["id"],
        "team_id": workspace.settings.team_id,
        "date_previous_update": old["date_update"],
        "date_update": new["date_update"],
        "added_users": added,
        "added_users_count": len(added),
        "removed_users": removed,
        "removed_users_count": len(removed),
    }
    events.tell(workspace, "subteam_members_changed", what)
