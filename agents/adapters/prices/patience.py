"""Calls that block, from packages that know no other: waited for only so long, and never by the end of the process."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from agents.costs.prices.book import PriceSourceError

T = TypeVar("T")


async def in_thread(work: Callable[[], T], *, patience_s: float) -> T:
    """Return what `work` returns, called in a thread of its own.

    The loop's own threads are waited for when it closes, which would hold up a process that is told to stop.

    Raises:
        PriceSourceError: It takes longer than `patience_s`; the thread is left to itself.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if outcome.done():
            return
        if error is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(result)  # type: ignore[arg-type]  # without an error there is a result

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as cause:  # noqa: BLE001  # handed to whoever waits
            error = cause
        try:
            loop.call_soon_threadsafe(settle, result, error)
        except RuntimeError:
            # The loop was closed meanwhile: nobody waits any more.
            return

    threading.Thread(target=run, name="price-source", daemon=True).start()
    try:
        return await asyncio.wait_for(outcome, patience_s)
    except TimeoutError as cause:
        raise PriceSourceError(f"The list of prices did not come within {patience_s:g} s.") from cause
