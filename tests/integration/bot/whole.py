"""Everything that `cairn serve` runs, and a worker, on a test's database and its local Slack."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from agents.engine.stage import Stages
from agents.engine.worker import run_worker
from agents.settings import load_settings
from agents.stages import STAGES
from agents.wiring import Services, open_services
from bot.app import build_app, build_poster, build_turns
from bot.directory import build_directory
from bot.localslack import LocalSlack
from bot.socket_mode import run_socket_mode
from tests.integration.bot.conftest import BOB, eventually


@asynccontextmanager
async def whole_bot(
    dsn: str,
    slack: LocalSlack,
    data: Path,
    *,
    stages: Stages = STAGES,
    queues: Sequence[str] = ("turn",),
    **changed: Any,
) -> AsyncIterator[Services]:
    """Run the whole bot meanwhile; Bob approves.

    Args:
        dsn: Of the database.
        slack: Where people are.
        data: The data directory.
        stages: What the worker can do; others than the product's get no dependencies.
        queues: Of the worker.
        changed: Settings.
    """
    given = {"approvers": (BOB,), "card_interval_s": 0.1, **changed}
    settings = load_settings(
        database_url=dsn, data_dir=data, slack_bot_token="xoxb-local-bot", slack_api_url=slack.api_url, **given
    )
    stop = asyncio.Event()
    async with open_services(settings, build_directory(settings)) as opened:
        worker = run_worker(
            opened.database, dsn, stages, opened.stage_deps if stages is STAGES else None,
            queues=queues, stop=stop, lease_s=5, tasks={"turn": build_turns(settings, opened).handle},
        )  # fmt: skip
        running = [
            asyncio.create_task(run_socket_mode(build_app(settings, opened), "xapp-local-app", stop)),
            asyncio.create_task(build_poster(settings, opened).run(stop)),
            asyncio.create_task(worker),
        ]

        async def is_connected() -> bool:
            return slack.workspace.socket.connections > 0

        await eventually(is_connected)
        yield opened
        stop.set()
        await asyncio.gather(*running)
