"""The front door: what Slack sends is stored by one SQL call, then acknowledged; its turn does the rest.

Bolt acknowledges an event before a listener runs, so that a listener that crashes loses it. Here a global middleware
does all the work and answers itself: where storing fails it raises, nothing is acknowledged, and Slack sends again.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from slack_bolt import BoltResponse
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from agents.errors import UserError
from agents.store import inbox
from agents.store.inbox import Event
from agents.store.outbox import upsert_card
from agents.wiring import Services
from bot.blocks.say import with_mentions
from bot.feature import VIEWS_IN_STACK, Opener, say_card, stack_height
from bot.incoming import received
from bot.routing import Routes
from bot.slack_errors import failure_of

_log = logging.getLogger(__name__)

Middleware = Callable[..., Awaitable[BoltResponse]]


def inbox_middleware(services: Services, routes: Routes) -> Middleware:
    """Return the middleware that takes everything Slack sends."""

    async def take(body: dict[str, Any], context: AsyncBoltContext, client: AsyncWebClient) -> BoltResponse:
        found = received(body, context.team_id or "", context.bot_user_id)
        if found is None:
            return BoltResponse(status=200)
        opener = routes.opener(found.event)
        if opener is not None:
            await _open(services, client, opener, found.event, body)
            return BoltResponse(status=200)
        wrong = await _wrong_values(services, routes, found.event)
        if wrong:
            return BoltResponse(status=200, body={"response_action": "errors", "errors": dict(wrong)})
        await services.database.call(
            partial(inbox.receive, event=found.event, only_in_own_thread=found.only_in_own_thread)
        )
        # What lies under a form that was pushed shows figures from before it.
        is_stacked = found.event.kind == "view" and stack_height(found.event) > 1
        return BoltResponse(status=200, body={"response_action": "clear"} if is_stacked else "")

    return take


async def _open(
    services: Services, client: AsyncWebClient, opener: Opener, event: Event, body: Mapping[str, Any]
) -> None:
    """Open a modal while the trigger lives; nothing is stored, since pressing again is all there is to repeat."""
    try:
        view = await opener(services, event)
        is_stacked = event.kind == "action" and event.body["message_ts"] is None and bool(event.body["metadata"])
        if not is_stacked:
            await client.views_open(trigger_id=body["trigger_id"], view=view)
        elif stack_height(event) < VIEWS_IN_STACK:
            await client.views_push(trigger_id=body["trigger_id"], view=view)
        else:
            await client.views_update(view_id=body["view"]["id"], hash=body["view"]["hash"], view=view)
    except UserError as error:
        await _tell(services, event, with_mentions(str(error)))
    except SlackApiError as error:
        _log.warning("A modal could not be opened: %s", failure_of(error).code)
        await _tell(services, event, "Slack did not open the form in time. Please try again.")


async def _tell(services: Services, event: Event, text: str) -> None:
    async with services.database.team(event.team_id) as connection:
        await upsert_card(connection, event.team_id, say_card(event, "opening", text))


async def _wrong_values(services: Services, routes: Routes, event: Event) -> Mapping[str, str]:
    check = routes.check(event)
    return {} if check is None else await check(services, event)
