"""Remembering and forgetting from a shell, as people and as scripts."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agents.errors import UserError
from agents.settings import LOCAL_TEAM
from agents.store import conversations
from agents.store.db import Database
from bot.shell.defaults import defaults
from bot.shell.forget import forget
from tests.integration.memory.desk import ANA, GPUS

pytestmark = pytest.mark.integration

Run = Callable[..., Result]


@pytest.fixture
def run(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on a database of this test's own."""
    monkeypatch.setenv("DATABASE_URL", dsn)

    def one(command: object, *arguments: str, answer: str = "") -> Result:
        assert command in (defaults, forget)
        chosen = defaults if command is defaults else forget
        return CliRunner().invoke(chosen, [*arguments, "--data", str(tmp_path)], input=answer)

    return one


async def _conversation(dsn: str, **facts: object) -> str:
    async with Database(dsn) as database, database.team(LOCAL_TEAM) as connection:
        made = await conversations.open_conversation(
            connection, LOCAL_TEAM, channel="C1", thread_ts="1.1", started_by=ANA
        )
        for slot, value in facts.items():
            await connection.execute(
                "INSERT INTO app.fact (team_id, conversation_id, slot, value, who, source) "
                "VALUES (%s, %s, %s, %s, %s, '1.2')",
                (LOCAL_TEAM, made.id, slot, json.dumps(value), ANA),
            )
    return made.id


def test_defaults_are_set_shown_and_forgotten(run: Run) -> None:
    assert "has no defaults" in run(defaults).output
    done = run(defaults, "--set", "gpu=2 x H100-80", "--set", "requests_per_day=40k", "--json")
    assert done.exit_code == 0, done.output
    first, second = map(json.loads, done.output.splitlines())
    assert (first["name"], first["value"], first["is_stale"]) == ("gpu", GPUS, False)
    assert (second["shown"], second["said_by"][:6]) == ("40,000 requests a day", "shell:")
    assert "said by shell:" in run(defaults).output

    assert "gpu" not in run(defaults, "--forget", "gpu").output
    gone = run(forget, "--defaults", "--yes", "--json")
    assert json.loads(gone.output) == {"forgotten": "defaults", "names": ["requests_per_day"]}


def test_values_of_a_conversation_are_remembered_and_used_in_another(run: Run, dsn: str) -> None:
    first = asyncio.run(_conversation(dsn, gpu=GPUS, requests_per_day=40_000))
    shown = run(defaults, "--remember", first, "--json")
    assert [json.loads(line)["name"] for line in shown.output.splitlines()] == ["gpu"], "volumes are named, or not kept"
    assert run(defaults, "--remember", first, "--name", "requests_per_day").exit_code == 0

    used = run(defaults, "--use", first, "--json")
    assert json.loads(used.output) == {"conversation": first, "taken": [], "left": []}
    again = run(defaults, "--remember", first)
    assert isinstance(again.exception, UserError)
    assert "nothing new to remember" in str(again.exception)


def test_a_conversation_is_forgotten_after_a_question(run: Run, dsn: str) -> None:
    conversation = asyncio.run(_conversation(dsn, gpu=GPUS))
    assert run(forget, "--conversation", conversation, answer="n\n").exit_code == 1
    assert run(forget, "--conversation", conversation, "--yes").exit_code == 0
    gone = run(forget, "--conversation", conversation, "--yes")
    assert isinstance(gone.exception, UserError)


def test_somebody_is_forgotten_and_what_stays_is_said(run: Run, dsn: str) -> None:
    asyncio.run(_conversation(dsn, gpu=GPUS))
    done = run(forget, "--user", ANA, answer="y\n")
    assert done.exit_code == 0, done.output
    assert "conversations: 1" in done.output
    assert "and the audit stay" in done.output


def test_what_is_too_old_is_deleted_when_asked(run: Run) -> None:
    done = run(forget, "--by-age", "--json")
    assert json.loads(done.output) == {"forgotten": "by_age", "events": 0, "threads": 0, "cards": 0}


@pytest.mark.parametrize("arguments", [[], ["--defaults", "--user", ANA]])
def test_what_is_to_be_forgotten_is_one_thing(run: Run, arguments: list[str]) -> None:
    assert run(forget, *arguments).exit_code == 2


@pytest.mark.parametrize("given", ["gpu", "=2"])
def test_a_value_without_a_name_or_a_name_without_a_value_is_refused(run: Run, given: str) -> None:
    assert run(defaults, "--set", given).exit_code != 0
