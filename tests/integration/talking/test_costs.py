"""A call of a model is reserved before it is made and settled after, whatever happens in between."""

import asyncio
from collections import defaultdict
from dataclasses import asdict
from decimal import Decimal
from typing import Any, get_args
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.costs.calls import call_usd, most_call_usd
from agents.costs.inputs import ModelRatesInput
from agents.costs.prices.overrides import OwnPrice
from agents.dialogue.chat import FailureKind, ModelFailure, Usage
from agents.dialogue.speaking import Speaking
from agents.runs.money import usd
from agents.services.halts import Halts
from agents.services.talk_limits import TalkScope
from agents.store.db import Database
from tests.integration.talking.calls import (
    ADMIN,
    ANA,
    BOB,
    BOOK,
    HAIKU,
    MOST_USD,
    OTHER,
    SONNET,
    TEAM,
    Threads,
    calls,
    make_budgets,
    make_call,
    make_costs,
    spend,
)
from tests.people import make_people

pytestmark = pytest.mark.integration

USED = Usage(input_tokens=120, cache_read_tokens=7_000, cache_write_tokens=300, output_tokens=80)


async def test_the_most_that_a_call_can_cost_is_reserved_before_it_is_made(
    database: Database, threads: Threads
) -> None:
    await make_costs(database).begin(make_call(conversation_id=await threads.new()))

    (call,) = await calls(database)
    assert call["reserved_usd"] == MOST_USD
    assert (call["actual_usd"], call["ended_at"]) == (None, None)
    assert (call["price_source"], call["price_as_of"]) == (BOOK.model(SONNET).source, BOOK.model(SONNET).as_of)


async def test_what_it_used_takes_the_place_of_what_was_reserved(database: Database, threads: Threads) -> None:
    await spend(make_costs(database), await threads.new(), USED)

    (call,) = await calls(database)
    assert {name: call[name] for name in asdict(USED)} == asdict(USED)
    assert (call["stop_reason"], call["failure"]) == ("end_turn", None)
    rates = BOOK.model(SONNET).standard
    by_hand = 120 * rates.input + 7_000 * rates.cache_read + 300 * rates.cache_write + 80 * rates.output
    assert call["actual_usd"] == by_hand / 1_000_000


async def test_what_is_read_from_the_cache_costs_less_than_what_is_written_to_it(
    database: Database, threads: Threads
) -> None:
    costs, thread = make_costs(database), await threads.new()
    await spend(costs, thread, Usage(cache_read_tokens=10_000))
    await spend(costs, thread, Usage(input_tokens=10_000))
    await spend(costs, thread, Usage(cache_write_tokens=10_000))

    read, fresh, written = [call["actual_usd"] for call in await calls(database)]
    assert read < fresh < written


async def test_a_call_whose_process_died_keeps_its_reservation(database: Database, threads: Threads) -> None:
    thread = await threads.new()
    await make_costs(database).begin(make_call(conversation_id=thread))

    view = await make_budgets(database).view(TEAM, user_id=ANA, conversation_id=thread)
    assert {cap.scope: cap.reserved_usd for cap in view.caps} == dict.fromkeys(TalkScope, MOST_USD)
    assert view.workspace.day.reserved_usd == MOST_USD


async def test_a_call_that_broke_off_without_a_word_of_its_usage_keeps_its_reservation(
    database: Database, threads: Threads
) -> None:
    costs = make_costs(database)
    call_id = await costs.begin(make_call(conversation_id=await threads.new()))
    await costs.end(call_id, usage=None, stop_reason=None, failure=ModelFailure("timeout", "it took too long"))

    (call,) = await calls(database)
    assert (call["actual_usd"], call["failure"]) == (None, "timeout")
    assert call["ended_at"] is not None
    assert (await make_budgets(database).view(TEAM)).cap(TalkScope.DAY).reserved_usd == MOST_USD


@pytest.mark.parametrize("kind", ["rate_limited", "overloaded", "unreachable", "rejected"])
async def test_a_model_that_took_nothing_costs_nothing(kind: FailureKind, database: Database, threads: Threads) -> None:
    costs = make_costs(database)
    call_id = await costs.begin(make_call(conversation_id=await threads.new()))
    await costs.end(call_id, usage=None, stop_reason=None, failure=ModelFailure(kind, "no"))

    (call,) = await calls(database)
    assert (call["actual_usd"], call["output_tokens"], call["failure"]) == (0, 0, kind)


@pytest.mark.parametrize("kind", get_args(FailureKind))
async def test_what_a_failed_call_used_is_paid_for(kind: FailureKind, database: Database, threads: Threads) -> None:
    costs = make_costs(database)
    call_id = await costs.begin(make_call(conversation_id=await threads.new()))
    failure = ModelFailure(kind, "no", usage=USED, category="cyber" if kind == "refused" else None)
    await costs.end(call_id, usage=failure.usage, stop_reason=None, failure=failure)

    (call,) = await calls(database)
    assert call["actual_usd"] == call_usd(BOOK.model(SONNET), **asdict(USED))
    assert call["refusal_category"] == failure.category


async def test_a_call_ends_once(database: Database, threads: Threads) -> None:
    costs = make_costs(database)
    call_id = await spend(costs, await threads.new(), USED)
    await costs.end(call_id, usage=Usage(output_tokens=1), stop_reason="max_tokens", failure=None)

    (call,) = await calls(database)
    assert (call["output_tokens"], call["stop_reason"]) == (USED.output_tokens, "end_turn")


async def test_a_model_without_a_price_is_not_spoken_to_and_the_way_to_mend_it_is_said(
    database: Database, threads: Threads
) -> None:
    with pytest.raises(ModelFailure, match=r"claude-next has no price here.*/cairn prices set claude-next") as refused:
        await make_costs(database).begin(make_call(conversation_id=await threads.new(), model="claude-next"))

    assert refused.value.kind == "budget"
    (call,) = await calls(database)
    assert (call["failure"], call["actual_usd"], call["reserved_usd"]) == ("budget", 0, 0)


async def test_a_model_on_a_server_of_ones_own_costs_nothing_also_where_a_list_has_its_price(
    database: Database, threads: Threads
) -> None:
    costs, thread = make_costs(database, self_hosted=("qwen", HAIKU)), await threads.new()
    await make_budgets(database).set(TEAM, TalkScope.THREAD, Decimal(0), ADMIN)
    for model in ("qwen", HAIKU):
        await spend(costs, thread, model=model)

    assert [(call["actual_usd"], call["price_source"]) for call in await calls(database)] == [(0, "self-hosted")] * 2


async def test_a_price_of_ones_own_holds_for_a_self_hosted_model(database: Database, threads: Threads) -> None:
    rates = ModelRatesInput(i=Decimal(1), o=Decimal(2))
    costs = make_costs(database, OwnPrice("qwen", rates, "CAIRN_PRICES", BOOK.as_of), self_hosted=("qwen",))
    await spend(costs, await threads.new(), Usage(input_tokens=1_000, output_tokens=1_000), model="qwen")

    (call,) = await calls(database)
    assert call["actual_usd"] == Decimal("0.003")


async def test_a_stopped_workspace_calls_no_model_that_costs_anything(database: Database, threads: Threads) -> None:
    costs, thread = make_costs(database, self_hosted=("qwen",)), await threads.new()
    halts = Halts(database, make_people(admins={ADMIN}))
    await halts.stop_all(TEAM, ADMIN)

    with pytest.raises(ModelFailure, match=r"everything in this workspace is stopped.*/cairn resume-all"):
        await costs.begin(make_call(conversation_id=thread))
    await spend(costs, thread, model="qwen")
    await halts.resume_all(TEAM, ADMIN)
    await spend(costs, thread)


@pytest.mark.parametrize(
    ("scope", "elsewhere"),
    [
        (TalkScope.THREAD, "thread"),
        (TalkScope.USER, "user"),
        (TalkScope.DAY, "team"),
        (TalkScope.WORKSPACE, "team"),
    ],
)
async def test_a_limit_is_of_what_its_scope_says_and_names_the_way_to_raise_it(
    scope: TalkScope, elsewhere: str, database: Database, threads: Threads
) -> None:
    costs, thread = make_costs(database), await threads.new()
    await make_budgets(database).set(TEAM, scope, MOST_USD * Decimal("1.5"), ADMIN)
    await costs.begin(make_call(conversation_id=thread))

    with pytest.raises(ModelFailure) as refused:
        await costs.begin(make_call(conversation_id=thread))

    assert refused.value.kind == "budget"
    assert f"the limit {scope.words} is " in refused.value.detail
    assert f"`/cairn model limit {scope} $" in refused.value.detail
    other: dict[str, Any] = {"conversation_id": thread}
    if elsewhere == "thread":
        other["conversation_id"] = await threads.new()
    elif elsewhere == "user":
        other["user_id"] = BOB
    else:
        other = {"team_id": OTHER, "conversation_id": await threads.new(OTHER)}
    await costs.begin(make_call(**other))


async def test_a_raised_limit_holds_for_the_next_call(database: Database, threads: Threads) -> None:
    costs, budgets, thread = make_costs(database), make_budgets(database), await threads.new()
    await budgets.set(TEAM, TalkScope.THREAD, Decimal(0), ADMIN)
    with pytest.raises(ModelFailure):
        await costs.begin(make_call(conversation_id=thread))

    await budgets.set(TEAM, TalkScope.THREAD, None, ADMIN)

    await costs.begin(make_call(conversation_id=thread))


def most_of(call: Speaking) -> Decimal:
    price = BOOK.model(call.model)
    return usd(most_call_usd(price, request_tokens=call.request_tokens, max_tokens=call.max_tokens))


amounts = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 3_000)), min_size=4, max_size=14)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scope=st.sampled_from(list(TalkScope)), share=st.integers(1, 6), asked=amounts)
async def test_callers_at_once_never_pass_a_limit_together(
    scope: TalkScope, share: int, asked: list[tuple[int, int, int]], database: Database, threads: Threads
) -> None:
    team_id = f"T{uuid4().hex}"
    costs = make_costs(database)
    both = [await threads.new(team_id), await threads.new(team_id)]
    limit_usd = MOST_USD * share
    budgets = make_budgets(database)
    for each in TalkScope:
        await budgets.set(team_id, each, limit_usd if each is scope else None, ADMIN)

    wanted = [
        make_call(team_id=team_id, conversation_id=both[thread], user_id=(ANA, BOB)[person], request_tokens=tokens)
        for thread, person, tokens in asked
    ]

    outcomes = await asyncio.gather(*map(costs.begin, wanted), return_exceptions=True)

    def counted_under(call: Speaking) -> Any:
        return {TalkScope.THREAD: call.conversation_id, TalkScope.USER: call.user_id}.get(scope)

    taken: dict[Any, Decimal] = defaultdict(Decimal)
    for call, outcome in zip(wanted, outcomes, strict=True):
        if isinstance(outcome, str):
            taken[counted_under(call)] += most_of(call)
    assert all(total <= limit_usd for total in taken.values())
    for call, outcome in zip(wanted, outcomes, strict=True):
        if not isinstance(outcome, str):
            assert isinstance(outcome, ModelFailure)
            assert taken[counted_under(call)] + most_of(call) > limit_usd, "none was turned down that had room"
    reserved = sum(row["reserved_usd"] for row in await calls(database, team_id))
    assert reserved == sum(taken.values()), "each yes is money reserved, and no no is"


async def test_what_yesterday_cost_does_not_count_today_but_in_the_month_and_its_thread(
    database: Database, threads: Threads
) -> None:
    thread = await threads.new()
    await spend(make_costs(database), thread)
    async with database.team(TEAM) as connection:
        await connection.execute("SET LOCAL ROLE cairn_owner")
        # The first day of a month has no day before it in that month.
        await connection.execute(
            "UPDATE app.model_call SET started_at = date_trunc('day', now(), 'UTC') - interval '1 second'"
        )
        found = await connection.execute("SELECT extract(day FROM now() AT TIME ZONE 'UTC') = 1 AS is_first")
        row = await found.fetchone()
    (call,) = await calls(database)
    is_first = row is not None and row["is_first"]

    view = await make_budgets(database).view(TEAM, user_id=ANA, conversation_id=thread)

    spent = {cap.scope: cap.spent_usd for cap in view.caps}
    assert spent == {
        TalkScope.THREAD: call["actual_usd"],
        TalkScope.USER: 0,
        TalkScope.DAY: 0,
        TalkScope.WORKSPACE: 0 if is_first else call["actual_usd"],
    }
