"""Limits hold under any number of callers at once, and a run that would pass one asks before it spends."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.errors import UserError
from agents.runs import RunState
from agents.runs.effects import Call
from agents.runs.money import AGAIN, MORE, Cap, RunSpend, Scope
from agents.services.budgets import Budgets, read_budget
from agents.store import audit, spend
from agents.store.db import Database
from tests.integration.money.conftest import settled
from tests.integration.money.shop import (
    ADMIN,
    APPROVER,
    REQUESTER,
    TEAM,
    Shop,
    make_questions,
    make_runs,
    notes,
    start_run,
)
from tests.people import make_people

pytestmark = pytest.mark.integration

OTHER = "T0OTHER"


def make_budgets(database: Database) -> Budgets:
    return Budgets(database, make_people(approvers={APPROVER}, admins={ADMIN}))


async def reserve(database: Database, run_id: str, key: str, amount: str, team_id: str = TEAM) -> Cap | None:
    async with database.team(team_id) as connection:
        return await spend.reserve(connection, Call(team_id, run_id, key, 1), Decimal(amount))


async def counted(database: Database, team_id: str = TEAM) -> dict[Scope, Decimal]:
    async with database.team(team_id) as connection:
        return {cap.scope: cap.counted_usd for cap in await spend.caps(connection, team_id)}


cents = st.integers(1, 300).map(lambda number: Decimal(number) / 100)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    scope=st.sampled_from(list(Scope)),
    limit=st.integers(100, 900).map(lambda number: Decimal(number) / 100),
    amounts=st.lists(st.tuples(st.integers(0, 1), cents), min_size=6, max_size=20),
)
async def test_callers_at_once_never_pass_a_limit_together(
    scope: Scope, limit: Decimal, amounts: list[tuple[int, Decimal]], database: Database
) -> None:
    team_id = f"T{uuid4().hex}"
    runs = make_runs(database)
    estimate = {"cost_usd_high": str(limit) if scope is Scope.APPROVED else 100}
    run_ids = [await start_run(runs, estimate=estimate, team_id=team_id) for _ in range(2)]
    if scope is not Scope.APPROVED:
        await make_budgets(database).set(team_id, scope, limit, ADMIN)
    refused = await asyncio.gather(
        *(reserve(database, run_ids[of], f"k{n}", str(usd), team_id) for n, (of, usd) in enumerate(amounts))
    )
    assert {cap.scope for cap in refused if cap} <= {scope}
    for of in ({0}, {1}) if scope in {Scope.APPROVED, Scope.RUN} else ({0, 1},):
        under = [(usd, cap) for (each, usd), cap in zip(amounts, refused, strict=True) if each in of]
        taken = sum((usd for usd, cap in under if cap is None), Decimal(0))
        views = [(await runs.view(team_id, run_ids[each])).spend for each in of]
        assert sum(view.reserved_usd for view in views if view) == taken, "each yes is money reserved, and no no is"
        assert taken <= limit
        assert all(taken + usd > limit for usd, cap in under if cap), "none was turned down that had room"


async def test_a_refusal_says_which_limit_and_by_how_much(database: Database) -> None:
    run_id = await start_run(make_runs(database))
    assert await reserve(database, run_id, "a", "9") is None
    cap = await reserve(database, run_id, "b", "3")
    assert cap == Cap(Scope.APPROVED, Decimal(10), Decimal(0), Decimal(9))
    assert cap.over_usd(Decimal(3)) == 2


async def test_real_costs_above_the_reservation_leave_less(database: Database) -> None:
    run_id = await start_run(make_runs(database))
    assert await reserve(database, run_id, "a", "2") is None
    async with database.team(TEAM) as connection:
        await spend.spent(connection, Call(TEAM, run_id, "a", 1), Decimal("9.5"))
    assert await reserve(database, run_id, "b", "0.6") is not None
    assert await reserve(database, run_id, "c", "0.5") is None


async def test_money_that_is_given_back_can_be_reserved_again(database: Database) -> None:
    run_id = await start_run(make_runs(database))
    assert await reserve(database, run_id, "a", "10") is None
    async with database.team(TEAM) as connection:
        await spend.release(connection, Call(TEAM, run_id, "a", 1))
    assert await reserve(database, run_id, "b", "10") is None


async def test_yesterday_and_last_month_do_not_count_today(database: Database) -> None:
    run_id = await start_run(make_runs(database), estimate={"cost_usd_high": 100})
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight.replace(day=1)
    moments = {"today": midnight, "yesterday": midnight - timedelta(seconds=1), "before": first - timedelta(seconds=1)}
    for name, moment in moments.items():
        assert await reserve(database, run_id, name, "3") is None
        async with database.team(TEAM) as connection:
            await connection.execute("SET LOCAL ROLE cairn_owner")
            await connection.execute("UPDATE app.spend SET at = %s WHERE effect_key = %s", (moment, name))
    totals = await counted(database)
    assert totals[Scope.DAY] == 3
    assert totals[Scope.WORKSPACE] == (6 if midnight > first else 3)


async def test_teams_have_budgets_of_their_own(database: Database) -> None:
    runs = make_runs(database)
    await make_budgets(database).set(TEAM, Scope.DAY, Decimal(1), ADMIN)
    mine, theirs = await start_run(runs), await start_run(runs, team_id=OTHER)
    assert await reserve(database, theirs, "a", "5", OTHER) is None
    assert await reserve(database, mine, "a", "5") is not None
    assert (await counted(database))[Scope.DAY] == 0


async def test_a_run_that_was_estimated_to_cost_nothing_may_spend_nothing(database: Database) -> None:
    run_id = await start_run(make_runs(database), estimate={"seconds": 4})
    cap = await reserve(database, run_id, "a", "0.01")
    assert cap is not None
    assert (cap.scope, cap.limit_usd) == (Scope.APPROVED, Decimal(0))


@pytest.mark.usefixtures("worker")
async def test_a_run_asks_before_it_passes_what_was_approved_and_goes_on_with_more(
    database: Database, shop: Shop
) -> None:
    runs, questions = make_runs(database), make_questions(database)
    run_id = await start_run(runs, shop, items=["lamp", "desk"], cost_usd=3, estimate={"cost_usd": 4}, price_usd=3)
    view = await settled(runs, run_id)
    assert view.state is RunState.NEEDS_ATTENTION
    assert view.question is not None
    assert [choice.label for choice in view.question.choices] == ["Approve $2.00 more"]
    assert (shop.sold("lamp"), shop.sold("desk")) == (1, 0)
    with pytest.raises(UserError, match="takes the role approver"):
        await questions.answer(TEAM, view.question.id, MORE, REQUESTER)
    await questions.answer(TEAM, view.question.id, MORE, APPROVER, event_key="EvMore")
    view = await settled(runs, run_id)
    assert view.state is RunState.DONE, view.error
    assert view.spend == RunSpend(Decimal(6), Decimal(6), Decimal(0))
    assert (shop.sold("lamp"), shop.sold("desk")) == (1, 1)
    assert [note["more_usd"] for note in await notes(database, run_id, "approve_more")] == ["2.00"]
    async with database.team(TEAM) as connection:
        entries = await audit.of_subject(connection, TEAM, f"run:{run_id}")
    assert {entry.action for entry in entries if entry.event_key == "EvMore"} == {"answer", "approve_more"}


@pytest.mark.usefixtures("worker")
async def test_a_run_that_would_pass_the_day_waits_for_an_admin(database: Database, shop: Shop) -> None:
    runs, questions, budgets = make_runs(database), make_questions(database), make_budgets(database)
    await budgets.set(TEAM, Scope.DAY, Decimal(1), ADMIN)
    run_id = await start_run(runs, shop)
    view = await settled(runs, run_id)
    assert view.question is not None
    assert [choice.id for choice in view.question.choices] == [AGAIN]
    assert "`/cairn budget day $2.00`" in view.question.text
    asked = view.question.id
    await questions.answer(TEAM, asked, AGAIN, REQUESTER)
    view = await settled(runs, run_id)
    assert view.question is not None
    assert view.question.id != asked, "nothing changed, so it asks again"
    await budgets.set(TEAM, Scope.DAY, Decimal(2), ADMIN)
    await questions.answer(TEAM, view.question.id, AGAIN, REQUESTER)
    assert (await settled(runs, run_id)).state is RunState.DONE
    assert shop.sold("lamp") == 1


async def test_admins_alone_set_budgets_and_each_change_is_in_the_audit(database: Database) -> None:
    budgets = make_budgets(database)
    with pytest.raises(UserError, match="takes the role admin"):
        await budgets.set(TEAM, Scope.DAY, Decimal(5), APPROVER)
    await budgets.set(TEAM, Scope.DAY, Decimal(5), ADMIN)
    await budgets.set(TEAM, Scope.DAY, Decimal("7.50"), ADMIN)
    view = await budgets.view(TEAM)
    assert [(each.scope, each.limit_usd, each.set_by) for each in view.set] == [(Scope.DAY, Decimal("7.5"), ADMIN)]
    await budgets.set(TEAM, Scope.DAY, None, ADMIN)
    assert (await budgets.left(TEAM)).tightest is None
    async with database.team(TEAM) as connection:
        entries = await audit.of_subject(connection, TEAM, "budget:day")
    assert [(entry.details["from_usd"], entry.details["to_usd"]) for entry in entries] == [
        (None, "$5.00"),
        ("$5.00", "$7.50"),
        ("$7.50", None),
    ]


@pytest.mark.parametrize(
    ("scope", "amount", "says"),
    [
        ("week", "5", "There is no budget 'week'. Choose one of: run, day, workspace."),
        ("approved", "5", "There is no budget 'approved'"),
        ("day", "-5", "'-5' is no amount in dollars"),
        ("day", "NaN", "'NaN' is no amount in dollars"),
        ("day", "1e9", "'1e9' is no amount in dollars"),
        ("day", "", "'' is no amount in dollars"),
        ("day", "99999999999", "is more than any budget holds"),
    ],
)
def test_a_budget_that_cannot_be_read_says_how_to_write_it(scope: str, amount: str, says: str) -> None:
    with pytest.raises(UserError) as refused:
        read_budget(scope, amount)
    assert says in str(refused.value)
    assert "/cairn budget day 50" in str(refused.value)


def test_a_budget_is_read_as_people_write_it() -> None:
    assert read_budget("Day", "$1,250.50") == (Scope.DAY, Decimal("1250.5"))
    assert read_budget("workspace", "None") == (Scope.WORKSPACE, None)
