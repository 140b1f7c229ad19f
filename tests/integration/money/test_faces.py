"""Budgets and the switch as people use them: `/cairn budget`, its form, `/cairn stop-all`, and the shell."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agents.errors import UserError
from agents.settings import load_settings
from agents.store.inbox import Event
from agents.wiring import Services, open_services
from bot.blocks.budget import CHANGE_BUDGET, SET_BUDGET
from bot.feature import Turn
from bot.features import ROUTES
from bot.features.budget import BUDGET
from bot.features.stop import RESUME, STOP
from bot.shell.budget import budget
from bot.shell.stop import resume_all, stop_all
from tests.people import Members
from tests.unit.blocks.checks import check_message, check_view

pytestmark = pytest.mark.integration

TEAM, ADMIN, ALICE = "T0LOCAL", "U0ADA", "U0ALICE"


@pytest.fixture
async def services(dsn: str, tmp_path: Path) -> AsyncIterator[Services]:
    settings = load_settings(database_url=dsn, data_dir=tmp_path, admins=(ADMIN,))
    async with open_services(settings, Members()) as opened:
        yield opened


def event(kind: Any = "command", user: str = ADMIN, key: str = "e1", **body: Any) -> Event:
    return Event(
        team_id=TEAM, key=key, kind=kind, channel="C1", thread_ts=None, message_ts=None, user_id=user, body=body
    )


def entered(**amounts: str | None) -> Event:
    values = {scope: {"entered": amounts.get(scope)} for scope in ("run", "day", "workspace")}
    return event("view", callback_id=SET_BUDGET, values=values, metadata={"channel": "C1", "thread_ts": None})


async def said(services: Services, kind: str = "say") -> list[dict[str, Any]]:
    """Return the subjects of the cards of a kind, in their order."""
    async with services.database.team(TEAM) as connection:
        found = await connection.execute(
            "SELECT subject FROM app.slack_card WHERE kind = %s ORDER BY created_at, key", (kind,)
        )
        return [row["subject"] for row in await found.fetchall()]


async def command(services: Services, handler: Any, text: str, user: str = ADMIN, key: str = "e1") -> str:
    """Run a command and return what it said last."""
    await handler(Turn(services=services, event=event(user=user, key=key), text=text))
    return str((await said(services))[-1]["text"])


async def test_a_budget_is_set_by_command_and_shown_to_whoever_asks(services: Services) -> None:
    text = await command(services, BUDGET.command, "day $1,250.50")
    assert text == "The limit for a day (UTC): $1,250.50 left of $1,250.50 · $0.00 spent."
    assert BUDGET.command is not None
    await BUDGET.command(Turn(services=services, event=event(user=ALICE, key="e2")))
    assert len(await said(services, "budget")) == 1
    shown = await ROUTES.cards["budget"](services, TEAM, {})
    check_message(shown)
    assert "*A day (UTC)*: $1,250.50 left of $1,250.50" in str(shown.blocks)
    assert "*A calendar month (UTC)*: no limit" in str(shown.blocks)
    assert f"set by <@{ADMIN}>" in str(shown.blocks)


@pytest.mark.parametrize("text", ["day", "day much", "week 5", "5"])
async def test_a_command_that_cannot_be_read_says_how_it_is_written(text: str, services: Services) -> None:
    with pytest.raises(UserError, match="/cairn budget day 50"):
        await command(services, BUDGET.command, text)


async def test_the_form_sets_what_was_changed_and_an_empty_field_is_no_limit(services: Services) -> None:
    await command(services, BUDGET.command, "day 50")
    await command(services, BUDGET.command, "run 7", key="e2")
    form = check_view(await BUDGET.openers[CHANGE_BUDGET](services, event("action")))
    initial = {
        block["block_id"]: block["element"].get("initial_value") for block in form["blocks"] if "element" in block
    }
    assert initial == {"run": "7", "day": "50", "workspace": None}
    assert await BUDGET.checks[SET_BUDGET](services, entered(day="50", run="x")) == {
        "run": "'x' is no amount in dollars. Write it like 50 or 1,250.50. Write `/cairn budget day 50`, or `none` in "
        "place of the amount for no limit."
    }
    submitted = entered(day="50", workspace="900")
    assert await BUDGET.checks[SET_BUDGET](services, submitted) == {}
    await BUDGET.views[SET_BUDGET](Turn(services=services, event=submitted))
    view = await services.budgets.view(TEAM)
    assert {str(each.scope): int(each.limit_usd) for each in view.set} == {"day": 50, "workspace": 900}
    async with services.database.team(TEAM) as connection:
        found = await connection.execute("SELECT subject FROM app.audit WHERE action = 'set_budget' ORDER BY id")
        changed = [row["subject"] for row in await found.fetchall()]
    assert changed == ["budget:day", "budget:run", "budget:run", "budget:workspace"], "an unchanged limit is not set"


async def test_whoever_is_no_admin_gets_no_form(services: Services) -> None:
    with pytest.raises(UserError, match=f"{ALICE} may not set budgets: that takes the role admin"):
        await BUDGET.openers[CHANGE_BUDGET](services, event("action", user=ALICE))


async def test_everything_is_stopped_and_resumed_by_command(services: Services) -> None:
    text = await command(services, STOP.command, "the bill <!channel>")
    assert f"Everything is stopped by <@{ADMIN}>: the bill &lt;!channel&gt;." in text
    assert await command(services, RESUME.command, "", key="e2") == (
        "0 runs resumed. What is proposed can be approved again."
    )
    with pytest.raises(UserError, match="Nothing is stopped here"):
        await command(services, RESUME.command, "", key="e3")
    with pytest.raises(UserError, match="may not stop everything"):
        await command(services, STOP.command, "", user=ALICE)


def shell(command: Any, *arguments: str) -> Result:
    return CliRunner().invoke(command, [*arguments])


def test_the_shell_sets_and_shows_budgets(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", dsn)
    shown = json.loads(shell(budget, "--set", "day=50", "--set", "run=2.5", "--json").output)
    assert list(shown) == ["day", "workspace", "run"]
    assert shown["day"]["limit_usd"] == 50
    assert shown["day"]["set_by"].startswith("shell:")
    assert shown["workspace"]["limit_usd"] is None
    assert "run        $2.50 at most" in shell(budget).output


def test_of_several_budgets_with_one_that_cannot_be_read_none_is_set(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", dsn)
    refused = shell(budget, "--set", "day=50", "--set", "week=1")
    assert isinstance(refused.exception, UserError)
    assert json.loads(shell(budget, "--json").output)["day"]["limit_usd"] is None


def test_the_shell_stops_and_resumes(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", dsn)
    stopped = json.loads(shell(stop_all, "the", "bill", "--json").output)
    assert (stopped["reason"], stopped["runs"], stopped["outside"]) == ("the bill", [], [])
    assert shell(resume_all).output == "Runs resumed: 0.\n"
    assert isinstance(shell(resume_all).exception, UserError)
