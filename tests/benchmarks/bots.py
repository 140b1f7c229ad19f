"""Two bots as processes: Cairn's front door, and the least a Bolt app can do. Each tells its CPU time when asked.

Arguments: `bare API_URL` or `cairn API_URL DSN`. Each line on stdin is answered with the CPU seconds used so far.
"""

import asyncio
import sys
import time
from dataclasses import dataclass
from typing import cast

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from agents.store.db import Database
from agents.wiring import Services
from bot.features import ROUTES
from bot.inbox import inbox_middleware
from bot.socket_mode import run_socket_mode


@dataclass(frozen=True, slots=True)
class OnlyDatabase:
    """What storing an event needs."""

    database: Database


async def main(kind: str, api_url: str, dsn: str = "") -> None:
    app = AsyncApp(client=AsyncWebClient(token="xoxb-local-bot", base_url=api_url))
    if kind == "bare":

        @app.event("app_mention")
        async def take() -> None:
            return

        await _serve(app)
    else:
        async with Database(dsn) as database:
            app.use(inbox_middleware(cast("Services", OnlyDatabase(database)), ROUTES))
            await _serve(app)


async def _serve(app: AsyncApp) -> None:
    stop = asyncio.Event()
    serving = asyncio.create_task(run_socket_mode(app, "xapp-local-app", stop))
    while await asyncio.to_thread(sys.stdin.readline):
        print(time.process_time(), flush=True)
    stop.set()
    await serving


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
