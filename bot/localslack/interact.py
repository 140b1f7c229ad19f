"""The payloads of commands and interactions, built from what a person did."""

import time
from typing import Any

from bot.localslack import events
from bot.localslack.errors import SlackError
from bot.localslack.settings import JsonObject, LocalSlackSettings
from bot.localslack.validation.blocks import elements_of

# What an element in the payload repeats of its definition.
REPEATED = ("text", "style", "placeholder", "confirm", "url", "initial_option", "initial_options", "initial_value")
CHOSEN = {
    "button": "value",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "multi_external_select": "selected_options",
    "radio_buttons": "selected_option",
    "overflow": "selected_option",
    "multi_static_select": "selected_options",
    "checkboxes": "selected_options",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "channels_select": "selected_channel",
    "multi_channels_select": "selected_channels",
    "plain_text_input": "value",
    "number_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
}


def command_payload(
    settings: LocalSlackSettings,
    user: JsonObject,
    conversation: JsonObject,
    *,
    command: str,
    text: str,
    trigger_id: str,
    response_url: str,
) -> JsonObject:
    """Return the form of a slash command, as an object."""
    return {
        "token": "local",
        "team_id": settings.team_id,
        "team_domain": settings.team_domain,
        "channel_id": conversation["id"],
        "channel_name": channel_name(conversation),
        "user_id": user["id"],
        "user_name": user["name"],
        "command": command,
        "text": text,
        "api_app_id": settings.bot.app_id,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def message_action_payload(
    settings: LocalSlackSettings,
    user: JsonObject,
    conversation: JsonObject,
    message: JsonObject,
    action: JsonObject,
    *,
    values: JsonObject,
    trigger_id: str,
    response_url: str,
) -> JsonObject:
    """Return `block_actions` for an element of a message."""
    payload = _interaction(settings, user, "block_actions") | {
        "container": _message_container(message),
        "trigger_id": trigger_id,
        "channel": {"id": conversation["id"], "name": channel_name(conversation)},
        "state": {"values": values},
        "response_url": response_url,
        "actions": [action],
    }
    # Slack does not give an ephemeral message back to the app.
    return payload if message.get("is_ephemeral") else payload | {"message": events.app_message(message)}


def view_action_payload(
    settings: LocalSlackSettings, user: JsonObject, view: JsonObject, action: JsonObject, trigger_id: str
) -> JsonObject:
    """Return `block_actions` for an element of a modal or Home tab."""
    return _interaction(settings, user, "block_actions") | {
        "container": {"type": "view", "view_id": view["id"]},
        "trigger_id": trigger_id,
        "view": view,
        "actions": [action],
    }


def view_submission_payload(
    settings: LocalSlackSettings, user: JsonObject, view: JsonObject, trigger_id: str
) -> JsonObject:
    """Return `view_submission`."""
    submission = {"trigger_id": trigger_id, "view": view, "response_urls": []}
    return _interaction(settings, user, "view_submission") | submission


def view_closed_payload(
    settings: LocalSlackSettings, user: JsonObject, view: JsonObject, *, is_cleared: bool
) -> JsonObject:
    """Return `view_closed`."""
    return _interaction(settings, user, "view_closed") | {"view": view, "is_cleared": is_cleared}


def suggestion_payload(
    settings: LocalSlackSettings, user: JsonObject, place: JsonObject, wanted: JsonObject
) -> JsonObject:
    """Return `block_suggestion`: what was typed into an external select of a message or view."""
    if place["type"] == "message":
        where = {"container": _message_container(place), "message": events.app_message(place)}
    else:
        where = {"container": {"type": "view", "view_id": place["id"]}, "view": place}
    return _interaction(settings, user, "block_suggestion") | where | wanted


def used_element(blocks: list[JsonObject], action: JsonObject) -> JsonObject:
    """Return the action of a payload: the element a person used, with what they chose.

    Raises:
        SlackError: `action_not_found`, or `invalid_arguments` for a choice that the element does not offer.
    """
    for block in blocks:
        for element in elements_of(block):
            is_it = (block["block_id"], element["action_id"]) == (action.get("block_id"), action.get("action_id"))
            if is_it and element["type"] == action.get("type"):
                chosen = _chosen(element, action)
                repeated = {name: element[name] for name in REPEATED if name in element}
                identity = {name: action[name] for name in ("type", "action_id", "block_id")}
                return identity | repeated | chosen | {"action_ts": f"{time.time():.6f}"}
    raise SlackError("action_not_found")


def offered_options(element: JsonObject) -> list[JsonObject]:
    """Return the options of an element, those of its groups too."""
    grouped = [option for group in element.get("option_groups") or [] for option in group["options"]]
    return [*(element.get("options") or []), *grouped]


def channel_name(conversation: JsonObject) -> str:
    """Return a conversation's name as payloads give it."""
    return "directmessage" if conversation.get("is_im") else str(conversation["name"])


def _message_container(message: JsonObject) -> JsonObject:
    container = {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": message["channel"],
        "is_ephemeral": bool(message.get("is_ephemeral")),
    }
    return container | ({"thread_ts": message["thread_ts"]} if "thread_ts" in message else {})


def _chosen(element: JsonObject, action: JsonObject) -> JsonObject:
    name = CHOSEN[element["type"]]
    if element["type"] == "button":
        return {"value": element["value"]} if "value" in element else {}
    value: Any = action.get(name)
    if name.startswith("selected_option"):
        offered = {option["value"] for option in offered_options(element)}
        # What an external select offers, only the app knows.
        is_open = "external" in element["type"]
        for one in value if isinstance(value, list) else [value]:
            if one is not None and not (isinstance(one, dict) and (is_open or one.get("value") in offered)):
                raise SlackError("invalid_arguments")
    return {name: value}


def _interaction(settings: LocalSlackSettings, user: JsonObject, kind: str) -> JsonObject:
    home = user.get("team_id", settings.team_id)
    return {
        "type": kind,
        "team": {"id": settings.team_id, "domain": settings.team_domain},
        "user": {"id": user["id"], "username": user["name"], "name": user["name"], "team_id": home},
        "api_app_id": settings.bot.app_id,
        "token": "local",
        "enterprise": None,
        "is_enterprise_install": False,
    }
