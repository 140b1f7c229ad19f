"""The fields of a JSON body that the page or a test sends, each checked as it is read."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from bot.localslack.errors import SlackError
from bot.localslack.settings import JsonObject
from bot.localslack.workspace import Workspace

Act = Callable[[Workspace, JsonObject], Awaitable[JsonObject]]


def text_of(body: JsonObject, name: str) -> str:
    """Return a string that must be there.

    Raises:
        SlackError: `invalid_arguments`, as from each of these.
    """
    value = body.get(name)
    if not isinstance(value, str):
        raise SlackError("invalid_arguments")
    return value


def optional_text(body: JsonObject, name: str) -> str | None:
    """Return a string, None where it is left out."""
    return None if body.get(name) is None else text_of(body, name)


def optional_flag(body: JsonObject, name: str) -> bool | None:
    """Return whether something is so, None where it is left out."""
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise SlackError("invalid_arguments")
    return value


def number_of(body: JsonObject, name: str, default: float, *, at_least: float, at_most: float) -> float:
    """Return a number within its bounds."""
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not at_least <= value <= at_most:
        raise SlackError("invalid_arguments")
    return value


def texts_of(body: JsonObject, name: str) -> list[str]:
    """Return strings, none where they are left out."""
    value = body.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise SlackError("invalid_arguments")
    return list(value)


def object_of(body: JsonObject, name: str) -> JsonObject:
    """Return an object that must be there."""
    value = body.get(name)
    if not isinstance(value, dict):
        raise SlackError("invalid_arguments")
    return value


def values_of(given: Any) -> JsonObject:
    """Return `{block_id: {action_id: {…}}}`, also when it stands in `{"values": …}` as Slack's state does."""
    values = given.get("values", given) if isinstance(given, dict) else None
    is_right = isinstance(values, dict) and all(
        isinstance(block, dict) and all(isinstance(one, dict) for one in block.values()) for block in values.values()
    )
    if not is_right:
        raise SlackError("invalid_arguments")
    return cast("JsonObject", values)
