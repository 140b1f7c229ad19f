"""Scenarios: saved, listed, renamed, deleted and compared, each conversation's for itself."""

from decimal import Decimal

import pytest

from agents.errors import UserError
from agents.services.cost_scenarios import MOST, NOW, NOW_NAME
from agents.store import cost_scenarios
from tests.integration.costs.conftest import ANA, FORM, TEAM, Table

pytestmark = pytest.mark.integration


@pytest.fixture
async def priced(table: Table) -> Table:
    await table.enter(**FORM)
    return table


async def _save(table: Table, name: str) -> str:
    await table.services.cost_scenarios.save(TEAM, table.conversation_id, name, who=ANA)
    kept = await table.services.cost_scenarios.list(TEAM, table.conversation_id)
    return next(each.id for each in kept.scenarios if each.name == " ".join(name.split()))


async def _names(table: Table) -> list[str]:
    kept = await table.services.cost_scenarios.list(TEAM, table.conversation_id)
    return [each.name for each in kept.scenarios]


async def test_a_scenario_keeps_the_inputs_of_its_moment(priced: Table) -> None:
    saved = await _save(priced, "Today")
    await priced.change("requests_per_day", "60k")
    await priced.change("headroom", "50%")
    both = await priced.services.cost_scenarios.compare(TEAM, priced.conversation_id, saved, NOW)
    assert (both.left_name, both.right_name) == ("Today", NOW_NAME)
    assert {each.key: (each.left, each.right) for each in both.inputs} == {
        "requests_per_day": ("20,000 a day", "60,000 a day"),
        "headroom": ("70%", "50%"),
    }
    row = next(each for each in both.rows if each.id == "prompt:claude-haiku-5-5")
    assert row.usd_per_month_more is not None
    assert row.usd_per_month_more > Decimal(0)


async def test_scenarios_are_renamed_and_deleted(priced: Table) -> None:
    scenarios = priced.services.cost_scenarios
    first, second = await _save(priced, "Today"), await _save(priced, "Later")
    await scenarios.rename(TEAM, priced.conversation_id, first, "  Before   launch ")
    assert await _names(priced) == ["Before launch", "Later"]
    for _ in range(2):
        await scenarios.delete(TEAM, priced.conversation_id, second)
    assert await _names(priced) == ["Before launch"]


async def test_saving_again_under_the_name_of_a_repeated_turn_adds_nothing(priced: Table) -> None:
    for _ in range(2):
        await _save(priced, "Today")
    assert await _names(priced) == ["Today"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 61])
async def test_a_name_is_neither_empty_nor_endless(priced: Table, name: str) -> None:
    scenarios = priced.services.cost_scenarios
    assert "characters" in (await scenarios.wrong_name(TEAM, priced.conversation_id, name) or "")
    with pytest.raises(UserError, match="characters"):
        await scenarios.save(TEAM, priced.conversation_id, name, who=ANA)


async def test_a_name_is_given_once_in_a_conversation_whatever_its_case(priced: Table) -> None:
    scenarios = priced.services.cost_scenarios
    first, second = await _save(priced, "Today"), await _save(priced, "Later")
    assert "is there already" in (await scenarios.wrong_name(TEAM, priced.conversation_id, "TODAY") or "")
    assert await scenarios.wrong_name(TEAM, priced.conversation_id, "TODAY", renamed=first) is None
    with pytest.raises(UserError, match="is there already"):
        await scenarios.rename(TEAM, priced.conversation_id, second, "today")
    assert await _names(priced) == ["Today", "Later"]


async def test_no_more_than_so_many_are_kept(priced: Table) -> None:
    for number in range(MOST):
        await _save(priced, f"Case {number}")
    wrong = await priced.services.cost_scenarios.wrong_name(TEAM, priced.conversation_id, "One more")
    assert wrong is not None
    assert "Delete one first" in wrong


async def test_nothing_is_saved_before_anything_is_priced(table: Table) -> None:
    with pytest.raises(UserError, match="nothing to save"):
        await table.services.cost_scenarios.save(TEAM, table.conversation_id, "Early", who=ANA)


async def test_a_scenario_that_is_gone_says_so(priced: Table) -> None:
    scenarios = priced.services.cost_scenarios
    for call in (
        scenarios.compare(TEAM, priced.conversation_id, NOW, "000000000000"),
        scenarios.rename(TEAM, priced.conversation_id, "000000000000", "New"),
    ):
        with pytest.raises(UserError, match="not there any more"):
            await call


async def test_a_scenario_of_another_conversation_is_not_there(priced: Table) -> None:
    saved = await _save(priced, "Today")
    other = await priced.services.cost_edits.begin(TEAM, "C2", "1700000000.000200", ANA)
    assert (await priced.services.cost_scenarios.list(TEAM, other)).scenarios == []
    with pytest.raises(UserError, match="not there any more"):
        await priced.services.cost_scenarios.rename(TEAM, other, saved, "Mine")
    await priced.services.cost_scenarios.delete(TEAM, other, saved)
    assert await _names(priced) == ["Today"]


async def test_a_scenario_with_a_price_that_vanished_says_which(priced: Table) -> None:
    document = {"requests_per_day": 5, "tokens_in": 5, "tokens_out": 5, "models": ["gpt-0"]}
    async with priced.services.database.team(TEAM) as connection:
        await cost_scenarios.save(connection, TEAM, priced.conversation_id, name="Old", document=document, who=ANA)
    kept = await priced.services.cost_scenarios.list(TEAM, priced.conversation_id)
    with pytest.raises(UserError, match=r"“Old” cannot be priced any more: .*gpt-0"):
        await priced.services.cost_scenarios.compare(TEAM, priced.conversation_id, NOW, kept.scenarios[0].id)
