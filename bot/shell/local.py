"""`cairn local`: everything in one command, with no account, no key and no database of one's own."""

import asyncio
import errno
import json
import os
import shutil
import sys
import webbrowser
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from agents.errors import UserError
from agents.settings import LOCAL_TEAM, load_settings
from agents.store.embedded import start_embedded
from agents.store.migrate import migrate
from agents.wiring import open_services
from bot.localslack import LocalSlack, LocalSlackSettings, start_local_slack
from bot.manifest import load_manifest
from bot.shell import home
from bot.shell.documents import DOCUMENTS_PATH, DocumentViewer
from bot.shell.processes import Child, stop_requested
from bot.shell.working import QUEUES

DEFAULT_PORT = 7410
# The name of the source that --docs registers.
SOURCE = "documents"
# In the local trial alice asks and bob approves, so that both sides of a spend can be seen; carol, of the user groups,
# is the second approver where it takes two.
ADMINS, APPROVERS = "UBOB000001,S0ADMINS", "UBOB000001,S0APPROVE"
_POSTGRES_LOOK_S = 1.0
# After this long the address is said anyway; the bot's log says what keeps it.
_BOT_START_S = 30.0


@dataclass(frozen=True, slots=True)
class LocalOptions:
    """What `cairn local` was asked for."""

    data: Path
    docs: Path | None
    port: int
    open_page: bool
    say: Callable[[str], None]


async def run_local(options: LocalOptions) -> None:
    """Serve until stopped; leave no process behind.

    Raises:
        UserError: The port is taken, the data is in use or newer, the disk is full, the folder is missing.
    """
    stop = stop_requested()
    data = home.prepare(options.data)
    docs = _documents_folder(options.docs, data)
    with home.only_local(data) as address_file:
        async with home.embedded_dsn(data) as dsn:
            await migrate(dsn)
            settings = load_settings(database_url=dsn, data_dir=data, allowed_roots=(str(docs),))
            async with open_services(settings) as services:
                await services.indexes.register_source(LOCAL_TEAM, SOURCE, docs, "shell:local")
                slack = await _start_slack(options, data, DocumentViewer(LOCAL_TEAM, services.indexes))
                try:
                    told = {"pid": os.getpid(), "url": slack.url, "environment": _slack_environment(slack)}
                    address_file.write_text(json.dumps(told))
                    await _serve_until(stop, options, data, slack, _environment(dsn, data, docs, slack))
                finally:
                    await slack.stop()


async def _serve_until(
    stop: asyncio.Event, options: LocalOptions, data: Path, slack: LocalSlack, environment: Mapping[str, str]
) -> None:
    logs = data / "logs"
    logs.mkdir(exist_ok=True)
    children = [
        Child("bot", ["serve"], environment, logs / "bot.log", options.say),
        Child("worker", ["worker", "--queues", ",".join(QUEUES)], environment, logs / "worker.log", options.say),
    ]
    keepers = [asyncio.create_task(child.keep_alive()) for child in children]
    keepers.append(asyncio.create_task(_keep_postgres(data, options.say)))
    try:
        # Said when it answers: a command typed before the bot is there would be refused.
        await _first_of(slack.app_connected(), stop.wait(), timeout_s=_BOT_START_S)
        if not stop.is_set():
            options.say(f"Cairn is at {slack.url} (data in {data}; Ctrl-C stops it)")
            if options.open_page:
                webbrowser.open(slack.url)
        await stop.wait()
        options.say("Stopping…")
    finally:
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        await asyncio.gather(*(child.stop() for child in children))


async def _first_of(*events: Coroutine[Any, Any, Any], timeout_s: float) -> None:
    waiting = [asyncio.create_task(event) for event in events]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED, timeout=timeout_s)
    for task in waiting:
        task.cancel()


async def _start_slack(options: LocalOptions, data: Path, viewer: DocumentViewer) -> LocalSlack:
    try:
        return await start_local_slack(
            LocalSlackSettings(
                database=data / "slack.sqlite",
                manifest=load_manifest(),
                port=options.port,
                team_id=LOCAL_TEAM,
                extra_routes={DOCUMENTS_PATH + "/{index}/{uri:.+}": viewer.show},
            )
        )
    except OSError as cause:
        if cause.errno != errno.EADDRINUSE:
            raise
        raise UserError(
            f"Port {options.port} is taken by another program. Choose another one with --port; 0 takes any free one."
        ) from cause


def _environment(dsn: str, data: Path, docs: Path, slack: LocalSlack) -> dict[str, str]:
    return {
        "DATABASE_URL": dsn,
        "CAIRN_DATA": str(data),
        "CAIRN_ALLOWED_ROOTS": str(docs),
        "CAIRN_DOCUMENT_URL": slack.url.rstrip("/") + DOCUMENTS_PATH,
        # One person watches one page: edit cards as they change.
        "CAIRN_CARD_INTERVAL_S": os.environ.get("CAIRN_CARD_INTERVAL_S", "1"),
        # A laptop's worker that was killed is noticed in seconds, not after half a minute.
        "CAIRN_LEASE_S": os.environ.get("CAIRN_LEASE_S", "8"),
        "SLACK_APP_TOKEN": slack.settings.app_token,
        **_slack_environment(slack),
    }


def _slack_environment(slack: LocalSlack) -> dict[str, str]:
    """Return what a shell needs as well to see the trial's people as the bot does."""
    return {
        "CAIRN_TEAM": LOCAL_TEAM,
        "CAIRN_ADMINS": ADMINS,
        "CAIRN_APPROVERS": APPROVERS,
        "CAIRN_REQUESTERS": "",
        "SLACK_API_URL": slack.url.rstrip("/") + "/api/",
        "SLACK_BOT_TOKEN": slack.settings.bot_token,
    }


def _documents_folder(given: Path | None, data: Path) -> Path:
    """Return the folder to register: the given one, or a copy of the bundled sample beside the data."""
    if given is not None:
        if not given.is_dir():
            raise UserError(f"--docs {given} is not a folder. Name a folder with documents to index.")
        return given.resolve()
    sample = data / "sample-documents"
    if not sample.exists():
        shutil.copytree(str(files("bot") / "sample_documents"), sample)
    return sample


async def _keep_postgres(data: Path, say: Callable[[str], None]) -> None:
    """Start the embedded Postgres again whenever it is gone."""
    while True:
        await asyncio.sleep(_POSTGRES_LOOK_S)
        try:
            # Answers at once where it runs: a connection is opened and closed.
            await start_embedded(data, deadline_s=30)
        except UserError as cause:
            say(f"{cause} Trying again.")


def can_open_page() -> bool:
    """Whether a browser is likely to appear if asked for: a person at a terminal with a screen."""
    has_screen = sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return sys.stdout.isatty() and has_screen
