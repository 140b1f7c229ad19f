"""The way of a Web API call: token, arguments, ordered faults, the method, the answer."""

import hmac
import time
from collections.abc import Callable
from types import MappingProxyType

from aiohttp import web

from bot.localslack.errors import SlackError
from bot.localslack.faultyanswers import early_answer, late_answer
from bot.localslack.settings import JsonObject
from bot.localslack.webapi import (
    assistant,
    auth,
    chat,
    conversations,
    files,
    reactions,
    stream,
    usergroups,
    users,
    views,
)
from bot.localslack.webapi.arguments import Arguments, read_arguments
from bot.localslack.webapi.scopes import require_scope
from bot.localslack.workspace import Workspace

Method = Callable[[Workspace, Arguments], JsonObject]

METHODS: MappingProxyType[str, Method] = MappingProxyType(
    {
        "api.test": auth.api_test,
        "apps.connections.open": auth.connections_open,
        "assistant.threads.setStatus": assistant.set_status,
        "assistant.threads.setSuggestedPrompts": assistant.set_suggested_prompts,
        "assistant.threads.setTitle": assistant.set_title,
        "auth.test": auth.auth_test,
        "bots.info": users.bots_info,
        "chat.appendStream": stream.append,
        "chat.delete": chat.delete,
        "chat.getPermalink": chat.get_permalink,
        "chat.postEphemeral": chat.post_ephemeral,
        "chat.postMessage": chat.post_message,
        "chat.startStream": stream.start,
        "chat.stopStream": stream.stop,
        "chat.update": chat.update,
        "conversations.history": conversations.history,
        "conversations.info": conversations.info,
        "conversations.join": conversations.join,
        "conversations.list": conversations.list_all,
        "conversations.members": conversations.members,
        "conversations.open": conversations.open_dm,
        "conversations.replies": conversations.replies,
        "files.completeUploadExternal": files.complete_upload,
        "files.getUploadURLExternal": files.get_upload_url,
        "files.info": files.info,
        "reactions.add": reactions.add,
        "reactions.remove": reactions.remove,
        "team.info": users.team_info,
        "usergroups.list": usergroups.list_all,
        "usergroups.users.list": usergroups.list_users,
        "users.info": users.info,
        "users.list": users.list_all,
        "users.lookupByEmail": users.lookup_by_email,
        "views.open": views.open_modal,
        "views.publish": views.publish,
        "views.push": views.push,
        "views.update": views.update,
    }
)
WITHOUT_TOKEN = frozenset({"api.test"})
WITH_APP_TOKEN = frozenset({"apps.connections.open"})


async def serve(workspace: Workspace, request: web.Request) -> web.Response:
    """Answer one call of the Web API."""
    name = request.match_info["method"]
    fault = workspace.faults.of_call(name)
    early = await early_answer(fault, request)
    if early is not None:
        return early
    arguments, headers = Arguments({}), {"x-oauth-scopes": ",".join(workspace.settings.scopes)}
    try:
        arguments = await read_arguments(request)
        answer = _call(workspace, name, arguments, _token(request, arguments))
        status = 200
    except SlackError as refusal:
        answer, status = refusal.body(), refusal.status
        headers |= refusal.headers
    _remember(workspace, name, arguments, answer)
    return await late_answer(fault, request) or web.json_response(answer, status=status, headers=headers)


def _call(workspace: Workspace, name: str, arguments: Arguments, token: str) -> JsonObject:
    method = METHODS.get(name)
    if method is None:
        raise SlackError("unknown_method")
    if name not in WITHOUT_TOKEN:
        _check_token(workspace, name, token)
    wait_s = workspace.rates.wait_s(name, arguments.text("channel") or "", time.monotonic())
    if wait_s:
        raise SlackError("ratelimited", status=429, headers={"Retry-After": str(wait_s)})
    return {"ok": True, **method(workspace, arguments)}


def _token(request: web.Request, arguments: Arguments) -> str:
    given = arguments.values.pop("token", None)
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    return bearer.strip() if scheme.lower() == "bearer" else str(given or "")


def _check_token(workspace: Workspace, name: str, token: str) -> None:
    if not token:
        raise SlackError("not_authed")
    settings = workspace.settings
    is_bot = hmac.compare_digest(token.encode(), settings.bot_token.encode())
    is_app = hmac.compare_digest(token.encode(), settings.app_token.encode())
    if not is_bot and not is_app:
        raise SlackError("invalid_auth")
    if is_app != (name in WITH_APP_TOKEN):
        raise SlackError("not_allowed_token_type")
    require_scope(settings, name)


def _remember(workspace: Workspace, name: str, arguments: Arguments, answer: JsonObject) -> None:
    call = {"method": name, "arguments": arguments.values, "ok": answer["ok"], "error": answer.get("error")}
    workspace.calls.append(call | {"at": time.time()})
