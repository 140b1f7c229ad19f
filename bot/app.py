"""The Slack app: built from settings and services, nothing global, nothing on import."""

import asyncio
from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from agents.engine.worker import run_worker
from agents.errors import UserError
from agents.settings import Settings
from bot.blocks.message import Message
from bot.features import ROUTES
from bot.inbox import inbox_middleware
from bot.outbox import ClientOf, Poster
from bot.services import Services
from bot.socket_mode import run_socket_mode
from bot.turns import Turns

# The queue and the task of turns, as app.receive_event defers them.
TURN = "turn"
_TURNS_AT_ONCE = 8
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


def build_app(settings: Settings, services: Services) -> AsyncApp:
    """Return the Bolt app: whatever Slack sends goes through the inbox."""
    app = AsyncApp(client=build_client(settings))
    app.use(inbox_middleware(services, ROUTES))
    return app


def build_turns(services: Services) -> Turns:
    """Return what handles stored events; its `handle` is the worker's callable for the queue "turn"."""
    return Turns(services, ROUTES)


def build_poster(settings: Settings, services: Services, client_of: ClientOf | None = None) -> Poster:
    """Return the poster of the outbox.

    Args:
        settings: For the token and the least time between edits.
        services: What the cards show.
        client_of: The client of a team; the one workspace of the settings where it is not given.
    """
    client = build_client(settings)

    async def only_client(_: str) -> AsyncWebClient:
        return client

    async def render(team_id: str, kind: str, subject: Mapping[str, Any]) -> Message:
        return await ROUTES.cards[kind](services, team_id, subject)

    return Poster(services.database, client_of or only_client, render, interval_s=settings.card_interval_s)


async def serve_slack(settings: Settings, services: Services, stop: asyncio.Event) -> None:
    """Receive, handle and post until `stop` is set; any number of processes may do so for one workspace.

    Raises:
        UserError: A token is missing or refused.
    """
    if settings.slack_app_token is None or settings.database_url is None:
        raise UserError("SLACK_APP_TOKEN and DATABASE_URL must be set to serve a workspace.")
    app = build_app(settings, services)
    turns = run_worker(
        services.database,
        settings.database_url,
        {},
        None,
        queues=(TURN,),
        stop=stop,
        lease_s=settings.lease_s,
        concurrency=_TURNS_AT_ONCE,
        tasks={TURN: build_turns(services).handle},
    )
    try:
        async with asyncio.TaskGroup() as together:
            together.create_task(turns)
            together.create_task(build_poster(settings, services).run(stop))
            together.create_task(run_socket_mode(app, settings.slack_app_token.get_secret_value(), stop))
    except ExceptionGroup as failed:
        # One of them ended the others; the shell shows what a person can put right as a sentence of its own.
        refused, _ = failed.split(UserError)
        if refused is not None:
            raise refused.exceptions[0] from failed
        raise
