"""A verdict that is watched: saved, checked when something it rests on changes, and a flip told once."""

import asyncio
import datetime as dt

import pytest

from agents.costs.vllm_bench import BenchRun
from agents.errors import UserError
from agents.services.measured import Served
from agents.store import cost_scenarios, watches
from agents.store.db import Database
from tests.integration.watch.desk import ANA, LARGE, SMALL, TEAM, Clock, Desk, make_desk

pytestmark = pytest.mark.integration


async def test_a_verdict_is_saved_with_all_that_it_rests_on(desk: Desk) -> None:
    conversation_id = await desk.decide()
    before = await desk.card_version(f"verdict:{conversation_id}")

    watch = await desk.watches.save(TEAM, conversation_id, ANA)

    assert watch.verdict == "Distillation with LoRA"
    assert watch.saved_by == ANA
    assert watch.cheapest
    assert watch.outlook
    async with desk.database.team(TEAM) as connection:
        stored = await watches.get(connection, TEAM, watch.watch_id)
    assert stored is not None
    grounds = {each["key"]: each for each in stored.basis["grounds"]}
    assert grounds["answer:requests_per_day"]["shown"] == "2,000,000 requests a day"
    assert grounds["answer:requests_per_day"]["source"] == ANA
    assert grounds["price:claude-sonnet-5-5"]["shown"].startswith("$2.00 in, $10.00 out")
    assert grounds["price:claude-sonnet-5-5"]["as_of"]
    assert any(key.startswith("gpu:") for key in grounds)
    assert any(key.startswith("throughput:") for key in grounds)
    assert watch.prices_of == "2026-11-23"
    # The card shows that it is watched.
    assert await desk.card_version(f"verdict:{conversation_id}") == before + 1
    state = await desk.decisions.state(TEAM, conversation_id)
    assert state.watched is not None
    assert state.watched.saved_by == ANA


async def test_saving_twice_is_one_watch(desk: Desk) -> None:
    conversation_id = await desk.decide()
    first = await desk.watches.save(TEAM, conversation_id, ANA)
    again = await desk.watches.save(TEAM, conversation_id, "U0BOB")
    assert again == first
    assert len(await desk.watches.list(TEAM)) == 1


async def test_a_verdict_that_may_still_change_cannot_be_watched(desk: Desk) -> None:
    conversation_id = await desk.decide(evals=None, tokens=None)
    await desk.decisions.ask(TEAM, conversation_id, "tokens")
    with pytest.raises(UserError, match="Not sure"):
        await desk.watches.save(TEAM, conversation_id, ANA)


async def test_a_price_that_flips_the_verdict_is_one_reply_that_says_which(desk: Desk) -> None:
    watch = await desk.watched(SMALL)
    assert watch.verdict == "Prompting"

    await desk.prices.set(TEAM, "claude-sonnet-5-5 in=2000 out=10000", "U0BOB")
    await desk.check()

    (reply,) = await desk.replies()
    assert (reply["channel"], reply["thread_ts"]) == ("C1", "1.1")
    (flip,) = await desk.flips()
    assert flip.headline == "The verdict flips: Prompting → Distillation with LoRA"
    label, was, now, source = flip.changed[0]
    assert label == "Price of claude-sonnet-5-5"
    assert was.startswith("$2.00 in")
    assert now.startswith("$2,000 in")
    assert "U0BOB" in source
    assert ("Verdict", "Prompting", "Distillation with LoRA") in flip.became
    assert flip.because == "the price of claude-sonnet-5-5 was set"
    (listed,) = await desk.watches.list(TEAM)
    assert listed.verdict == "Distillation with LoRA"
    assert listed.since > watch.since


async def test_the_verdict_and_costs_cards_follow_the_prices(desk: Desk) -> None:
    watch = await desk.watched(SMALL)
    key = f"verdict:{watch.conversation_id}"
    before = await desk.card_version(key)
    await desk.dearer_api(1_000)
    await desk.check()
    assert await desk.card_version(key) > before
    state = await desk.decisions.state(TEAM, watch.conversation_id)
    assert state.verdict is not None
    assert state.verdict.approach == "distill"
    assert state.open_question is None


async def test_what_flips_nothing_says_nothing_and_is_checked(desk: Desk) -> None:
    await desk.watched()
    await desk.dearer_api(1.01)
    await desk.check()

    assert await desk.replies() == []
    (watch,) = await desk.watches.list(TEAM)
    assert watch.flips == 0
    assert "claude-sonnet-5-5" in watch.checked_because


async def test_the_same_cause_twice_is_one_reply(desk: Desk) -> None:
    await desk.watched(SMALL)
    await desk.dearer_api(1_000)
    await desk.check()
    async with desk.database.team(TEAM) as connection:
        for _ in range(3):
            await watches.ask_check(connection, TEAM, "the same again")
    await desk.check()
    await desk.watches.check(TEAM)
    assert len(await desk.replies()) == 1


async def test_flapping_is_one_reply_for_each_flip(desk: Desk) -> None:
    await desk.watched(SMALL)
    for factor in (900, 901, 1, 1.001, 900):
        await desk.dearer_api(factor)
        await desk.check()
    assert [flip.headline for flip in await desk.flips()] == [
        "The verdict flips: Prompting → Distillation with LoRA",
        "The verdict flips: Distillation with LoRA → Prompting",
        "The verdict flips: Prompting → Distillation with LoRA",
    ]


async def test_flapping_between_two_checks_says_nothing(desk: Desk) -> None:
    await desk.watched(SMALL)
    await desk.dearer_api(1_000)
    await desk.dearer_api(1)
    await desk.check()
    assert await desk.replies() == []


async def test_a_volume_told_in_the_thread_is_a_change(desk: Desk) -> None:
    watch = await desk.watched(LARGE)
    await desk.answer(watch.conversation_id, "U0BOB", requests_per_day="500")
    await desk.check()
    (flip,) = await desk.flips()
    assert flip.headline == "The verdict flips: Distillation with LoRA → Prompting"
    assert flip.changed[0][:3] == ("Requests per day", "2,000,000 requests a day", "500 requests a day")
    assert "U0BOB" in flip.changed[0][3]
    assert "requests per day" in flip.because


async def test_a_volume_is_updated_in_free_words(desk: Desk) -> None:
    watch = await desk.watched(LARGE)
    said = await desk.watches.set_volume(TEAM, watch.watch_id, "3-5k a week", ANA, source="v1")
    assert "571 requests a day" in said
    assert "middle" in said
    await desk.check()
    assert len(await desk.replies()) == 1
    with pytest.raises(UserError, match="20k"):
        await desk.watches.set_volume(TEAM, watch.watch_id, "lots", ANA, source="v2")
    with pytest.raises(UserError, match="needed"):
        await desk.watches.set_volume(TEAM, watch.watch_id, "not sure", ANA, source="v3")
    with pytest.raises(UserError, match="no watch"):
        await desk.watches.set_volume(TEAM, "nothing", "20k", ANA, source="v4")


async def test_a_measurement_that_flips_the_verdict_is_one_reply(desk: Desk) -> None:
    watch = await desk.watched("150k")
    assert watch.verdict == "Distillation with LoRA"
    # A GPU that finishes a request in ten seconds is no match for an API.
    slow = BenchRun("slow.json", 500, 0, 5_000.0, 1_500.0, 300.0, None, None)
    await desk.measurements.load_serving(TEAM, [slow], Served(student="llama-3.1-8b", gpus=1), "U0BOB")
    await desk.check()
    (flip,) = await desk.flips()
    assert flip.headline == "The verdict flips: Distillation with LoRA → Prompting"
    assert flip.changed[0][0] == "Throughput of llama-3.1-8b (bf16)"
    assert "measured" in flip.changed[0][3]


async def test_another_way_that_becomes_the_cheapest_is_told_though_the_verdict_stands(desk: Desk) -> None:
    watch = await desk.watched("20k", problem=["consistency"], format_only=True)
    assert watch.verdict == "Prompting"
    await desk.prices.set(TEAM, "claude-haiku-5-5 in=900 out=4500", "U0BOB")
    await desk.prices.set(TEAM, "claude-sonnet-5-5 in=800 out=4000", "U0BOB")
    await desk.check()
    flips = await desk.flips()
    assert len(flips) == 1
    assert flips[0].headline.startswith("Still Prompting")
    assert any(what == "Cheapest" and was != now for what, was, now in flips[0].became)


async def test_a_model_that_leaves_its_api_is_told_of_two_months_before_and_when_it_is_gone(
    desk: Desk, clock: Clock
) -> None:
    clock.day = dt.date(2026, 11, 1)
    conversation_id = await desk.decide("20k", problem=["consistency"], format_only=True)
    async with desk.database.team(TEAM) as connection:
        await cost_scenarios.set_value(
            connection, TEAM, conversation_id, key="models", value=["gpt-4o", "claude-sonnet-5-5"], who=ANA, source="f"
        )
    await desk.watches.save(TEAM, conversation_id, ANA)

    told = []
    for day in (dt.date(2026, 11, 14), dt.date(2026, 11, 15), dt.date(2026, 11, 16), dt.date(2027, 1, 13)):
        clock.day = day
        async with desk.database.team(TEAM) as connection:
            await watches.ask_check(connection, TEAM, "a new day")
        await desk.check()
        told.append(len(await desk.replies()))
    assert told == [0, 1, 1, 1]
    (flip,) = await desk.flips()
    assert flip.notices == (
        "gpt-4o leaves its API on 14 January 2027, in 60 days. Choose what takes its place before.",
    )
    clock.day = dt.date(2027, 1, 14)
    async with desk.database.team(TEAM) as connection:
        await watches.ask_check(connection, TEAM, "a new day")
    await desk.check()
    gone = (await desk.flips())[1]
    assert any("gpt-4o left its API on 14 January 2027" in notice for notice in gone.notices)


async def test_every_team_that_watches_is_asked_once_a_day(desk: Desk) -> None:
    await desk.watched()
    await desk.check()
    async with desk.database.engine() as connection:
        assert await watches.ask_daily(connection) == 1
        assert await watches.ask_daily(connection) == 0
    assert await desk.jobs() == [TEAM]
    (watch,) = await desk.watches.list(TEAM)
    await desk.check()
    (checked,) = await desk.watches.list(TEAM)
    assert checked.checked_at != watch.checked_at
    assert checked.checked_because == "a new day"


async def test_requests_coalesce_into_the_job_that_waits(desk: Desk) -> None:
    await desk.watched()
    for number in range(20):
        async with desk.database.team(TEAM) as connection:
            await watches.ask_check(connection, TEAM, f"change {number}")
    assert await desk.jobs() == [TEAM]
    # One that came after the job was taken up waits for a job of its own.
    await desk.take_jobs()
    async with desk.database.team(TEAM) as connection:
        await watches.ask_check(connection, TEAM, "one more")
    assert await desk.jobs() == [TEAM]


async def test_nobody_watching_asks_for_nothing(desk: Desk) -> None:
    await desk.decide()
    await desk.dearer_api(2)
    async with desk.database.engine() as connection:
        await watches.ask_check_all(connection, "prices were refreshed")
        assert await watches.ask_daily(connection) == 0
    assert await desk.jobs() == []


async def test_teams_are_checked_apart(desk: Desk, clock: Clock) -> None:
    other = make_desk(desk.database, clock, team="T2")
    mine, theirs = await desk.watched(SMALL), await other.watched(SMALL)
    await desk.dearer_api(1_000)
    assert await desk.jobs() == [TEAM]
    await desk.check()
    assert len(await desk.replies()) == 1
    assert await other.replies() == []
    with pytest.raises(UserError, match="no watch"):
        await other.watches.stop("T2", mine.watch_id, ANA)
    async with desk.database.engine() as connection:
        await watches.ask_check_all(connection, "prices were refreshed")
    assert sorted(await desk.jobs()) == [TEAM, "T2"]
    assert (await other.watches.list("T2"))[0].watch_id == theirs.watch_id


async def test_what_is_stopped_is_not_checked_and_can_be_watched_again(desk: Desk) -> None:
    watch = await desk.watched(SMALL)
    stopped = await desk.watches.stop(TEAM, watch.watch_id, ANA)
    assert not stopped.is_active
    assert not (await desk.watches.stop(TEAM, watch.watch_id, ANA)).is_active
    await desk.dearer_api(1_000)
    assert await desk.jobs() == []
    assert await desk.replies() == []
    assert await desk.watches.list(TEAM) == []
    again = await desk.watches.save(TEAM, watch.conversation_id, ANA)
    assert again.verdict == "Distillation with LoRA"


async def test_a_price_that_vanishes_is_said_once_and_flips_no_verdict(desk: Desk) -> None:
    await desk.prices.set(TEAM, "our-model in=2 out=10", "U0BOB")
    conversation_id = await desk.decide(LARGE)
    async with desk.database.team(TEAM) as connection:
        await cost_scenarios.set_value(
            connection, TEAM, conversation_id, key="models", value=["our-model"], who=ANA, source="f"
        )
    watch = await desk.watches.save(TEAM, conversation_id, ANA)
    await desk.prices.unset(TEAM, "our-model", "U0BOB")
    await desk.check()
    (flip,) = await desk.flips()
    assert flip.headline.endswith("its costs cannot be computed any more")
    assert "our-model" in flip.notices[0]
    (listed,) = await desk.watches.list(TEAM)
    assert listed.verdict == watch.verdict
    assert "our-model" in listed.unpriced
    async with desk.database.team(TEAM) as connection:
        await watches.ask_check(connection, TEAM, "again")
    await desk.check()
    assert len(await desk.replies()) == 1
    await desk.prices.set(TEAM, "our-model in=2 out=10", "U0BOB")
    await desk.check()
    assert (await desk.flips())[1].headline == f"Still {watch.verdict}, and its costs can be computed again"


async def test_many_watches_are_checked_in_bounded_jobs(desk: Desk) -> None:
    for number in range(27):
        await desk.watched(SMALL, thread_ts=f"{number}.1")
    await desk.dearer_api(1_000)
    await desk.take_jobs()
    await desk.watches.check(TEAM)
    assert len(await desk.replies()) == 25
    assert await desk.jobs() == [TEAM]
    await desk.check()
    assert len(await desk.replies()) == 27
    assert await desk.jobs() == []


async def test_a_watch_whose_check_breaks_keeps_no_other_from_being_checked(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    broken = await desk.watched(SMALL, thread_ts="1.1")
    await desk.watched(SMALL, thread_ts="2.1")
    async with desk.database.team(TEAM) as connection:
        await connection.execute("""UPDATE app.watch SET basis = basis - 'grounds' WHERE id = %s""", (broken.watch_id,))
    await desk.dearer_api(1_000)
    await desk.check()
    assert len(await desk.replies()) == 1
    assert "broke" in caplog.text
    assert await desk.jobs() == []


async def test_checks_that_race_tell_a_flip_once(desk: Desk, dsn: str, clock: Clock) -> None:
    for number in range(4):
        await desk.watched(SMALL, thread_ts=f"{number}.1")
    await desk.dearer_api(1_000)
    async with Database(dsn) as second:
        others = [make_desk(database, clock) for database in (desk.database, second, desk.database, second)]
        await asyncio.gather(*(each.watches.check_due(TEAM) for each in others))
    assert len(await desk.replies()) == 4
    assert [watch.flips for watch in await desk.watches.list(TEAM)] == [1, 1, 1, 1]


async def test_a_change_while_a_check_is_under_way_is_checked_after_it(desk: Desk) -> None:
    await desk.watched(SMALL)
    await desk.dearer_api(1_000)
    await desk.take_jobs()
    # Asked for after the job was taken up: whichever of them comes first, the newest prices are seen.
    await asyncio.gather(desk.watches.check(TEAM), desk.dearer_api(1))
    assert await desk.jobs() == [TEAM]
    await desk.check()
    flips = await desk.flips()
    (watch,) = await desk.watches.list(TEAM)
    assert watch.verdict == "Prompting"
    assert len(flips) in {0, 2}
