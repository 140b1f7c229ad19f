"""Lets a team reach its own students alone: `vllm serve ... --middleware own_students.OwnStudents`.

nginx says in X-Cairn-Team whose key a call came with, and which model is asked for stands in the body, which nginx does
not read. So it is looked at here, in vLLM's own process. What comes without that header comes from this host, such as
the worker that loads adapters, and passes as it is.

Of the standard library alone, for vLLM's Python; put its folder on PYTHONPATH.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

_TEAM: Final = b"x-cairn-team"
_LENGTHS: Final = (b"content-length", b"transfer-encoding")


class OwnStudents:
    """Asks of each call that has a team whether its model is the team's: TEAM/NAME.

    Args:
        app: vLLM's.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one call."""
        teams = [value for name, value in scope.get("headers", ()) if name == _TEAM]
        if not teams:
            await self._app(scope, receive, send)
        elif len(teams) > 1 or not teams[0] or scope["type"] != "http":
            await _refuse(send, 400, "A call belongs to one team.")
        elif scope["method"] == "GET" and scope["path"] == "/v1/models":
            await self._list(scope, receive, send, _prefix(teams[0]))
        else:
            await self._ask(scope, receive, send, _prefix(teams[0]))

    async def _ask(self, scope: MutableMapping[str, Any], receive: Receive, send: Send, prefix: str) -> None:
        body = await _body(receive)
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            document = None
        model = document.get("model") if isinstance(document, dict) else None
        if not isinstance(model, str) or not model.startswith(prefix):
            # As vLLM says of what there is not: whether another team has such a student is nobody's business.
            await _refuse(send, 404, f"The model {model!r} does not exist. Those of this key begin with {prefix}")
            return
        # What was looked at is what is passed on, however the body could be read otherwise.
        checked = json.dumps(document).encode()
        headers = [pair for pair in scope["headers"] if pair[0] not in _LENGTHS]
        headers.append((b"content-length", str(len(checked)).encode()))
        is_read = False

        async def receive_checked() -> Message:
            nonlocal is_read
            if is_read:
                return await receive()
            is_read = True
            return {"type": "http.request", "body": checked, "more_body": False}

        await self._app({**scope, "headers": headers}, receive_checked, send)

    async def _list(self, scope: MutableMapping[str, Any], receive: Receive, send: Send, prefix: str) -> None:
        """Answer with the team's models of those that vLLM lists."""
        said: list[Message] = []

        async def keep(message: Message) -> None:
            said.append(message)

        await self._app(scope, receive, keep)
        status = next(each["status"] for each in said if each["type"] == "http.response.start")
        if status != 200:
            await _refuse(send, status, "The models cannot be listed.")
            return
        document = json.loads(b"".join(each.get("body", b"") for each in said if each["type"] == "http.response.body"))
        document["data"] = [each for each in document["data"] if str(each["id"]).startswith(prefix)]
        await _answer(send, 200, document)


def _prefix(team: bytes) -> str:
    return f"{team.decode('latin-1')}/"


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b""
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def _refuse(send: Send, status: int, text: str) -> None:
    kind = "NotFoundError" if status == 404 else "BadRequestError"
    await _answer(send, status, {"error": {"message": text, "type": kind, "param": "model", "code": status}})


async def _answer(send: Send, status: int, document: object) -> None:
    body = json.dumps(document).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
