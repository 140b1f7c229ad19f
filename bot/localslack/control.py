"""What the page and the tests do: each POST of API.md below `/_/`, from JSON to what a person does."""

import base64
from collections.abc import Mapping
from types import MappingProxyType

from bot.localslack import people
from bot.localslack.body import Act, object_of, optional_text, text_of, values_of
from bot.localslack.errors import SlackError
from bot.localslack.filestore import announced_file, keep_content, shown_file
from bot.localslack.orders import ORDERS
from bot.localslack.settings import JsonObject
from bot.localslack.workspace import Workspace

# One sentence per code, for the page to show as it stands.
SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "account_inactive": "This account was deactivated.",
        "action_not_found": "This button is no longer part of the message.",
        "app_offline": "The app is not running.",
        "channel_not_found": "There is no such conversation.",
        "invalid_arguments": "The request is not complete or has a wrong value.",
        "message_not_found": "This message is gone.",
        "name_taken": "Somebody, or a group, already has this name.",
        "no_such_subteam": "There is no such user group.",
        "no_text": "There is nothing to send.",
        "operation_timeout": "The app did not answer in time.",
        "slash_command": "Text that begins with / is a command; send it as one.",
        "thread_not_found": "This thread is gone.",
        "unknown_command": "The app has no such command.",
        "user_not_found": "There is no such person.",
        "view_not_found": "This form is no longer open.",
    }
)


def failure(refusal: SlackError) -> JsonObject:
    """Return the answer to something that did not work."""
    sentence = SENTENCES.get(refusal.code, f"Slack refused this: {refusal.code}.")
    return {"ok": False, "error": refusal.code, "message": sentence}


async def message(workspace: Workspace, body: JsonObject) -> JsonObject:
    """Post what a person typed."""
    user = workspace.actor(text_of(body, "user"))
    thread_ts = optional_text(body, "thread_ts")
    posted = people.write(workspace, user, text_of(body, "channel"), text_of(body, "text"), thread_ts=thread_ts)
    return {"ts": posted["ts"], "message": posted}


async def command(workspace: Workspace, body: JsonObject) -> JsonObject:
    """Run a slash command."""
    user = workspace.actor(text_of(body, "user"))
    text = optional_text(body, "text") or ""
    await people.run_command(workspace, user, text_of(body, "channel"), text_of(body, "command"), text.strip())
    return {}


async def action(workspace: Workspace, body: JsonObject) -> JsonObject:
    """Use an element of a message, a modal or the Home tab."""
    user = workspace.actor(text_of(body, "user"))
    used, values = object_of(body, "action"), values_of(body.get("state") or {})
    if body.get("view_id"):
        await people.act_in_view(workspace, user, text_of(body, "view_id"), used, values)
    else:
        ts = text_of(body, "message_ts")
        await people.act_on_message(workspace, user, text_of(body, "channel"), ts, action=used, values=values)
    return {}


async def view_submit(workspace: Workspace, body: JsonObject) -> JsonObject:
    """Submit a modal."""
    user = workspace.actor(text_of(body, "user"))
    values = values_of(body.get("values") or {})
    kind, errors = await people.submit_view(workspace, user, text_of(body, "view_id"), values)
    if kind == "errors":
        return {"ok": False, "error": "validation", "message": "Some answers need another look.", "errors": errors}
    return {"response_action": kind}


async def view_close(workspace: Workspace, body: JsonObject) -> JsonObject:
    """Close a modal."""
    user = workspace.actor(text_of(body, "user"))
    await people.close_view(workspace, user, text_of(body, "view_id"), whole_stack=bool(body.get("clear")))
    return {}


async def home_opened(workspace: Workspace, body: JsonObject) -> JsonObject:
    """Open the app's Home or Messages tab."""
    user = workspace.actor(text_of(body, "user"))
    tab = optional_text(body, "tab") or "home"
    if tab not in {"home", "messages"}:
        raise SlackError("invalid_arguments")
    return {"view": people.open_home(workspace, user, tab)}


async def dm_open(workspace: Workspace, body: JsonObject) -> JsonObject:
    """Open direct messages with someone, the bot unless said otherwise."""
    user = workspace.actor(text_of(body, "user"))
    other = workspace.user(optional_text(body, "with") or workspace.bot_id)
    conversation = workspace.direct_message(user["id"], other["id"])
    return {"channel": {"id": conversation["id"], "user": other["id"]}}


async def read(workspace: Workspace, body: JsonObject) -> JsonObject:
    """Note how far someone has read."""
    user = workspace.actor(text_of(body, "user"))
    conversation = people.joined(workspace, user, text_of(body, "channel"))
    workspace.state.mark_read(user["id"], conversation["id"], text_of(body, "ts"))
    return {}


async def reaction(workspace: Workspace, body: JsonObject) -> JsonObject:
    """Add a person's reaction or take it back."""
    user = workspace.actor(text_of(body, "user"))
    conversation = people.joined(workspace, user, text_of(body, "channel"))
    found = workspace.message(conversation["id"], text_of(body, "ts"))
    people.react(workspace, user["id"], found, text_of(body, "name"), remove=bool(body.get("remove")))
    return {}


async def upload(workspace: Workspace, body: JsonObject) -> JsonObject:
    """Post a person's file."""
    user = workspace.actor(text_of(body, "user"))
    conversation = people.joined(workspace, user, text_of(body, "channel"))
    try:
        content = base64.b64decode(text_of(body, "content_base64"), validate=True)
    except ValueError as fault:
        raise SlackError("invalid_arguments") from fault
    file = announced_file(workspace, user["id"], text_of(body, "name"), len(content)) | {"is_complete": True}
    workspace.state.put_file(file)
    keep_content(workspace, file, content)
    posted = people.write(
        workspace,
        user,
        conversation["id"],
        optional_text(body, "text") or "",
        thread_ts=optional_text(body, "thread_ts"),
        files=(shown_file(file),),
    )
    return {"ts": posted["ts"], "file": shown_file(file)}


async def options(workspace: Workspace, body: JsonObject) -> JsonObject:
    """Return what the app offers for what was typed into an external select."""
    user = workspace.actor(text_of(body, "user"))
    if body.get("view_id"):
        place = people.own_view(workspace, user, text_of(body, "view_id"))
    else:
        conversation = people.joined(workspace, user, text_of(body, "channel"))
        place = workspace.message(conversation["id"], text_of(body, "message_ts"))
    wanted = {name: text_of(body, name) for name in ("action_id", "block_id", "value")}
    answer = await people.suggested(workspace, user, place, wanted)
    return {"options": answer.get("options", []), "option_groups": answer.get("option_groups", [])}


ACTS: Mapping[str, Act] = MappingProxyType(
    {
        "message": message,
        "command": command,
        "action": action,
        "view_submit": view_submit,
        "view_close": view_close,
        "options": options,
        "home_opened": home_opened,
        "dm_open": dm_open,
        "read": read,
        "react": reaction,
        "upload": upload,
        **ORDERS,
    }
)
