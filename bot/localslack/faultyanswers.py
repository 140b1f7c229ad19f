"""What a caller gets instead of an answer where a fault was ordered: before the effect, or after it."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.localslack.faults import Fault


async def answered(
    fault: Fault | None, request: web.Request, answer: Callable[[], Awaitable[web.Response]]
) -> web.Response:
    """Return the answer to a request, or what a fault makes of it."""
    early = await early_answer(fault, request)
    if early is not None:
        return early
    given = await answer()
    return await late_answer(fault, request) or given


async def early_answer(fault: Fault | None, request: web.Request) -> web.Response | None:
    """Return the answer to a call that has no effect; None when it goes on."""
    if fault is None:
        return None
    match fault.kind:
        case "ratelimited":
            wait = {"Retry-After": f"{fault.seconds:.0f}"}
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=wait)
        case "http_500" | "http_error":
            return web.Response(status=500 if fault.kind == "http_500" else fault.status, text="Ordered by a test")
        case "error":
            return web.json_response({"ok": False, "error": fault.error})
        case "drop_before":
            return _dropped(request)
        case "delay_before":
            await asyncio.sleep(fault.seconds)
    return None


async def late_answer(fault: Fault | None, request: web.Request) -> web.Response | None:
    """Return what comes instead of the answer to a call that had its effect; None for the answer itself."""
    if fault is None:
        return None
    match fault.kind:
        case "http_error_after":
            return web.Response(status=fault.status, text="Ordered by a test")
        case "drop_after":
            return _dropped(request)
        case "delay_after":
            await asyncio.sleep(fault.seconds)
    return None


def _dropped(request: web.Request) -> web.Response:
    """Break the connection off; the caller learns nothing of what happened."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
