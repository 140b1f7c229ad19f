"""What an app keeps with a message for itself."""

from typing import Any

from bot.localslack.errors import SlackError
from bot.localslack.settings import JsonObject
from bot.localslack.webapi.arguments import Arguments


def metadata_of(arguments: Arguments) -> JsonObject | None:
    """Return a message's metadata, None where a call gives none.

    Raises:
        SlackError: `invalid_metadata_format`.
    """
    metadata: Any = arguments.structure("metadata", "invalid_metadata_format")
    if metadata is None:
        return None
    is_right = (
        isinstance(metadata, dict)
        and set(metadata) == {"event_type", "event_payload"}
        and isinstance(metadata["event_type"], str)
        and isinstance(metadata["event_payload"], dict)
    )
    if not is_right:
        raise SlackError("invalid_metadata_format")
    return dict(metadata)
