"""Coroutines that work on one stream side by side, and stop together."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def side_by_side(*coroutines: Coroutine[Any, Any, None]) -> None:
    """Run all to their ends; where one fails, stop the others and raise what it raised.

    A task group would wrap the exception, and its meaning to the engine (cancelled, fenced, a person's to fix)
    would be lost.
    """
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
