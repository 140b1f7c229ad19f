"""The Slack app: built from settings and services, nothing global, nothing on import."""

from collections.abc import Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from agents.ports import Voice
from agents.settings import Settings
from agents.store.db import Database
from agents.wiring import Services
from bot.blocks.message import Message
from bot.client import build_client
from bot.downloads import Downloads
from bot.features import ROUTES
from bot.inbox import inbox_middleware
from bot.outbox import ClientOf, Poster
from bot.turns import Turns
from bot.voice import SlackVoice


def build_app(settings: Settings, services: Services) -> AsyncApp:
    """Return the Bolt app: whatever Slack sends goes through the inbox."""
    app = AsyncApp(client=build_client(settings))
    app.use(inbox_middleware(services, ROUTES))
    return app


def build_turns(settings: Settings, services: Services, client_of: ClientOf | None = None) -> Turns:
    """Return what handles stored events; its `handle` is the worker's callable for the queue "turn".

    Args:
        settings: For the token.
        services: What features work with.
        client_of: As for the poster.
    """
    return Turns(services, ROUTES, Downloads(client_of or _only_client(settings)))


def build_poster(settings: Settings, services: Services, client_of: ClientOf | None = None) -> Poster:
    """Return the poster of the outbox.

    Args:
        settings: For the token and the least time between edits.
        services: What the cards show.
        client_of: The client of a team; the one workspace of the settings where it is not given.
    """

    async def render(team_id: str, kind: str, subject: Mapping[str, Any]) -> Message:
        return await ROUTES.cards[kind](services, team_id, subject)

    return Poster(services.database, client_of or _only_client(settings), render, interval_s=settings.card_interval_s)


def build_voice(settings: Settings, client_of: ClientOf | None = None) -> Callable[[Database], Voice]:
    """Return what makes the voice on an open database; `client_of` as for the poster."""
    found = client_of or _only_client(settings)
    return lambda database: SlackVoice(database, found)


def _only_client(settings: Settings) -> ClientOf:
    client = build_client(settings)

    async def only_client(_: str) -> AsyncWebClient:
        return client

    return only_client
