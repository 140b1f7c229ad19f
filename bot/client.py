"""The Web API client of a workspace."""

from slack_sdk.web.async_client import AsyncWebClient

from agents.errors import UserError
from agents.settings import Settings

_TIMEOUT_S = 10


def build_client(settings: Settings) -> AsyncWebClient:
    """Return the Web API client of the one workspace whose token is in the settings.

    Raises:
        UserError: There is no token.
    """
    if settings.slack_bot_token is None:
        raise UserError(
            "SLACK_BOT_TOKEN is not set. Install the app from bot/manifest.json and set the bot token (xoxb-…)."
        )
    # The SDK would repeat a call whose connection broke, and so post a message twice; the outbox looks first.
    return AsyncWebClient(
        token=settings.slack_bot_token.get_secret_value(),
        base_url=settings.slack_api_url,
        timeout=_TIMEOUT_S,
        retry_handlers=[],
    )
