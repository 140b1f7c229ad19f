"""Socket Mode: a connection to Slack from the inside, so that no address of ours need be reachable."""

import asyncio
import logging

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from agents.errors import UserError
from bot.slack_errors import UNKNOWN_OUTCOME, failure_of

_LONGEST_WAIT_S = 30.0
# slack_sdk tries again every 10 s by itself; an address that still leads nowhere after this is taken for dead.
_RENEW_S = 15.0
# Nothing but a person's hand mends these.
_HOPELESS = {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "not_allowed_token_type"}

_log = logging.getLogger(__name__)


async def run_socket_mode(app: AsyncApp, app_token: str, stop: asyncio.Event, *, renew_s: float = _RENEW_S) -> None:
    """Receive over Socket Mode until `stop` is set; a lost connection is made anew.

    Args:
        app: What receives.
        app_token: The token that opens connections.
        stop: Ends it.
        renew_s: How often a connection that is not there is given a new address.

    Raises:
        UserError: Slack refuses the app token.
    """
    handler = AsyncSocketModeHandler(app, app_token)
    try:
        await _connect(handler, stop)
        while not stop.is_set():
            await _wait(stop, renew_s)
            if not stop.is_set() and not await handler.client.is_connected():
                # Addresses are good once and for half a minute. slack_sdk 3.47 asks for one as a connection is lost
                # and then tries that same one for ever; without one it asks again.
                handler.client.wss_uri = None
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]  # slack_bolt leaves it untyped


async def _connect(handler: AsyncSocketModeHandler, stop: asyncio.Event) -> None:
    """Make the first connection; later ones are the SDK's own business."""
    wait_s = 0.5
    while not stop.is_set():
        try:
            await handler.connect_async()  # type: ignore[no-untyped-call]  # slack_bolt leaves it untyped
        except (SlackApiError, *UNKNOWN_OUTCOME) as error:
            failure = failure_of(error)
            if failure.code in _HOPELESS:
                raise UserError(
                    f"Slack refuses the app token ({failure.code}). Make one under Basic Information, App-Level "
                    "Tokens, with the scope connections:write, and set SLACK_APP_TOKEN (xapp-…)."
                ) from error
            _log.warning("No connection to Slack yet (%s), trying again", failure.code)
            await _wait(stop, failure.retry_after_s or wait_s)
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)
        else:
            return


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
