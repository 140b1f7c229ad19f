"""The arguments of a Web API call, from a form, a JSON body or the query, read as Slack reads them."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bot.localslack.errors import SlackError


class Arguments:
    """Named values of one call; in a form everything is text, in JSON it has its type."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = dict(values)

    def text(self, name: str) -> str | None:
        """Return a string, None when it is absent."""
        value = self.values.get(name)
        return None if value is None else str(value)

    def required(self, name: str) -> str:
        """Return a string that must be there.

        Raises:
            SlackError: `invalid_arguments`.
        """
        value = self.text(name)
        if not value:
            raise SlackError("invalid_arguments", (f"missing required field: {name}",))
        return value

    def flag(self, name: str) -> bool:
        """Return whether a switch is on."""
        return str(self.values.get(name, "")).lower() in {"1", "true", "yes"}

    def count(self, name: str, default: int, at_most: int) -> int:
        """Return a positive whole number.

        Raises:
            SlackError: `invalid_arguments`.
        """
        text = self.text(name)
        if not text:
            return default
        if not text.isdigit() or not 1 <= int(text) <= at_most:
            raise SlackError("invalid_arguments", (f"must be between 1 and {at_most} [json-pointer:/{name}]",))
        return int(text)

    def structure(self, name: str, error: str = "invalid_arguments") -> Any:
        """Return an object or array, parsed when it came as text; None when it is absent.

        Raises:
            SlackError: The given error when the text is no JSON.
        """
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError as fault:
            raise SlackError(error) from fault


async def read_arguments(request: web.Request) -> Arguments:
    """Return what a call was given.

    Raises:
        SlackError: `invalid_json`, or `json_not_object`.
    """
    values: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.text() or "{}")
        except ValueError as fault:
            raise SlackError("invalid_json") from fault
        if not isinstance(body, dict):
            raise SlackError("json_not_object")
        values |= body
    elif request.can_read_body:
        values |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    return Arguments(values)
