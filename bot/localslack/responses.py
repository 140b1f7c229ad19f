"""Answers of the app that come by `response_url` or with an acknowledgement."""

import secrets
import time
from functools import partial
from typing import Any

from aiohttp import web

from bot.localslack import messages
from bot.localslack.errors import SlackError
from bot.localslack.faults import RESPONSE_URL
from bot.localslack.faultyanswers import answered
from bot.localslack.messages import Draft
from bot.localslack.settings import JsonObject
from bot.localslack.workspace import ResponseUrl, Workspace

# https://docs.slack.dev/interactivity/handling-user-interaction#message_responses: 30 minutes, five times.
LIFETIME_S = 30 * 60


def issue(workspace: Workspace, kind: str, target: ResponseUrl) -> str:
    """Return a new address for answers; `kind` is `commands` or `actions`, as in Slack's own."""
    key = secrets.token_urlsafe(18)
    workspace.response_urls[key] = target
    return f"{workspace.base_url}/{kind}/{workspace.settings.team_id}/{secrets.randbelow(10**12)}/{key}"


def target(user_id: str, channel: str, message: JsonObject | None = None) -> ResponseUrl:
    """Return where answers to an action go; to a command when there is no message."""
    until = time.monotonic() + LIFETIME_S
    if message is None:
        return ResponseUrl(channel, user_id, until)
    return ResponseUrl(
        channel,
        user_id,
        until,
        message_ts=message["ts"],
        thread_ts=message.get("thread_ts"),
        is_ephemeral=bool(message.get("is_ephemeral")),
    )


async def receive(workspace: Workspace, request: web.Request) -> web.Response:
    """Take an answer sent to a `response_url`."""
    return await answered(workspace.faults.of(RESPONSE_URL), request, partial(_take, workspace, request))


async def _take(workspace: Workspace, request: web.Request) -> web.Response:
    found = workspace.response_urls.get(request.match_info["key"])
    if found is None or time.monotonic() > found.expires:
        return web.json_response({"ok": False, "error": "expired_url"}, status=404)
    if found.uses_left == 0:
        return web.json_response({"ok": False, "error": "used_url"}, status=404)
    try:
        body = await request.json()
    except ValueError:
        return web.Response(text="invalid_payload", status=400)
    if not isinstance(body, dict):
        return web.Response(text="invalid_payload", status=400)
    try:
        respond(workspace, found, body)
    except SlackError as refusal:
        return web.json_response(refusal.body(), status=400)
    found.uses_left -= 1
    return web.Response(text="ok")


def respond(workspace: Workspace, where: ResponseUrl, body: JsonObject) -> None:
    """Do what an answer asks: delete or replace the message acted on, or post a new one."""
    if body.get("delete_original") and where.message_ts is not None:
        _delete_original(workspace, where, where.message_ts)
        return
    text, blocks = messages.checked_content(workspace, body.get("text"), body.get("blocks"))
    if body.get("replace_original") and where.message_ts is not None:
        _replace_original(workspace, where, where.message_ts, {"text": text, "blocks": blocks})
        return
    thread_ts = body.get("thread_ts") or where.thread_ts
    draft = Draft(text, thread_ts=thread_ts, blocks=blocks)
    if body.get("response_type") == "in_channel":
        conversation = workspace.conversation(where.channel)
        messages.post(workspace, conversation, messages.bot_author(workspace), draft)
    else:
        messages.post_ephemeral(workspace, where.channel, where.user_id, draft)


def _delete_original(workspace: Workspace, where: ResponseUrl, ts: str) -> None:
    if not where.is_ephemeral:
        messages.delete(workspace, workspace.message(where.channel, ts))
        return
    message = workspace.ephemeral(where.user_id, ts)
    if message is not None:
        workspace.ephemerals[where.user_id].remove(message)
        gone = {"channel": where.channel, "ts": ts, "thread_ts": message.get("thread_ts")}
        workspace.feed.publish("message_deleted", gone, {where.user_id})


def _replace_original(workspace: Workspace, where: ResponseUrl, ts: str, content: dict[str, Any]) -> None:
    if not where.is_ephemeral:
        old = workspace.message(where.channel, ts)
        messages.change(workspace, old, _without_empty(old | content))
        return
    message = workspace.ephemeral(where.user_id, ts)
    if message is None:
        raise SlackError("message_not_found")
    new = _without_empty(message | content)
    message.clear()
    message.update(new)
    workspace.feed.publish("ephemeral", {"channel": where.channel, "message": message}, {where.user_id})


def _without_empty(message: JsonObject) -> JsonObject:
    return {name: value for name, value in message.items() if value is not None}
