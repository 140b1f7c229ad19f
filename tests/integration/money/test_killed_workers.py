"""A worker that is killed at any point of a paid call: what was sold is never more than what was approved."""

import asyncio
import signal
from dataclasses import dataclass
from typing import Any

import pytest

from agents.runs import RunState
from agents.runs.effects import ADOPT, RESUBMIT
from agents.store.db import Database
from tests.integration.engine.conftest import eventually
from tests.integration.money.conftest import StartWorker, settled
from tests.integration.money.shop import APPROVER, TEAM, Shop, make_questions, make_runs, notes, start_run

pytestmark = pytest.mark.integration

CANNOT_LOOK = "Cairn cannot look for it there."
NOTHING_FOUND = "Cairn looked for it there, and nothing was found."


async def killed_at(point: str, database: Database, shop: Shop, start_worker: StartWorker, **params: Any) -> str:
    """Start a run, kill its worker with SIGKILL at the point, start another worker, and return the run's id."""
    in_the_shop = point in {"before the sale", "after the sale"}
    shop.hangs = point if in_the_shop else ""
    killed = start_worker()
    run_id = await start_run(make_runs(database), shop, hangs=point, **params)

    async def is_there() -> bool:
        return shop.has_come.is_set() if in_the_shop else bool(await notes(database, run_id, point))

    await eventually(is_there)
    killed.kill()
    killed.wait()
    shop.hangs = ""
    start_worker()
    return run_id


@pytest.mark.parametrize(
    ("point", "find"),
    [
        ("before the intent", False),
        ("after the sale", True),
        ("after the call", True),
        ("after the end", False),
    ],
)
async def test_the_run_ends_by_itself_where_it_is_known_what_was_sold(
    point: str, find: bool, database: Database, shop: Shop, start_worker: StartWorker
) -> None:
    run_id = await killed_at(point, database, shop, start_worker, find=find)
    view = await settled(make_runs(database), run_id)
    assert view.state is RunState.DONE, view.question or view.error
    assert view.result == {"orders": ["order-1"]}
    assert shop.sold("lamp") == 1
    assert bool(await notes(database, run_id, "adopt_effect")) == find


@dataclass(frozen=True, slots=True)
class Unknown:
    """A point at which nobody knows what was sold: whether Cairn can look, what it then says, and what was sold."""

    point: str
    find: bool
    says: str
    sold: int


@pytest.mark.parametrize(
    "case",
    [
        Unknown("before the call", False, CANNOT_LOOK, 0),
        Unknown("before the call", True, NOTHING_FOUND, 0),
        Unknown("before the sale", True, NOTHING_FOUND, 0),
        Unknown("after the sale", False, CANNOT_LOOK, 1),
        Unknown("after the call", False, CANNOT_LOOK, 1),
    ],
    ids=lambda case: f"{case.point}, {'looking' if case.find else 'blind'}",
)
async def test_people_are_asked_where_nobody_knows_what_was_sold(
    case: Unknown, database: Database, shop: Shop, start_worker: StartWorker
) -> None:
    run_id = await killed_at(case.point, database, shop, start_worker, find=case.find)
    runs, questions = make_runs(database), make_questions(database)
    view = await settled(runs, run_id)
    assert view.state is RunState.NEEDS_ATTENTION
    assert view.question is not None
    assert case.says in view.question.text
    assert shop.sold("lamp") == case.sold
    if case.sold:
        await questions.answer(TEAM, view.question.id, ADOPT, APPROVER, value="order-1")
    else:
        await questions.answer(TEAM, view.question.id, RESUBMIT, APPROVER)
    view = await settled(runs, run_id)
    assert view.state is RunState.DONE, view.error
    assert view.result == {"orders": ["order-1"]}
    assert shop.sold("lamp") == 1


async def test_a_frozen_worker_keeps_what_it_bought_when_it_thaws(
    database: Database, shop: Shop, start_worker: StartWorker
) -> None:
    runs, questions = make_runs(database), make_questions(database)
    shop.hangs = "before the sale"
    frozen = start_worker()
    run_id = await start_run(runs, shop, price_usd="1.50")
    await asyncio.wait_for(shop.has_come.wait(), 30)
    frozen.send_signal(signal.SIGSTOP)
    start_worker()
    view = await settled(runs, run_id)
    assert view.state is RunState.NEEDS_ATTENTION
    assert view.question is not None
    # The shop sells after all, and answers a worker that has lost its stage long ago.
    shop.go_on()
    frozen.send_signal(signal.SIGCONT)

    async def is_recorded() -> bool:
        spend = (await runs.view(TEAM, run_id)).spend
        return spend is not None and spend.spent_usd > 0

    await eventually(is_recorded)
    # Approved without knowing better: it is not bought a second time.
    await questions.answer(TEAM, view.question.id, RESUBMIT, APPROVER)
    view = await settled(runs, run_id)
    assert view.state is RunState.DONE, view.error
    assert view.result == {"orders": ["order-1"]}
    assert shop.sold("lamp") == 1
