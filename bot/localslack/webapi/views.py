"""Modals and the Home tab."""

from bot.localslack.errors import SlackError
from bot.localslack.modals import new_hash, view_object
from bot.localslack.settings import JsonObject
from bot.localslack.validation import checked_view
from bot.localslack.webapi.arguments import Arguments
from bot.localslack.workspace import Workspace


def open_modal(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Open a modal for the person behind a trigger."""
    trigger_id = arguments.required("trigger_id")
    view = _view(workspace, arguments, "modal")
    trigger = workspace.triggers.exchange(trigger_id)
    return {"view": workspace.modals.open(trigger.user_id, view)}


def push(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Put a modal on top of the one in which the trigger arose."""
    trigger_id = arguments.required("trigger_id")
    view = _view(workspace, arguments, "modal")
    trigger = workspace.triggers.exchange(trigger_id)
    if trigger.view_id is None:
        raise SlackError("not_found")
    return {"view": workspace.modals.open(trigger.user_id, view, under=trigger.view_id)}


def update(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Replace an open modal's content."""
    view_id, external_id = arguments.text("view_id"), arguments.text("external_id")
    if not view_id and not external_id:
        raise SlackError("invalid_arguments", ("missing required field: view_id",))
    view = _view(workspace, arguments, "modal")
    user_id, shown = workspace.modals.find(view_id=view_id, external_id=external_id)
    return {"view": workspace.modals.update(user_id, shown, view, arguments.text("hash"))}


def publish(workspace: Workspace, arguments: Arguments) -> JsonObject:
    """Replace a person's Home tab."""
    user = workspace.user(arguments.required("user_id"))
    view = _view(workspace, arguments, "home")
    if not workspace.settings.has_home:
        raise SlackError("not_enabled")
    old = workspace.state.home(user["id"])
    expected = arguments.text("hash")
    if expected and (old is None or old["hash"] != expected):
        raise SlackError("hash_conflict")
    shown = view_object(workspace.settings, view)
    if old is not None:
        shown |= {"id": old["id"], "root_view_id": old["id"], "hash": new_hash()}
    workspace.state.put_home(user["id"], shown)
    workspace.feed.publish("home", {"view": shown}, {user["id"]})
    return {"view": shown}


def _view(workspace: Workspace, arguments: Arguments, kind: str) -> JsonObject:
    view = arguments.structure("view")
    if view is None:
        raise SlackError("invalid_arguments", ("missing required field: view",))
    return checked_view(view, workspace.file, kind)
