"""`cairn cost` with a database: a conversation's inputs, and the prices of the workspace."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from agents.settings import load_settings
from agents.wiring import open_services
from bot.shell.cost import cost
from tests.integration.costs.conftest import ANA, FORM, TEAM

pytestmark = pytest.mark.integration


async def _conversation(dsn: str, data: Path) -> str:
    async with open_services(load_settings(database_url=dsn, data_dir=data)) as services:
        conversation_id = await services.cost_edits.begin(TEAM, "C1", "1700000000.000100", ANA)
        await services.cost_edits.take_form(TEAM, conversation_id, FORM, who=ANA, source="Ev1")
        return conversation_id


def test_a_conversation_is_priced_from_the_shell_as_in_its_thread(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation_id = asyncio.run(_conversation(dsn, tmp_path))
    monkeypatch.setenv("DATABASE_URL", dsn)
    result = CliRunner().invoke(cost, ["--conversation", conversation_id, "--data", str(tmp_path), "--json"])
    assert result.exit_code == 0, result.output
    assert len(json.loads(result.output)["ranking"]) > 2


def test_a_conversation_that_is_not_there_is_said(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", dsn)
    result = CliRunner().invoke(cost, ["--conversation", "000000000000", "--data", str(tmp_path)])
    assert "not there any more" in str(result.exception or result.output)


def test_a_file_is_priced_at_the_workspaces_prices(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def set_price() -> None:
        async with open_services(load_settings(database_url=dsn, data_dir=tmp_path, admins=("U0ADMIN",))) as services:
            await services.prices.set(TEAM, "gpt-17-colossus in=1 out=2", "shell:root")

    asyncio.run(set_price())
    file = tmp_path / "inputs.yaml"
    file.write_text("requests_per_day: 5\ntokens_in: 5\ntokens_out: 5\nmodels: [gpt-17-colossus]\n")
    monkeypatch.setenv("DATABASE_URL", dsn)
    assert CliRunner().invoke(cost, [str(file)]).exit_code == 2
    result = CliRunner().invoke(cost, [str(file), "--team", "--data", str(tmp_path), "--json"])
    assert result.exit_code == 0, result.output
    assert "prompt:gpt-17-colossus" in json.loads(result.output)["ranking"]
