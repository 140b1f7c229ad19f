"""`cairn talk`: the conversation in a shell, a turn at a time or line by line."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agents.errors import UserError
from agents.settings import load_settings
from agents.wiring import open_services
from bot.shell.talk import talk
from tests.integration.costs.conftest import ANA, TEAM

pytestmark = pytest.mark.integration


@pytest.fixture
def run(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("DATABASE_URL", dsn)

    def run(*arguments: str, lines: str | None = None) -> Result:
        return CliRunner().invoke(talk, [*arguments, "--data", str(tmp_path)], input=lines)

    return run


def test_a_turn_says_what_was_understood_asked_and_decided(run: Any) -> None:
    result = run("too expensive, 20k requests a day", "--json")

    assert result.exit_code == 0, result.output
    turn = json.loads(result.output)
    assert turn["answers"]["requests_per_day"]["value"] == 20_000
    assert turn["open_question"]["slot"] == "prompt_tried"
    assert turn["verdict"]["approach"] == "prompt"
    assert turn["verdict"]["is_provisional"] is True
    assert "20,000" in " ".join(turn["said"])


def test_a_conversation_goes_on_where_it_was_left(run: Any) -> None:
    first = json.loads(run("too expensive, 20k requests a day", "--json").output)

    result = run("systematic", "--conversation", first["conversation_id"], "--json")

    later = json.loads(result.output)
    assert later["conversation_id"] == first["conversation_id"]
    assert later["answers"]["prompt_tried"]["value"] == "systematic"
    assert later["open_question"]["slot"] == "evals"


def test_lines_are_turns_until_there_are_no_more(run: Any) -> None:
    result = run(lines="too expensive\n\nsystematic\n")

    assert result.exit_code == 0, result.output
    assert "Open: How much work has gone into the prompt?" in result.output
    assert "Open: How do you tell a good output from a bad one?" in result.output


def test_a_conversation_that_is_not_there_is_said(run: Any) -> None:
    result = run("hello", "--conversation", "000000000000")

    assert isinstance(result.exception, UserError)


def test_a_thread_in_slack_is_not_spoken_into_from_a_shell(run: Any, dsn: str, tmp_path: Path) -> None:
    async def begun() -> str:
        async with open_services(load_settings(database_url=dsn, data_dir=tmp_path)) as services:
            turned = await services.conversations.start(TEAM, "C1", "1700000000.000100", ANA, event_key="Ev1")
            return turned.conversation_id

    result = run("hello", "--conversation", asyncio.run(begun()))

    assert isinstance(result.exception, UserError)
    assert "thread in Slack" in str(result.exception)
