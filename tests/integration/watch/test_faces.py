"""Watching as people do it: the button, `/cairn watch` and its form, and the shell."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agents.errors import UserError
from agents.settings import load_settings
from agents.store import conversations
from agents.store.inbox import Event
from agents.wiring import Services, open_services
from bot.blocks.verdict import STOP_WATCH, WATCH
from bot.blocks.watch import UPDATE_VOLUME, VOLUME, VOLUME_ENTERED
from bot.feature import Turn
from bot.features import ROUTES
from bot.features.watch import WATCHING
from bot.shell.decide import decide
from bot.shell.watch import watch
from tests.integration.watch.desk import LARGE, READY, TEAM
from tests.people import Members
from tests.unit.blocks.checks import check_message, check_view

pytestmark = pytest.mark.integration
ALICE, BOB = "U0ALICE", "U0BOB"


@pytest.fixture
async def services(dsn: str, tmp_path: Path) -> AsyncIterator[Services]:
    settings = load_settings(database_url=dsn, data_dir=tmp_path, approvers=(BOB,))
    async with open_services(settings, Members()) as opened:
        yield opened


async def _decided(services: Services, channel: str = "C1") -> str:
    async with services.database.team(TEAM) as connection:
        made = await conversations.open_conversation(
            connection, TEAM, channel=channel, thread_ts="1.1", started_by=ALICE
        )
    answers = {**READY, "requests_per_day": LARGE}
    await services.decisions.record(TEAM, made.id, answers=answers, who=ALICE, source="1.2")
    return made.id


def _event(kind: Any = "action", key: str = "e1", value: Any = None, **body: Any) -> Event:
    pressed = {"value": json.dumps(value)} if value is not None else {}
    return Event(
        team_id=TEAM, key=key, kind=kind, channel="C1", thread_ts=None, message_ts=None, user_id=ALICE,
        body={**body, **pressed},
    )  # fmt: skip


async def _cards(services: Services, kind: str) -> list[dict[str, Any]]:
    async with services.database.team(TEAM) as connection:
        found = await connection.execute(
            "SELECT subject, ephemeral_user FROM app.slack_card WHERE kind = %s ORDER BY created_at, key", (kind,)
        )
        return [dict(row) for row in await found.fetchall()]


async def test_watch_is_pressed_listed_updated_and_stopped(services: Services) -> None:
    conversation_id = await _decided(services)
    await WATCHING.actions[WATCH](Turn(services=services, event=_event(value={"conversation_id": conversation_id})))
    (watched,) = await services.watches.list(TEAM)
    assert watched.saved_by == ALICE

    assert WATCHING.command is not None
    await WATCHING.command(Turn(services=services, event=_event("command", key="e2")))
    (card,) = await _cards(services, "watches")
    assert card["ephemeral_user"] == ALICE
    shown = check_message(await ROUTES.cards["watches"](services, TEAM, card["subject"]))
    assert "Distillation with LoRA" in str(shown.blocks)

    form = check_view(await WATCHING.openers[UPDATE_VOLUME](services, _event(value={"watch_id": watched.watch_id})))
    metadata = json.loads(form["private_metadata"])
    for typed in ("lots", "50 GB", "1.500", "€800"):
        wrong = _event("view", values={VOLUME: {"entered": typed}}, metadata=metadata)
        assert "20k" in (await WATCHING.checks[VOLUME_ENTERED](services, wrong))[VOLUME]
    entered = _event("view", key="e3", values={VOLUME: {"entered": "about five hundred"}}, metadata=metadata)
    assert await WATCHING.checks[VOLUME_ENTERED](services, entered) == {}
    await WATCHING.views[VOLUME_ENTERED](Turn(services=services, event=entered))
    assert "Noted 500 requests a day." in str(await _cards(services, "say"))

    await services.watches.check(TEAM)
    (flip,) = await _cards(services, "watch_flip")
    reply = check_message(await ROUTES.cards["watch_flip"](services, TEAM, flip["subject"]))
    assert "Distillation with LoRA → Prompting" in str(reply.blocks)
    assert STOP_WATCH in str(reply.blocks)

    await WATCHING.actions[STOP_WATCH](
        Turn(services=services, event=_event(key="e4", value={"watch_id": watched.watch_id}))
    )
    assert await services.watches.list(TEAM) == []
    reply = check_message(await ROUTES.cards["watch_flip"](services, TEAM, flip["subject"]))
    assert STOP_WATCH not in str(reply.blocks)
    with pytest.raises(UserError, match="no watch"):
        await WATCHING.openers[UPDATE_VOLUME](services, _event(value={"watch_id": watched.watch_id}))


def _shell(*arguments: str) -> Result:
    return CliRunner().invoke(watch, [*arguments])


def _lines(result: Result) -> list[dict[str, Any]]:
    assert result.exception is None, result.output
    return [json.loads(line) for line in result.output.splitlines()]


def test_the_shell_saves_lists_updates_checks_and_stops(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", dsn)
    monkeypatch.setenv("CAIRN_DATA", str(tmp_path))

    async def decided() -> str:
        async with open_services(load_settings(database_url=dsn, data_dir=tmp_path), Members()) as services:
            return await _decided(services)

    conversation_id = asyncio.run(decided())
    assert "No decision is watched" in _shell().output
    (saved,) = _lines(_shell("save", conversation_id, "--json"))
    assert saved["verdict"] == "Distillation with LoRA"
    assert saved["saved_by"].startswith("shell:")
    assert saved["would_flip"]
    assert _lines(_shell("list", "--json")) == [saved]
    assert saved["title"] in _shell().output

    assert _lines(_shell("check", "--json")) == []
    (updated,) = _lines(_shell("volume", saved["id"][:6], "3-5k a week", "--json"))
    assert "571 requests a day" in updated["understood"]
    assert isinstance(_shell("volume", saved["id"], "lots").exception, UserError)
    (flip,) = _lines(_shell("check", "--json"))
    assert flip["headline"] == "The verdict flips: Distillation with LoRA → Prompting"
    assert flip["changed"][0]["what"] == "Requests per day"
    assert "1 checked, 0 flipped." in _shell("check").output

    (stopped,) = _lines(_shell("stop", saved["id"], "--json"))
    assert not stopped["is_active"]
    assert isinstance(_shell("stop", saved["id"]).exception, UserError)
    assert _lines(_shell("list", "--json")) == []


def test_the_shell_writes_a_decision_record(tmp_path: Path) -> None:
    file, out = tmp_path / "case.yaml", tmp_path / "record.md"
    file.write_text(
        "id: Tickets\nanswers: {problem: [cost], requests_per_day: 20000, "
        "tokens: {tokens_in: 1500, tokens_out: 300}, demand: proven}\n"
    )
    done = CliRunner().invoke(decide, [str(file), "--record", str(out)])
    assert done.exception is None, done.output
    text = out.read_text()
    for heading in ("# Tickets", "## The problem", "## The ladder", "## Why", "## What stands in the way",
                    "## What would change it", "## What it costs", "## Assumptions", "## Prices",
                    "## Who said what"):  # fmt: skip
        assert f"{heading}\n" in text
    refused = CliRunner().invoke(decide, [str(file), "--record", str(tmp_path / "no" / "record.md")])
    assert "cannot be written" in refused.output
