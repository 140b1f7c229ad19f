"""The page's live feed as Server-Sent Events, with replay after a short break."""

import asyncio
import json

from aiohttp import web

from bot.localslack.errors import SlackError
from bot.localslack.feed import FeedEvent
from bot.localslack.workspace import Workspace

KEEP_ALIVE_S = 15.0


async def serve(workspace: Workspace, request: web.Request) -> web.StreamResponse:
    """Send a person's events until the page or the server goes."""
    try:
        user = workspace.user(request.query.get("user"))
    except SlackError as refusal:
        raise web.HTTPNotFound(text=refusal.code) from refusal
    headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    with workspace.feed.listening() as queue:
        try:
            await _greet(workspace, request, response, user["id"])
            while True:
                try:
                    async with asyncio.timeout(KEEP_ALIVE_S):
                        event = await queue.get()
                except TimeoutError:
                    await response.write(b": still here\n\n")
                    continue
                if event is None:
                    break
                if event.is_for(user["id"]):
                    await response.write(_line(workspace, event))
        except ConnectionError:
            # The page was closed; there is nobody to tell.
            return response
    await response.write_eof()
    return response


async def _greet(workspace: Workspace, request: web.Request, response: web.StreamResponse, user_id: str) -> None:
    hello = {"user": user_id, "connected": workspace.socket.connections > 0}
    await response.write(f"retry: 1000\nevent: hello\ndata: {json.dumps(hello)}\n\n".encode())
    last_id = request.headers.get("Last-Event-ID")
    if last_id is None:
        return
    missed = workspace.feed.missed(last_id)
    if missed is None:
        await response.write(b"event: reset\ndata: {}\n\n")
        return
    for event in missed:
        if event.is_for(user_id):
            await response.write(_line(workspace, event))


def _line(workspace: Workspace, event: FeedEvent) -> bytes:
    number = workspace.feed.event_id(event)
    return f"id: {number}\nevent: {event.name}\ndata: {json.dumps(event.data)}\n\n".encode()
