"""The switch that stops a workspace: what is in hand ends, nothing begins, and all of it goes on afterwards."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from agents.errors import UserError
from agents.runs import RunState, StageState
from agents.runs.effects import Call
from agents.services.halts import Halts
from agents.store import audit, halts, spend
from agents.store.db import Database
from tests.integration.engine.conftest import eventually
from tests.integration.money.conftest import settled
from tests.integration.money.shop import (
    ADMIN,
    APPROVER,
    QUEUE,
    REQUESTER,
    TEAM,
    Shop,
    make_runs,
    notes,
    start_run,
)
from tests.people import make_people

pytestmark = pytest.mark.integration


def make_halts(database: Database) -> Halts:
    return Halts(database, make_people(approvers={APPROVER}, admins={ADMIN}))


async def hanging(database: Database, shop: Shop, **params: Any) -> str:
    """Start a run and return its id once a worker hangs in its first stage."""
    run_id = await start_run(make_runs(database), shop, hangs="before the intent", **params)

    async def is_there() -> bool:
        return bool(await notes(database, run_id, "before the intent"))

    await eventually(is_there)
    return run_id


async def open_jobs(database: Database) -> int:
    async with database.engine() as connection:
        found = await connection.execute(
            "SELECT count(*) AS n FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND queue_name = %s",
            (QUEUE,),
        )
        row = await found.fetchone()
    return int(row["n"]) if row else -1


@pytest.mark.usefixtures("worker")
async def test_what_is_in_hand_ends_and_goes_on_after_the_resume(database: Database, shop: Shop) -> None:
    runs, switch = make_runs(database), make_halts(database)
    run_id = await hanging(database, shop)
    stopped = await switch.stop_all(TEAM, ADMIN, "  the   bill ")
    assert stopped.runs == [run_id]
    view = await runs.view(TEAM, run_id)
    assert view.stages[0].state is StageState.PENDING
    assert view.halt is not None
    assert view.halt.words == f"stopped by {ADMIN}: the bill"

    async def has_let_go() -> bool:
        return await open_jobs(database) == 0

    await eventually(has_let_go)
    assert await switch.resume_all(TEAM, ADMIN) == 1
    done = await settled(runs, run_id)
    assert done.state is RunState.DONE, done.error
    assert [stage.attempt for stage in done.stages] == [2, 1]
    assert shop.sold("lamp") == 1
    assert done.halt is None


@pytest.mark.usefixtures("worker")
async def test_nothing_is_claimed_or_paid_for_meanwhile(database: Database, shop: Shop) -> None:
    runs, switch = make_runs(database), make_halts(database)
    first = await start_run(runs, shop)
    await settled(runs, first)
    run_id = await hanging(database, shop)
    await switch.stop_all(TEAM, ADMIN)
    async with database.team(TEAM) as connection:
        with pytest.raises(spend.Halted):
            await spend.reserve(connection, Call(TEAM, run_id, "x", 1), Decimal(1))
    async with database.team(TEAM) as connection:
        with pytest.raises(UserError, match=f"Everything is stopped by {ADMIN}"):
            await halts.refuse_if_halted(connection, TEAM)
    # A job that comes by all the same finds nothing to do.
    async with database.team(TEAM) as connection:
        await connection.execute(
            "UPDATE app.stage SET job_id = app.defer_job(queue, 'stage', jsonb_build_object("
            "'team_id', team_id, 'run_id', run_id, 'seq', seq)) WHERE run_id = %s AND seq = 0",
            (run_id,),
        )

    async def is_served() -> bool:
        return await open_jobs(database) == 0

    await eventually(is_served)
    view = await runs.view(TEAM, run_id)
    assert (view.stages[0].state, view.stages[0].attempt) == (StageState.PENDING, 1)


@pytest.mark.usefixtures("worker")
async def test_another_team_goes_on(database: Database, shop: Shop) -> None:
    runs = make_runs(database)
    await make_halts(database).stop_all(TEAM, ADMIN)
    run_id = await start_run(runs, shop, team_id="T0OTHER")
    assert (await settled(runs, run_id, "T0OTHER")).state is RunState.DONE


@pytest.mark.usefixtures("worker")
async def test_it_is_said_what_goes_on_outside(database: Database, shop: Shop) -> None:
    runs = make_runs(database)
    closed = await start_run(runs, shop, closes=1)
    await settled(runs, closed)
    run_id = await start_run(runs, shop)
    await settled(runs, run_id)
    stopped = await make_halts(database).stop_all(TEAM, ADMIN)
    assert [(each.run_id, each.kind, each.external_id) for each in stopped.outside] == [
        (run_id, "shop_order", "order-2")
    ]


async def test_stages_wait_for_their_turn_after_a_resume(database: Database, shop: Shop) -> None:
    runs, switch = make_runs(database), make_halts(database)
    run_id = await start_run(runs, shop)
    await switch.stop_all(TEAM, ADMIN)
    assert await open_jobs(database) == 0
    await switch.resume_all(TEAM, ADMIN)
    assert await open_jobs(database) == 1, "the second stage is not due yet"
    assert [stage.state for stage in (await runs.view(TEAM, run_id)).stages] == [StageState.PENDING] * 2


async def test_stopping_twice_keeps_who_stopped_first_and_resuming_twice_is_refused(database: Database) -> None:
    switch = make_halts(database)
    await switch.stop_all(TEAM, ADMIN, "first")
    assert (await switch.stop_all(TEAM, "shell:root", "second")).halt.reason == "first"
    await switch.resume_all(TEAM, ADMIN)
    with pytest.raises(UserError, match="Nothing is stopped here"):
        await switch.resume_all(TEAM, ADMIN)
    async with database.team(TEAM) as connection:
        entries = await audit.of_subject(connection, TEAM, "workspace")
    assert [(entry.who, entry.action) for entry in entries] == [(ADMIN, "stop_all"), (ADMIN, "resume_all")]


@pytest.mark.parametrize("who", [REQUESTER, APPROVER])
async def test_admins_alone_turn_the_switch(who: str, database: Database) -> None:
    switch = make_halts(database)
    with pytest.raises(UserError, match="may not stop everything: that takes the role admin"):
        await switch.stop_all(TEAM, who)
    await switch.stop_all(TEAM, "shell:root")
    with pytest.raises(UserError, match="may not resume everything"):
        await switch.resume_all(TEAM, who)


async def test_a_reason_that_is_too_long_says_how_long_it_may_be(database: Database) -> None:
    with pytest.raises(UserError, match="The reason has 301 characters; 300 are the most"):
        await make_halts(database).stop_all(TEAM, ADMIN, "x" * 301)


@pytest.mark.usefixtures("worker")
async def test_stops_while_workers_claim_leave_nothing_running(database: Database, shop: Shop) -> None:
    runs, switch = make_runs(database), make_halts(database)
    run_ids = [await start_run(runs, shop, items=[f"lamp {n}"]) for n in range(12)]
    for _ in range(6):
        await switch.stop_all(TEAM, ADMIN)

        async def is_quiet() -> bool:
            async with database.team(TEAM) as connection:
                found = await connection.execute("SELECT count(*) AS n FROM app.stage WHERE lease_until > now()")
                row = await found.fetchone()
            return row is not None and row["n"] == 0

        await eventually(is_quiet)
        await switch.resume_all(TEAM, ADMIN)
        await asyncio.sleep(0.05)
    for run_id in run_ids:
        view = await settled(runs, run_id)
        assert view.state is RunState.DONE, view.question or view.error
    assert sorted(order["item"] for order in shop.orders) == sorted(f"lamp {n}" for n in range(12))
