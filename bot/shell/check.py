"""`cairn check`: what is missing here, and how to mend it."""

import asyncio
import hashlib
import secrets
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import click
import psycopg
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from agents.costs.prices.book import PriceMissingError
from agents.dialogue.chat import ModelFailure, Request
from agents.errors import UserError
from agents.runs.roles import Policy, Role
from agents.services.workers import Workers
from agents.settings import Settings, load_settings
from agents.store.db import Database
from agents.store.migrate import SchemaError, pending
from agents.wiring import open_artifacts, open_chats, open_small_chats, prices_offline, telemetry_standing
from bot.directory import build_directory
from bot.shell import home
from bot.shell.check_students import students_standing

_NAMED = 4
_ADDRESSES = {"claude": "ANTHROPIC_BASE_URL, where it is set,", "vllm": "CAIRN_VLLM_URL"}
_UNTIL_THEN = "until then threads go on by buttons."


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: how it stands, and what to do where it does not hold."""

    subject: str
    state: str
    mend: str | None = None


@click.command()
@click.option("--data", type=click.Path(path_type=Path), help="Data directory, as for `cairn local`.")
def check(data: Path | None) -> int:
    """Say what is missing on this machine, and how to mend it; exits with 1 where something is."""
    settings = load_settings(**({"data_dir": data} if data else {}))
    return asyncio.run(_report(settings))


async def _report(settings: Settings) -> int:
    missing = 0
    async for finding in findings(settings):
        mark = click.style("ok", fg="green") if finding.mend is None else click.style("!!", fg="red")
        click.echo(f"{mark}  {finding.subject}: {finding.state}")
        if finding.mend is not None:
            missing += 1
            click.echo(f"      {finding.mend}")
    return 1 if missing else 0


async def findings(settings: Settings) -> AsyncIterator[Finding]:
    """Look at everything that a running Cairn needs, one finding after the other."""
    if settings.database_url is None:
        yield _data_directory(settings.data_dir)
        yield Finding("database", "the embedded Postgres (DATABASE_URL is not set)")
    else:
        database = await _database(settings.database_url)
        yield database
        if database.mend is None:
            yield await _workers(settings.database_url)
    yield await _slack_token(settings, "SLACK_BOT_TOKEN")
    yield await _slack_token(settings, "SLACK_APP_TOKEN")
    for role in (Role.ADMIN, Role.APPROVER, Role.REQUESTER):
        yield _role(settings.policy, role)
    for group in sorted(settings.policy.groups):
        yield await _user_group(settings, group)
    for root in settings.allowed_roots:
        yield _allowed_root(Path(root))
    if settings.artifacts is not None:
        yield await _artifacts(settings)
    async for finding in _talkers(settings):
        yield finding
    yield Finding("students", *await students_standing(settings))
    state, mend = await telemetry_standing()
    yield Finding("telemetry", state, mend)


async def _talkers(settings: Settings) -> AsyncIterator[Finding]:
    """Ask each model that is configured something that costs nothing."""
    async with AsyncExitStack() as opened:
        chats = await open_chats(settings, opened)
        small = await open_small_chats(settings, opened)
        if not chats:
            yield Finding("talker", "guided, by buttons; with ANTHROPIC_API_KEY or CAIRN_VLLM_URL a model talks")
        hello = [{"role": "user", "content": [{"type": "text", "text": "hello"}]}]
        asked = [
            *((f"talker {name}", name, chat) for name, chat in chats.items()),
            *((f"small model of {name}", name, chat) for name, chat in small.items()),
        ]
        for named, name, chat in asked:
            subject = named + (", the default" if named == f"talker {settings.default_talker}" else "")
            try:
                await chat.count_tokens(Request(system="", tools=(), messages=hello, max_tokens=1))
            except ModelFailure as failure:
                yield Finding(subject, f"{chat.name} does not answer: {failure.detail}", _talker_mend(name, failure))
            else:
                yield _answering(settings, name, chat.name, subject)


def _talker_mend(name: str, failure: ModelFailure) -> str:
    if failure.kind == "rejected":
        return f"Mend what is named and start Cairn again; {_UNTIL_THEN}"
    if failure.kind in {"rate_limited", "overloaded"}:
        return f"Try again in a minute; {_UNTIL_THEN}"
    return f"Check {_ADDRESSES[name]} and this host's way out; {_UNTIL_THEN}"


def _answering(settings: Settings, name: str, model: str, subject: str) -> Finding:
    """Return how a model stands that answers: one that costs something is spoken to only at a known price."""
    try:
        if name != "vllm":
            prices_offline(settings).model(model)
    except PriceMissingError:
        mend = (
            "Nothing is spent without one: where the workspace has none of its own, an approver sets it with "
            f"`cairn prices set {model} in=2 out=10`, in USD per million tokens."
        )
        return Finding(subject, f"{model} answers, but no list has its price", mend)
    return Finding(subject, f"{model} answers")


def _role(policy: Policy, role: Role) -> Finding:
    holders = policy.holders(role)
    if holders is None:
        return Finding(f"{role.word}s", "every full member of the workspace")
    if not holders:
        mend = f"Set {role.setting} to ids of people (U…) or user groups (S…); until then only a shell can."
        # Without admins a shell still sets budgets; without approvers nobody in Slack gets anything done.
        return Finding(f"{role.word}s", "nobody but a shell", mend if role is Role.APPROVER else None)
    return Finding(f"{role.word}s", ", ".join(holders))


async def _user_group(settings: Settings, group: str) -> Finding:
    directory, subject = build_directory(settings), f"user group {group}"
    if directory is None:
        return Finding(subject, "cannot be looked up", "Set SLACK_BOT_TOKEN, or name people by their own ids.")
    members, failure = await directory.group(settings.team_id, group)
    if failure:
        mend = "Correct the id where it is named, or grant the app usergroups:read and install it again."
        return Finding(subject, f"cannot be looked up ({failure})", mend)
    return Finding(subject, f"{len(members)} people")


def _data_directory(data: Path) -> Finding:
    try:
        return Finding("data directory", str(home.prepare(data)))
    except UserError as cause:
        return Finding("data directory", "cannot be used", str(cause))


def _allowed_root(root: Path) -> Finding:
    if root.is_dir():
        return Finding("allowed root", str(root))
    return Finding("allowed root", f"{root} is not a folder", "Correct CAIRN_ALLOWED_ROOTS, or make the folder.")


async def _artifacts(settings: Settings) -> Finding:
    """Keep a small file where the stages would, read it back and remove it."""
    subject = "artifacts"
    try:
        place = open_artifacts(settings)
        with tempfile.TemporaryDirectory() as folder:
            probe, back = Path(folder) / "probe", Path(folder) / "back"
            probe.write_bytes(secrets.token_bytes(32))
            key, digest = f"check/{secrets.token_hex(8)}", hashlib.sha256(probe.read_bytes()).hexdigest()
            await place.put(key, probe, digest)
            try:
                await place.get(key, back, digest)
            finally:
                await place.delete(key)
    except UserError as cause:
        return Finding(subject, "cannot be kept", str(cause))
    return Finding(subject, f"can be written and read at {place.place}")


async def _database(dsn: str) -> Finding:
    try:
        async with await psycopg.AsyncConnection.connect(dsn, connect_timeout=5) as connection:
            version = connection.info.server_version // 10000
        missing = await pending(dsn)
    except SchemaError as cause:
        return Finding("database", f"Postgres {version}", str(cause))
    except psycopg.OperationalError as cause:
        return Finding("database", "does not answer", f"{str(cause).strip()} Correct DATABASE_URL or start the server.")
    except psycopg.Error as cause:
        return Finding("database", f"not prepared ({str(cause).strip()})", "Run `cairn migrate`.")
    if missing:
        behind = f"{len(missing)} migrations behind this version: {_first(missing)}"
        return Finding("database", f"Postgres {version}, {behind}", "Run `cairn migrate`.")
    return Finding("database", f"Postgres {version}, schema up to date")


def _first(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"


async def _workers(dsn: str) -> Finding:
    async with Database(dsn, max_size=1) as database:
        unserved = await Workers(database).unserved_queues()
    if not unserved:
        return Finding("workers", "every queue is served; `cairn workers` lists who does")
    return Finding(
        "workers",
        f"none is alive for: {', '.join(unserved)}",
        f"Start one on any host that reaches the database: `cairn worker --queues {','.join(unserved)}`.",
    )


async def _slack_token(settings: Settings, name: str) -> Finding:
    is_bot = name == "SLACK_BOT_TOKEN"
    token = settings.slack_bot_token if is_bot else settings.slack_app_token
    if token is None:
        return Finding(
            name, "not set", "README.md, 'Connect a real workspace', says where to get it. `cairn local` needs none."
        )
    client = AsyncWebClient(token=token.get_secret_value(), base_url=settings.slack_api_url, timeout=10)
    try:
        if is_bot:
            answer = await client.auth_test()
            return Finding(name, f"works in {answer['team']} as {answer['user']}")
        await client.apps_connections_open(app_token=token.get_secret_value())
        return Finding(name, "opens Socket Mode")
    except SlackApiError as cause:
        return Finding(name, f"refused by Slack ({cause.response['error']})", f"Copy it again and set {name}.")
    except (aiohttp.ClientError, TimeoutError) as cause:
        return Finding(name, f"Slack cannot be reached ({cause})", "Check this host's way out to slack.com.")
