"""Effects as a stage sees them: once for each approval, refused, lost, adopted, submitted again."""

from decimal import Decimal

import pytest

from agents.errors import UserError
from agents.runs import RunState
from agents.runs.effects import ADOPT, LOOK, RESUBMIT, Outcome
from agents.runs.money import RunSpend
from agents.store import effects
from agents.store.db import Database
from tests.integration.engine.conftest import eventually
from tests.integration.money.conftest import settled
from tests.integration.money.shop import (
    APPROVER,
    REQUESTER,
    TEAM,
    Shop,
    make_questions,
    make_runs,
    notes,
    start_run,
)

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("worker")]


async def test_what_was_bought_is_recorded_with_what_it_cost(database: Database, shop: Shop) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs, shop, items=["lamp", "desk"], price_usd="1.25")
    view = await settled(runs, run_id)
    assert view.result == {"orders": ["order-1", "order-2"]}
    assert view.spend == RunSpend(Decimal(10), Decimal("2.5"), Decimal(0))


async def test_a_cost_that_is_not_known_yet_stays_reserved_until_the_end_is_known(
    database: Database, shop: Shop
) -> None:
    runs = make_runs(database)
    open_run = await settled(runs, await start_run(runs, shop))
    assert open_run.spend == RunSpend(Decimal(10), Decimal(0), Decimal(2))
    closed = await settled(runs, await start_run(runs, shop, closes="3.50"))
    assert closed.spend == RunSpend(Decimal(10), Decimal("3.5"), Decimal(0)), "also above the reservation"


async def test_a_refusal_gives_the_money_back_and_a_retry_calls_again(database: Database, shop: Shop) -> None:
    runs = make_runs(database)
    shop.answers = 400
    run_id = await start_run(runs, shop)
    view = await settled(runs, run_id)
    assert view.error == "The shop does not sell lamp: it is sold out."
    assert view.spend == RunSpend(Decimal(10), Decimal(0), Decimal(0))
    shop.answers = 200
    await runs.retry(TEAM, run_id, REQUESTER)
    assert (await settled(runs, run_id)).result == {"orders": ["order-1"]}
    assert len(await notes(database, run_id, "calling")) == 2


async def test_an_answer_that_says_nothing_leads_to_the_search(database: Database, shop: Shop) -> None:
    runs = make_runs(database)
    # It sells, and then answers that it is out of order.
    shop.answers = 500
    run_id = await start_run(runs, shop, find=True)
    view = await settled(runs, run_id)
    assert view.state is RunState.DONE, view.question or view.error
    assert shop.sold("lamp") == 1
    assert len(await notes(database, run_id, "adopt_effect")) == 1


async def test_a_failed_call_is_not_repeated_but_asked_about_until_somebody_approves(
    database: Database, shop: Shop
) -> None:
    runs, questions = make_runs(database), make_questions(database)
    shop.answers = 500
    run_id = await start_run(runs, shop, items=["desk"])
    view = await settled(runs, run_id)
    assert view.question is not None
    assert [choice.id for choice in view.question.choices] == [ADOPT, RESUBMIT]
    with pytest.raises(UserError, match="takes the role approver"):
        await questions.answer(TEAM, view.question.id, RESUBMIT, REQUESTER)
    shop.answers = 200
    await questions.answer(TEAM, view.question.id, RESUBMIT, APPROVER)
    done = await settled(runs, run_id)
    assert done.result == {"orders": ["order-2"]}
    keys = {order["key"] for order in shop.orders}
    assert len(keys) == 2, "a second submission is another call"
    assert done.spend is not None
    assert done.spend.spent_usd == 2, "of the first nobody knows, so all that was reserved counts"
    assert done.spend.reserved_usd == 2
    assert done.spend.approved_usd == 12, "whoever approved the second submission approved its cost"


async def test_looking_again_finds_what_came_late(database: Database, shop: Shop) -> None:
    runs, questions = make_runs(database), make_questions(database)
    shop.hangs = "before the sale"
    run_id = await start_run(runs, shop, find=True)
    await shop.has_come.wait()
    shop.break_down()
    view = await settled(runs, run_id)
    assert view.question is not None
    assert "nothing was found" in view.question.text
    shop.orders.append({"id": "order-late", "key": "?", "item": "lamp"})
    await questions.answer(TEAM, view.question.id, LOOK, REQUESTER)
    assert (await settled(runs, run_id)).result == {"orders": ["order-late"]}


async def test_of_several_candidates_people_choose(database: Database, shop: Shop) -> None:
    runs, questions = make_runs(database), make_questions(database)
    shop.orders.append({"id": "order-else", "key": "?", "item": "lamp"})
    shop.answers = 500
    run_id = await start_run(runs, shop, find=True)
    view = await settled(runs, run_id)
    assert view.question is not None
    assert "order-else, order-2" in view.question.text
    await questions.answer(TEAM, view.question.id, f"{ADOPT}:order-2", APPROVER)
    assert (await settled(runs, run_id)).result == {"orders": ["order-2"]}
    assert shop.sold("lamp") == 2


async def test_the_one_with_our_key_needs_no_choice(database: Database, shop: Shop) -> None:
    runs = make_runs(database)
    shop.orders.append({"id": "order-else", "key": "?", "item": "lamp"})
    shop.answers = 500
    run_id = await start_run(runs, shop, find=True, keys=True)
    assert (await settled(runs, run_id)).result == {"orders": ["order-2"]}


async def test_what_another_effect_has_is_never_adopted(database: Database, shop: Shop) -> None:
    runs, questions = make_runs(database), make_questions(database)
    assert (await settled(runs, await start_run(runs, shop))).result == {"orders": ["order-1"]}
    shop.answers = 503
    shop.forgets = True
    run_id = await start_run(runs, shop, find=True)
    view = await settled(runs, run_id)
    assert view.question is not None
    assert "nothing was found" in view.question.text, "the first run's order is not this one's"
    with pytest.raises(UserError, match="'order-1' cannot be adopted"):
        await questions.answer(TEAM, view.question.id, ADOPT, APPROVER, value="order-1")
    assert (await runs.view(TEAM, run_id)).question is not None, "the question stays open"


async def test_two_lost_calls_of_one_kind_do_not_take_each_others_order(database: Database, shop: Shop) -> None:
    runs = make_runs(database)
    shop.answers, shop.forgets = 503, True
    first = await settled(runs, await start_run(runs, shop, find=False))
    assert first.question is not None
    shop.forgets = False
    second = await settled(runs, await start_run(runs, shop, find=True))
    assert second.question is not None, "the order could be the first run's as well"
    assert "without being sure: order-1" in second.question.text


async def test_another_request_under_the_same_key_is_a_fault(database: Database, shop: Shop) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs, shop, twists=True)
    view = await settled(runs, run_id)
    assert view.state is RunState.FAILED
    assert shop.sold("lamp") == 1
    assert view.error == f"Run {run_id} failed at the stage buy; the log has details."


async def test_a_cancel_lets_the_call_in_hand_come_back(database: Database, shop: Shop) -> None:
    runs = make_runs(database)
    shop.hangs = "before the sale"
    run_id = await start_run(runs, shop, price_usd=2)
    await shop.has_come.wait()
    await runs.cancel(TEAM, run_id, REQUESTER)
    given_up = (await runs.view(TEAM, run_id)).spend
    assert given_up is not None
    assert given_up.spent_usd == 2, "nobody knows yet, so all of it counts"
    shop.go_on()

    async def has_come_back() -> str | None:
        async with database.team(TEAM) as connection:
            recorded = await effects.current(connection, TEAM, run_id, "lamp")
        return recorded.external_id if recorded else None

    assert await eventually(has_come_back) == "order-1"
    assert (await runs.view(TEAM, run_id)).state is RunState.CANCELLED


async def test_what_cannot_be_kept_of_an_answer_does_not_take_its_id_with_it(database: Database, shop: Shop) -> None:
    runs = make_runs(database)
    run_id = await start_run(runs, shop, answers_rubbish=True)
    assert (await settled(runs, run_id)).state is RunState.FAILED
    async with database.team(TEAM) as connection:
        recorded = await effects.current(connection, TEAM, run_id, "lamp")
    assert recorded is not None
    assert recorded.outcome == Outcome("order-1")


async def test_a_call_that_comes_back_after_it_was_given_up_is_not_made_again(database: Database, shop: Shop) -> None:
    runs, questions = make_runs(database), make_questions(database)
    shop.answers, shop.forgets = 503, True
    run_id = await start_run(runs, shop)
    view = await settled(runs, run_id)
    assert view.question is not None
    async with database.team(TEAM) as connection:
        lost = await effects.current(connection, TEAM, run_id, "lamp")
        assert lost is not None
        assert await effects.record(connection, lost.call, Outcome("order-late", actual_usd=Decimal(1)))
    await questions.answer(TEAM, view.question.id, RESUBMIT, APPROVER)
    done = await settled(runs, run_id)
    assert done.result == {"orders": ["order-late"]}
    assert done.spend == RunSpend(Decimal(10), Decimal(1), Decimal(0))
    assert len(await notes(database, run_id, "calling")) == 1
