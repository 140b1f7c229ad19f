"""Blocking work in a thread that ends soon after its caller was cancelled."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Stopped(Exception):  # noqa: N818  # a signal from the event loop to the thread, not a fault
    """Whoever asked has gone."""


async def in_thread(work: Callable[[threading.Event], T]) -> T:
    """Return what `work` returns in a thread; where the caller is cancelled, it ends with the block in hand."""
    stop = threading.Event()
    running = asyncio.ensure_future(asyncio.to_thread(work, stop))
    # Nobody may be left who looks at it.
    running.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        # So that nobody clears away what the thread has open; a second cancel does not wait any longer.
        await asyncio.wait({running})
        raise


def go_on(stop: threading.Event) -> None:
    """Raise Stopped once the caller of `in_thread` was cancelled; asked between two blocks."""
    if stop.is_set():
        raise Stopped
