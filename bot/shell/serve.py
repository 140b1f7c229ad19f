"""`cairn serve`, `cairn worker`, `cairn migrate`: the processes of a Cairn on servers of one's own."""

import asyncio
import logging
import re
import socket

import click
import psycopg
from pydantic import SecretStr

from agents.engine.worker import run_worker
from agents.errors import UserError
from agents.settings import Settings, load_settings
from agents.store.migrate import migrate as migrate_database
from agents.store.migrate import refuse_if_behind
from agents.wiring import (
    STAGES,
    Services,
    end_cancelled_for_ever,
    local_host,
    open_artifacts,
    open_services,
    open_telemetry,
)
from bot.app import build_app, build_poster, build_turns, build_voice
from bot.directory import build_directory
from bot.shell.processes import run_together, stop_requested
from bot.shell.session import log_to_stderr
from bot.socket_mode import run_socket_mode

_log = logging.getLogger(__name__)

# Turns of different threads that one process handles at the same time; a turn mostly waits for Postgres.
TURNS_AT_ONCE = 8
_NAME = re.compile(r"[\w.-]{1,253}")


@click.command()
def serve() -> None:
    """Serve a Slack workspace over Socket Mode, from SLACK_BOT_TOKEN and SLACK_APP_TOKEN."""
    log_to_stderr()
    settings = load_settings()
    _token(settings.slack_bot_token, "SLACK_BOT_TOKEN")
    app_token = _token(settings.slack_app_token, "SLACK_APP_TOKEN")
    asyncio.run(_serve(settings, app_token))


@click.command()
@click.option("--queues", default="cpu", show_default=True, help="Queues to work on, separated by commas.")
@click.option("--name", default=socket.gethostname, help="This worker's name, as runs show it; the host's by default.")
@click.option("--concurrency", default=2, show_default=True, type=click.IntRange(1, 64), help="Stages at a time.")
@click.option(
    "--grace", type=click.FloatRange(0, 86_400), metavar="SECONDS",
    help="How long stages in hand may go on once the worker is told to stop, before another worker takes them over; "
    "CAIRN_GRACE_S, or 5, by default.",
)  # fmt: skip
def worker(queues: str, name: str, concurrency: int, grace: float | None) -> None:
    """Work on the stages of runs; start as many as you like, on any host that reaches the database.

    What GPUs, memory and disk the host has is looked up, and stages that need more are left to others. Where
    nvidia-smi does not know the GPUs, CAIRN_GPUS declares them.
    """
    log_to_stderr()
    chosen = tuple(queue.strip() for queue in queues.split(",") if queue.strip())
    if not chosen:
        raise click.UsageError("--queues names no queue; the one of this version is cpu.")
    if not _NAME.fullmatch(name):
        raise click.UsageError(f"--name {name!r} cannot be used: write letters, digits, dots, - and _ alone.")
    settings = load_settings() if grace is None else load_settings(grace_s=grace)
    asyncio.run(_work(settings, chosen, name, concurrency))


@click.command()
def migrate() -> None:
    """Bring the database of DATABASE_URL to this version's schema; safe to run again.

    With DATABASE_OWNER_URL that login does it, and the one of DATABASE_URL is admitted to the roles that it works in.
    """
    settings = load_settings()
    owner = settings.database_owner_url
    try:
        applied = asyncio.run(
            migrate_database(owner or _database(settings), app_dsn=settings.database_url if owner else None)
        )
    except psycopg.OperationalError as cause:
        wrong = "DATABASE_URL or DATABASE_OWNER_URL" if owner else "DATABASE_URL"
        raise UserError(f"The database does not answer: {str(cause).strip()} Correct {wrong}.") from cause
    click.echo(f"{applied} migrations applied." if applied else "The schema is up to date.")
    if owner and settings.database_url is None:
        click.echo("No login was admitted to the working roles: name the one that Cairn works with in DATABASE_URL.")


async def _serve(settings: Settings, app_token: str) -> None:
    dsn = _database(settings)
    await refuse_if_behind(dsn)
    stop = stop_requested()
    async with (
        open_telemetry("serve") as telemetry,
        open_services(settings, build_directory(settings), build_voice(settings), telemetry) as services,
    ):
        await run_together(
            stop,
            _warm_up(services, stop),
            services.price_refresh.keep_fresh(stop),
            services.watches.ask_daily(stop),
            services.retention.keep_clear(stop),
            run_socket_mode(build_app(settings, services), app_token, stop),
            build_poster(settings, services).run(stop),
            run_worker(
                services.database, dsn, {}, None,
                queues=("turn", "watch"), stop=stop, lease_s=settings.lease_s, concurrency=TURNS_AT_ONCE,
                tasks={"turn": build_turns(settings, services).handle, "watch": services.watches.check},
            ),
        )  # fmt: skip


async def _warm_up(services: Services, stop: asyncio.Event) -> None:
    try:
        await services.indexes.warm_up()
    except UserError as cause:
        # Talking and pricing need no embeddings; whoever asks an index is told the same.
        _log.warning("%s", cause)
    await stop.wait()


async def _work(settings: Settings, queues: tuple[str, ...], name: str, concurrency: int) -> None:
    dsn = _database(settings)
    await refuse_if_behind(dsn)
    stop = stop_requested()
    host = local_host(settings)
    capacity = await host.capacity()
    artifacts = open_artifacts(settings)
    async with open_telemetry("worker") as telemetry, open_services(settings, telemetry=telemetry) as services:
        keeper = services.stage_deps.keeper
        await run_together(
            stop,
            run_worker(
                services.database, dsn, STAGES, services.stage_deps,
                queues=queues, stop=stop, lease_s=settings.lease_s, concurrency=concurrency, name=name,
                grace_s=settings.grace_s, capacity=capacity, free_disk=host.free_disk_bytes, artifacts=artifacts,
                telemetry=telemetry,
            ),
            end_cancelled_for_ever(services.database, services.stage_deps, stop),
            *([keeper.keep(stop)] if keeper is not None else []),
        )  # fmt: skip


def _database(settings: Settings) -> str:
    if settings.database_url is None:
        raise UserError(
            "DATABASE_URL is not set. Name the Postgres to work on, or use `cairn local`, which brings one."
        )
    return settings.database_url


def _token(token: SecretStr | None, name: str) -> str:
    if token is None:
        raise UserError(f"{name} is not set. README.md, 'Connect a real workspace', says where to get it.")
    return token.get_secret_value()
