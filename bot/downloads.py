"""Files that people drop into Slack, read with the bot's token."""

from collections.abc import Mapping
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from agents.errors import UserError
from bot.outbox import ClientOf
from bot.slack_errors import UNKNOWN_OUTCOME, failure_of

_TIMEOUT_S: Final = 60.0
_PIECE: Final = 1 << 16
_GONE: Final = {"file_not_found", "file_deleted"}


class Downloads:
    """Reads files of workspaces.

    Args:
        client_of: The client of a team.
    """

    def __init__(self, client_of: ClientOf) -> None:
        self._client_of = client_of

    async def read(self, team_id: str, file_id: str, *, at_most: int) -> tuple[str, bytes]:
        """Return the name of a file and what it holds.

        Args:
            team_id: Where it was dropped.
            file_id: As Slack knows it.
            at_most: Bytes that are read.

        Raises:
            UserError: It is gone, elsewhere, or larger; or Slack does not give it. The text says what to do.
        """
        client = await self._client_of(team_id)
        try:
            described = (await client.files_info(file=file_id))["file"]
        except SlackApiError as error:
            raise _not_given(failure_of(error).code) from error
        except UNKNOWN_OUTCOME as error:
            raise _unreachable() from error
        name = str(described.get("name") or described.get("title") or file_id)
        address = described.get("url_private_download") or described.get("url_private")
        if described.get("is_external") or not address:
            raise UserError(f"{name} is only a link here, and what it leads to is not Slack's. Drop the file itself.")
        if int(described.get("size") or 0) > at_most:
            raise _too_large(name, at_most)
        return name, await _content(client, str(address), name, at_most)


async def _content(client: AsyncWebClient, address: str, name: str, at_most: int) -> bytes:
    headers = {"authorization": f"Bearer {client.token}"}
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            # Slack leads whoever may not read it to its sign-in page; the token goes nowhere else.
            session.get(address, headers=headers, allow_redirects=False) as response,
        ):
            if response.status != 200 or _is_page(response.headers, name):
                raise _not_given(f"answer {response.status}")
            content = bytearray()
            async for piece in response.content.iter_chunked(_PIECE):
                content += piece
                if len(content) > at_most:
                    raise _too_large(name, at_most)
            return bytes(content)
    except UNKNOWN_OUTCOME as error:
        raise _unreachable() from error


def _is_page(headers: Mapping[str, Any], name: str) -> bool:
    return "text/html" in str(headers.get("content-type")) and not name.lower().endswith((".html", ".htm"))


def _not_given(code: str) -> UserError:
    if code in _GONE:
        return UserError("That file is not in Slack any more. Drop it again.")
    if code == "missing_scope":
        return UserError(
            "I may not read files here: my app lacks the scope `files:read`. Whoever runs Cairn installs it anew from "
            "bot/manifest.json; then drop the file again."
        )
    return UserError(f"Slack does not give me that file ({code}). Invite me to the channel, then drop it again.")


def _unreachable() -> UserError:
    return UserError("Slack did not give me that file in time. Drop it again in a moment.")


def _too_large(name: str, at_most: int) -> UserError:
    return UserError(
        f"{name} is larger than the {at_most:,} bytes that are taken from a thread. Put it into a folder that whoever "
        "runs Cairn registers: `cairn sources add NAME FOLDER`."
    )
