"""Slack's payloads, reduced to events: pure, and the only place that knows their shapes.

Nothing else of a payload is stored. What nobody addressed to Cairn comes out as None and is dropped.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents.store.inbox import Event

Payload = Mapping[str, Any]

TEXT_LIMIT = 8_000
CUT_NOTE = " … [cut: only the first 8,000 characters were read]"
# Other subtypes are edits, joins, bots and the like.
_SPOKEN = {None, "file_share", "me_message", "thread_broadcast"}
_DIRECT = "im"
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Received:
    """An event to store, and whether only its thread being one of Cairn's makes it its business."""

    event: Event
    only_in_own_thread: bool = False


def received(payload: Payload, team_id: str, bot_user_id: str | None) -> Received | None:
    """Return what to store of a payload, or None where it is not for Cairn."""
    kind = payload.get("type")
    if kind == "event_callback":
        return _from_event(payload, team_id, bot_user_id)
    if kind == "block_actions":
        return Received(_from_action(payload, team_id))
    if kind == "view_submission":
        return Received(_from_view(payload, team_id))
    if "command" in payload:
        return Received(_from_command(payload, team_id))
    return None


def _from_event(payload: Payload, team_id: str, bot_user_id: str | None) -> Received | None:
    event = payload["event"]
    key = payload["event_id"]
    if event["type"] == "app_home_opened":
        return _home(event, team_id, key)
    if event["type"] not in {"message", "app_mention"} or not _is_spoken(event):
        return None
    text = event.get("text") or ""
    is_direct = event.get("channel_type") == _DIRECT
    # A mention comes twice, as message and as app_mention, in either order: whichever is stored must be answered.
    is_mention = event["type"] == "app_mention" or _mentions(text, bot_user_id)
    if not (is_direct or is_mention or event.get("thread_ts")):
        return None
    stored = Event(
        team_id=team_id,
        key=key,
        kind="mention" if is_mention else "message",
        channel=event["channel"],
        thread_ts=event.get("thread_ts") or event["ts"],
        message_ts=event["ts"],
        user_id=event["user"],
        body={"text": readable(text, bot_user_id), "is_direct": is_direct, **_files(event)},
    )
    return Received(stored, only_in_own_thread=not (is_direct or is_mention))


def _files(event: Payload) -> dict[str, Any]:
    """Return the files of a message by id and name; of one from another workspace the id alone is known here."""
    held = [{"id": each["id"], "name": str(each.get("name") or "")} for each in event.get("files") or []]
    return {"files": _clean(held)} if held else {}


def _is_spoken(event: Payload) -> bool:
    return event.get("subtype") in _SPOKEN and "bot_id" not in event and bool(event.get("user"))


def _home(event: Payload, team_id: str, key: str) -> Received | None:
    if event.get("tab") != "home":
        return None
    return Received(
        Event(
            team_id=team_id,
            key=key,
            kind="home",
            channel=None,
            thread_ts=None,
            message_ts=None,
            user_id=event["user"],
            body={},
        )
    )


def _from_command(payload: Payload, team_id: str) -> Event:
    return Event(
        team_id=team_id,
        key=payload["trigger_id"],
        kind="command",
        channel=payload["channel_id"],
        thread_ts=None,
        message_ts=None,
        user_id=payload["user_id"],
        body={"command": payload["command"], "text": readable(payload.get("text") or "", None)},
    )


def _from_action(payload: Payload, team_id: str) -> Event:
    action = payload["actions"][0]
    view = payload.get("view") or {}
    container = payload.get("container") or {}
    message = payload.get("message") or {}
    place = _place_of_view(view)
    message_ts = container.get("message_ts") or message.get("ts")
    # What one person alone sees roots no thread: an answer under it would be seen by nobody.
    root = None if container.get("is_ephemeral") else message_ts
    body = {
        "action_id": action["action_id"],
        "value": _value(action),
        "values": _values((payload.get("state") or view.get("state") or {}).get("values") or {}),
        "message_ts": message_ts,
        "metadata": place,
    }
    return Event(
        team_id=team_id,
        key=payload["trigger_id"],
        kind="action",
        channel=container.get("channel_id") or place.get("channel"),
        thread_ts=message.get("thread_ts") or container.get("thread_ts") or root or place.get("thread_ts"),
        # Left empty: it would meet the message's own event in the unique index.
        message_ts=None,
        user_id=payload["user"]["id"],
        body=_clean(body),
    )


def _from_view(payload: Payload, team_id: str) -> Event:
    view = payload["view"]
    place = _place_of_view(view)
    return Event(
        team_id=team_id,
        key=payload["trigger_id"],
        kind="view",
        channel=place.get("channel"),
        thread_ts=place.get("thread_ts"),
        message_ts=None,
        user_id=payload["user"]["id"],
        body=_clean(
            {
                "callback_id": view["callback_id"],
                "values": _values((view.get("state") or {}).get("values") or {}),
                "metadata": place,
            }
        ),
    )


def _place_of_view(view: Payload) -> dict[str, Any]:
    # Our own modals say in their metadata where they were opened from.
    metadata = view.get("private_metadata")
    return json.loads(metadata) if metadata else {}


def _values(state: Payload) -> dict[str, dict[str, Any]]:
    return {
        block: {action: _value(element) for action, element in block_state.items()}
        for block, block_state in state.items()
    }


def _value(element: Payload) -> Any:
    """Return what a person chose or typed in an element, or None."""
    if "selected_options" in element:
        return [option["value"] for option in element["selected_options"] or []]
    if "selected_option" in element:
        chosen = element["selected_option"]
        return chosen["value"] if chosen else None
    for field in ("value", "selected_user", "selected_channel", "selected_conversation", "selected_date"):
        if field in element:
            return element[field]
    return None


def _mentions(text: str, bot_user_id: str | None) -> bool:
    return bot_user_id is not None and (f"<@{bot_user_id}>" in text or f"<@{bot_user_id}|" in text)


def readable(text: str, bot_user_id: str | None) -> str:
    """Return what a person typed: the bot's mention dropped, Slack's escapes undone, made storable and not too long."""
    if bot_user_id:
        text = re.sub(rf"<@{re.escape(bot_user_id)}(\|[^>]*)?>", "", text)
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    text = _storable(text).strip()
    return text if len(text) <= TEXT_LIMIT else text[:TEXT_LIMIT] + CUT_NOTE


def _storable(text: str) -> str:
    # Postgres takes neither in jsonb, and LangGraph's checkpoints neither.
    return _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text.replace("\x00", ""))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        text = _storable(value)
        return text if len(text) <= TEXT_LIMIT else text[:TEXT_LIMIT] + CUT_NOTE
    if isinstance(value, dict):
        return {_storable(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return value
