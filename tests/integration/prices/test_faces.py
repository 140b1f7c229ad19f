"""Prices and measurements as people use them: `/cairn prices`, `/cairn measure`, their forms, and the shell."""

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
from bot.blocks.measure import GPUS, MEASURE_FORM, RESULT
from bot.blocks.prices import GPU_FORM, LOAD, MODEL_FORM, NAME, SET_GPU, SET_MODEL, UNSET, UNSET_FORM
from bot.feature import Turn
from bot.features.measure import MEASURE
from bot.features.prices import PRICES
from bot.shell.measure import measure
from bot.shell.prices import prices
from tests.integration.prices.shelf import ALICE, APPROVER, TEAM
from tests.people import Members
from tests.unit.blocks.checks import check_message, check_view
from tests.unit.costs.test_vllm_bench import result, text

pytestmark = pytest.mark.integration

Values = dict[str, dict[str, Any]]


@pytest.fixture
async def services(dsn: str, tmp_path: Path) -> AsyncIterator[Services]:
    settings = load_settings(database_url=dsn, data_dir=tmp_path, approvers=(APPROVER,))
    async with open_services(settings, Members()) as opened:
        yield opened


def event(kind: Any = "command", user: str = APPROVER, key: str = "e1", **body: Any) -> Event:
    return Event(
        team_id=TEAM, key=key, kind=kind, channel="C1", thread_ts=None, message_ts=None, user_id=user, body=body
    )


def submitted(callback_id: str, **values: str | None) -> Event:
    entered: Values = {block: {"entered": value} for block, value in values.items()}
    return event("view", callback_id=callback_id, values=entered, metadata={})


async def said(services: Services) -> str:
    """Return what was said last."""
    async with services.database.team(TEAM) as connection:
        found = await connection.execute(
            "SELECT subject FROM app.slack_card WHERE kind = 'say' ORDER BY created_at DESC, key LIMIT 1"
        )
        row = await found.fetchone()
    assert row is not None
    return str(row["subject"]["text"])


async def command(services: Services, handler: Any, words: str, user: str = APPROVER, key: str = "e1") -> str:
    await handler(Turn(services=services, event=event(user=user, key=key), text=words))
    return await said(services)


async def card(services: Services) -> str:
    return str(check_message(await PRICES.cards["prices"](services, TEAM, {})).blocks)


async def test_prices_are_shown_set_looked_back_at_and_removed_by_command(services: Services) -> None:
    assert "remove one" not in (await card(services)).lower()
    answer = await command(services, PRICES.command, "set claude-sonnet-5.5 in=1.80 out=9")
    assert answer.startswith("claude-sonnet-5-5: in $2.00, out $10.00")
    assert "→ in $1.80, out $9.00" in answer
    shown = await card(services)
    assert "$1.80" in shown
    assert "claude-sonnet-5-5 (yours)" in shown
    assert f"set by <@{APPROVER}>" in shown
    assert "Remove one of yours" in shown
    assert "left its API 2026-10-23" in shown
    assert "set by" in await command(services, PRICES.command, "history claude-sonnet-5-5", key="e2")
    removed = await command(services, PRICES.command, "unset claude-sonnet-5-5", key="e3")
    assert "→ in $2.00" in removed


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("sett x in=1 out=2", "does not know 'sett'"),
        ("set", "Name a model or a GPU"),
        ("set x in=0 out=1", "in=0 cannot be a price"),
        ("unset", "no price of its own"),
        ("history", "There never was a price for ''"),
        ("history nothing", "There never was a price for 'nothing'"),
    ],
)
async def test_a_command_that_cannot_be_meant_says_what_can(services: Services, words: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        await command(services, PRICES.command, words)


async def test_the_forms_say_what_is_wrong_beside_the_field_and_set_what_is_right(services: Services) -> None:
    check_view(await PRICES.openers[SET_MODEL](services, event("action")))
    wrong = submitted(MODEL_FORM, name="claude-sonnet-5-5", **{"in": "0", "out": "9"}, cache_read=None)
    found = await PRICES.checks[MODEL_FORM](services, wrong)
    assert set(found) == {"in"}
    assert "prices set" not in found["in"], "the form is no place for the command"
    assert set(await PRICES.checks[MODEL_FORM](services, submitted(MODEL_FORM, name=" ", **{"in": "1"}))) == {NAME}
    right = submitted(MODEL_FORM, name="claude-sonnet-5-5", **{"in": "1.5", "out": "$ 9"}, cache_read=None)
    assert await PRICES.checks[MODEL_FORM](services, right) == {}
    await PRICES.views[MODEL_FORM](Turn(services=services, event=right))
    assert "→ in $1.50, out $9.00" in await said(services)
    check_view(await PRICES.openers[SET_GPU](services, event("action")))
    high = submitted(GPU_FORM, name="h100", hour="2", high="1", low=None)
    assert set(await PRICES.checks[GPU_FORM](services, high)) == {"high"}
    form = check_view(await PRICES.openers[UNSET](services, event("action")))
    assert [each["value"] for each in form["blocks"][0]["element"]["options"]] == ["claude-sonnet-5-5"]
    await PRICES.views[UNSET_FORM](Turn(services=services, event=submitted(UNSET_FORM, name="claude-sonnet-5-5")))
    with pytest.raises(UserError, match="no price of its own any more"):
        await PRICES.openers[UNSET](services, event("action"))


async def test_somebody_without_the_role_gets_no_form(services: Services) -> None:
    for feature, action in ((PRICES, SET_MODEL), (PRICES, SET_GPU), (PRICES, UNSET), (MEASURE, LOAD)):
        with pytest.raises(UserError, match="takes the role approver"):
            await feature.openers[action](services, event("action", user=ALICE))


async def test_a_pasted_result_reprices_and_shows_the_throughput_before(services: Services) -> None:
    form = check_view(await MEASURE.openers[LOAD](services, event("action")))
    chosen = {
        block["block_id"]: block["element"].get("initial_option", {}).get("value")
        for block in form["blocks"]
        if block["type"] == "input"
    }
    assert (chosen["student"], chosen["gpu"]) == ("llama-3.1-8b", "H100-80")
    given = {**chosen, GPUS: "1", RESULT: text(duration=40.0)}
    assert set(await MEASURE.checks[MEASURE_FORM](services, submitted(MEASURE_FORM, **given | {GPUS: "0"}))) == {GPUS}
    broken = submitted(MEASURE_FORM, **given | {RESULT: "{}"})
    assert "no result of `vllm bench serve`" in (await MEASURE.checks[MEASURE_FORM](services, broken))[RESULT]
    right = submitted(MEASURE_FORM, **given)
    assert await MEASURE.checks[MEASURE_FORM](services, right) == {}
    await MEASURE.views[MEASURE_FORM](Turn(services=services, event=right))
    loaded = await said(services)
    assert "before: 28,332 prompt" in loaded
    assert "12.5 requests/s" in loaded
    assert "Measured here" in await card(services)
    assert "in use" in await command(services, MEASURE.command, "list", key="e2")


async def test_a_speed_of_training_is_loaded_and_forgotten_by_command(services: Services) -> None:
    words = "training 3,497 student=llama-3.1-70b gpu=A100-80 gpus=8"
    assert "now: 39.5% of the peak (measured" in await command(services, MEASURE.command, words)
    (row,) = await services.measurements.all(TEAM)
    assert "no longer used" in await command(services, MEASURE.command, f"forget {row.id}", key="e2")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("nonsense", "does not know 'nonsense'"),
        ("training", "is missing"),
        ("training 3497 student=llama-3.1-70b gpu=A100-80", "gpus is missing"),
        ("training x student=8b gpu=A100-80 gpus=8", "'x' is no number of tokens a second"),
        ("training 0 student=8b gpu=A100-80 gpus=8", "must be above zero"),
        ("training -5 student=8b gpu=A100-80 gpus=8", "must be above zero"),
        ("training 3497 student=8b gpu=A100-80 gpus=0", "no number of GPUs"),
        ("training 3497 student=8b gpu=A100-80 gpus=²", "no number of GPUs"),
        ("training 3497 student=8b gpu=A100-80 gpus=8 method=magic", "no method 'magic'"),
        ("training 3497 student=8b gpu=A100-80 gpus=8 color=red", "'color' is not known"),
        ("training 3497 student=gpt gpu=A100-80 gpus=8", "No student model 'gpt'"),
        ("training 3497 student=8b gpu=TPU gpus=8", "No price for GPU 'TPU'"),
        ("training 3e9 student=8b gpu=A100-80 gpus=8", "of their peak"),
        ("training 1 student=8b gpu=A100-80 gpus=8", "of their peak"),
        ("forget", "no measurement '' in use"),
        ("forget abc", "no measurement 'abc' in use"),
    ],
)
async def test_a_measurement_that_cannot_be_says_why(services: Services, words: str, says: str) -> None:
    with pytest.raises(UserError) as refused:
        await command(services, MEASURE.command, words)
    assert says in str(refused.value)


def shell(dsn: str, tmp_path: Path, command_: Any, *words: str) -> Result:
    environment = {"DATABASE_URL": dsn, "CAIRN_DATA": str(tmp_path)}
    return CliRunner().invoke(command_, list(words), env=environment, catch_exceptions=True)


def test_the_shell_sets_lists_and_removes_as_slack_does(dsn: str, tmp_path: Path) -> None:
    changed = json.loads(shell(dsn, tmp_path, prices, "set", "h100", "hour=2.10", "--json").output)
    assert changed["before"]["usd_per_hour"]["base"] == 3.99
    assert changed["after"]["usd_per_hour"] == {"low": 2.1, "base": 2.1, "high": 2.1}
    listed = json.loads(shell(dsn, tmp_path, prices, "list", "--json").output)
    h100 = next(each for each in listed["gpus"] if each["name"] == "H100-80")
    assert (h100["kind"], h100["set_by"].startswith("shell:"), h100["is_stale"]) == ("your price", True, False)
    everything = json.loads(shell(dsn, tmp_path, prices, "--json", "--all").output)
    assert len(everything["models"]) > 200
    history = json.loads(shell(dsn, tmp_path, prices, "history", "H100-80", "--json").output)
    assert [row["price"] for row in history["own"]] == [{"usd": 2.1}]
    assert "→ $3.99" in shell(dsn, tmp_path, prices, "unset", "H100-80").output
    assert "H100-80" in shell(dsn, tmp_path, prices).output
    refused = shell(dsn, tmp_path, prices, "set", "x", "in=zero")
    assert isinstance(refused.exception, UserError)


def test_the_shell_loads_files_lists_and_forgets(dsn: str, tmp_path: Path) -> None:
    files = []
    for number, (tokens_in, tokens_out, duration) in enumerate(
        ((1_000, 200, 40.0), (4_000, 100, 100.0), (200, 1_000, 80.0))
    ):
        counts = {"total_input_tokens": 500 * tokens_in, "total_output_tokens": 500 * tokens_out}
        rates = {
            "request_throughput": 500 / duration,
            "output_throughput": 500 * tokens_out / duration,
            "total_token_throughput": 500 * (tokens_in + tokens_out) / duration,
        }
        files.append(tmp_path / f"{number}.json")
        files[-1].write_text(json.dumps(result(duration=duration, **counts, **rates)))
    more = ("--student", "llama-3.1-8b", "--gpu", "H100-80", "--precision", "bf16", "--json")
    loaded = json.loads(shell(dsn, tmp_path, measure, "load", *map(str, files), *more).output)
    assert "assumed, 2026-11-23" in loaded["before"]
    assert "measured, 2026-11-20" in loaded["after"]
    (row,) = json.loads(shell(dsn, tmp_path, measure, "list", "--json").output)["measurements"]
    assert (row["id"], len(row["points"]), row["ended_at"]) == (loaded["id"], 3, None)
    assert "3 runs of 3 shapes" in row["source"]
    assert "no longer used" in shell(dsn, tmp_path, measure, "forget", loaded["id"]).output
    binary = tmp_path / "b.json"
    binary.write_bytes(b"\xff\xfe\x00")
    for words in ((str(binary),), (str(tmp_path / "absent.json"),), (str(files[0]), "--gpus", "0")):
        assert shell(dsn, tmp_path, measure, "load", *words, "--student", "8b").exit_code != 0
