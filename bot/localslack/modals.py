"""The modals that are open, one stack per person; they end with the server, as they do with Slack's window."""

import secrets
import time
from dataclasses import dataclass, field

from bot.localslack.errors import SlackError
from bot.localslack.feed import Feed
from bot.localslack.settings import JsonObject, LocalSlackSettings

# https://docs.slack.dev/surfaces/modals: three views in a stack.
STACK_HEIGHT = 3


def view_object(settings: LocalSlackSettings, view: JsonObject) -> JsonObject:
    """Return a checked view as Slack shows it, with its ids and a hash."""
    view_id = f"V{secrets.token_hex(5).upper()}"
    return {
        "id": view_id,
        "team_id": settings.team_id,
        "title": None,
        "submit": None,
        "close": None,
        "private_metadata": "",
        "callback_id": "",
        "external_id": "",
        "clear_on_close": False,
        "notify_on_close": False,
        "submit_disabled": False,
        "state": {"values": {}},
        "root_view_id": view_id,
        "previous_view_id": None,
        "app_id": settings.bot.app_id,
        "app_installed_team_id": settings.team_id,
        "bot_id": settings.bot.bot_id,
        "hash": new_hash(),
        **view,
    }


def new_hash() -> str:
    """Return a hash that no view had before."""
    return f"{int(time.time())}.{secrets.token_hex(4)}"


@dataclass(slots=True)
class Modals:
    """The stacks; every change is told to the person's page."""

    settings: LocalSlackSettings
    feed: Feed
    _stacks: dict[str, list[JsonObject]] = field(default_factory=dict)

    def stack(self, user_id: str) -> list[JsonObject]:
        """Return someone's open views, bottom first."""
        return self._stacks.setdefault(user_id, [])

    def find(self, *, view_id: str | None = None, external_id: str | None = None) -> tuple[str, JsonObject]:
        """Return whose view it is and the view.

        Raises:
            SlackError: `not_found`.
        """
        for user_id, stack in self._stacks.items():
            for view in stack:
                if view["id"] == view_id or (external_id and view["external_id"] == external_id):
                    return user_id, view
        raise SlackError("not_found")

    def open(self, user_id: str, view: JsonObject, *, under: str | None = None) -> JsonObject:
        """Put a view on top of someone's stack; `under` is the view it is pushed upon."""
        stack = self.stack(user_id)
        if len(stack) >= STACK_HEIGHT:
            raise SlackError("push_limit_reached")
        self._refuse_known_external_id(view)
        shown = view_object(self.settings, view)
        if under is not None:
            below = next((one for one in stack if one["id"] == under), None)
            if below is None:
                raise SlackError("not_found")
            shown |= {"root_view_id": below["root_view_id"], "previous_view_id": below["id"]}
        stack.append(shown)
        self._tell(user_id, "modal_open", {"view": shown})
        return shown

    def update(self, user_id: str, shown: JsonObject, view: JsonObject, expected_hash: str | None) -> JsonObject:
        """Replace a view's content; what was typed stays where its input stays."""
        if expected_hash and expected_hash != shown["hash"]:
            raise SlackError("hash_conflict")
        if view.get("external_id") != shown["external_id"]:
            self._refuse_known_external_id(view)
        kept = {name: shown[name] for name in ("id", "state", "root_view_id", "previous_view_id")}
        shown.clear()
        shown.update(view_object(self.settings, view) | kept)
        self._tell(user_id, "modal_update", {"view": shown})
        return shown

    def close(self, user_id: str, view_id: str, *, whole_stack: bool = False) -> list[JsonObject]:
        """Take a view, and what lies on it, off someone's stack; return what was closed, top first."""
        stack = self.stack(user_id)
        position = next((index for index, view in enumerate(stack) if view["id"] == view_id), None)
        if position is None:
            raise SlackError("not_found")
        if whole_stack or stack[position]["clear_on_close"]:
            position = 0
        closed = stack[position:][::-1]
        del stack[position:]
        self._tell(user_id, "modal_close", {"closed": [view["id"] for view in closed]})
        return closed

    def _refuse_known_external_id(self, view: JsonObject) -> None:
        external_id = view.get("external_id")
        if external_id and any(one["external_id"] == external_id for stack in self._stacks.values() for one in stack):
            raise SlackError("duplicate_external_id")

    def _tell(self, user_id: str, name: str, data: JsonObject) -> None:
        stack = [view["id"] for view in self.stack(user_id)]
        self.feed.publish(name, {**data, "stack": stack}, {user_id})
