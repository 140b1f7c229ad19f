"""How a shell command reaches Cairn: a server of one's own, a running `cairn local`, or the embedded Postgres."""

import getpass
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import psycopg

from agents.errors import UserError
from agents.ports import Voice
from agents.settings import Settings, load_settings
from agents.store.migrate import ensure
from agents.wiring import Services, open_services
from bot.directory import build_directory
from bot.shell import home


@dataclass(frozen=True, slots=True)
class Session:
    """An open door to the services, for one command.

    Attributes:
        has_worker: A `cairn local` runs on the same data, so its worker takes the runs.
    """

    settings: Settings
    services: Services
    has_worker: bool

    @property
    def team_id(self) -> str:
        """The workspace that the command works in."""
        return self.settings.team_id

    @property
    def who(self) -> str:
        """The person at the shell."""
        return f"shell:{getpass.getuser()}"


def take_data(context: click.Context, _parameter: click.Parameter, given: Path | None) -> None:
    """Let a command of a group name the data directory as well; its context's object is that directory."""
    if given is not None:
        context.obj = given


@asynccontextmanager
async def open_session(
    data: Path | None, *, allowed_roots: tuple[str, ...] = (), voice: Voice | None = None
) -> AsyncIterator[Session]:
    """Attach to what runs, or start what is needed for as long as the command takes.

    Args:
        data: The data directory; that of the settings where it is not given.
        allowed_roots: Folders that sources may lie under, beside those of the settings.
        voice: How replies of conversations are told; as cards where it is not given.

    Raises:
        UserError: The database cannot be reached or prepared.
    """
    given: dict[str, object] = {"data_dir": data} if data else {}
    settings = load_settings(**given)
    trial = None if settings.database_url is not None else home.running_local(settings.data_dir)
    if trial is not None:
        # The roles of the trial, and its Slack to look people up in, are those of its own processes.
        settings = load_settings(**given, **trial.get("environment", {}))
    if allowed_roots:
        # Whoever has a shell here may read these folders anyway.
        settings = settings.model_copy(update={"allowed_roots": (*settings.allowed_roots, *allowed_roots)})
    if settings.database_url is not None:
        async with _open(settings, voice, has_worker=False) as session:
            yield session
        return
    async with home.embedded_dsn(settings.data_dir) as dsn:
        # Whoever else migrates, the embedded Postgres needs no login of its own for it.
        embedded = settings.model_copy(update={"database_url": dsn, "database_owner_url": None})
        async with _open(embedded, voice, has_worker=trial is not None) as session:
            yield session


@asynccontextmanager
async def _open(settings: Settings, voice: Voice | None, *, has_worker: bool) -> AsyncIterator[Session]:
    assert settings.database_url is not None  # noqa: S101  # both callers set it
    try:
        await ensure(settings.database_url, settings.database_owner_url)
    except psycopg.OperationalError as cause:
        raise UserError(
            f"The database does not answer: {str(cause).strip()} Correct DATABASE_URL, or unset it to use the "
            "embedded Postgres."
        ) from cause
    # What is told here needs no database.
    heard = None if voice is None else lambda _database: voice
    async with open_services(settings, build_directory(settings), heard) as services:
        yield Session(settings, services, has_worker)


def log_to_stderr() -> None:
    """Write the log of a long-running process to standard error: ours from INFO on, the libraries' warnings."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for ours in ("agents", "bot"):
        logging.getLogger(ours).setLevel(logging.INFO)
