"""A poster as a process of its own, for tests that kill it: DSN and API address as arguments."""

import asyncio
import sys
from collections.abc import Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from agents.store.db import Database
from bot.blocks.elements import message, section
from bot.blocks.message import Message
from bot.outbox import Poster


async def as_said(_team: str, _kind: str, subject: Mapping[str, Any]) -> Message:
    return message(subject["text"], [section(subject["text"])])


async def main(dsn: str, api_url: str) -> None:
    client = AsyncWebClient(token="xoxb-local-bot", base_url=api_url, timeout=1, retry_handlers=[])

    async def only(_: str) -> AsyncWebClient:
        return client

    async with Database(dsn) as database:
        print("started", flush=True)
        await Poster(database, only, as_said, interval_s=0.1, claim_s=1.5).run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
