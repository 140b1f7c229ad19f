"""What is old is deleted by itself, what a decision rests on is not; of a thread's checkpoints the last is kept."""

import asyncio
import datetime as dt

import pytest

from agents.services.retention import Retention
from agents.settings import load_settings
from agents.store.checkpoints import Checkpoints
from tests.integration.memory.desk import ANA, CHANNEL, OTHER_THREAD, TEAM, THREAD, Desk

pytestmark = pytest.mark.integration

DAYS = dt.timedelta(days=90)


async def _grow_old(desk: Desk, thread: str, days: int) -> None:
    """Let a thread's words be as old as if nobody had said anything since."""
    then = (dt.datetime.now(dt.UTC) - dt.timedelta(days=days)).isoformat()
    await desk.run(
        "UPDATE langgraph.checkpoints SET checkpoint = checkpoint || jsonb_build_object('ts', %(ts)s::text) "
        "WHERE thread_id = %(thread)s",
        ts=then,
        thread=f"{TEAM}:{CHANNEL}:{thread}",
    )


async def _threads(desk: Desk) -> set[str]:
    return {str(each["thread_id"]).rpartition(":")[2] for each in await desk.rows("langgraph.checkpoints")}


async def test_after_every_turn_one_checkpoint_is_left_and_nothing_of_those_before(desk: Desk) -> None:
    await desk.begin()
    sizes = []
    for number in range(6):
        await desk.begin(text=f"message {number}")
        assert len(await desk.rows("langgraph.checkpoints")) == 1
        blobs = await desk.rows("langgraph.checkpoint_blobs")
        sizes.append(len(blobs))
        assert len({each["channel"] for each in blobs}) == len(blobs), "each channel is kept once"
    assert sizes[-1] == sizes[0], "a thread grows by what is said, not by its turns"


async def test_the_words_of_a_thread_go_with_age_and_its_answers_stay(desk: Desk) -> None:
    old = await desk.begin()
    await desk.answer(old, requests_per_day="40k")
    await desk.begin(OTHER_THREAD)
    await _grow_old(desk, THREAD, 91)
    known = await desk.known(old)

    cleared = await Retention(desk.database, DAYS).clear()

    assert cleared.threads == 1
    assert await _threads(desk) == {OTHER_THREAD}
    assert {str(each["thread_id"]) for each in await desk.rows("langgraph.checkpoint_blobs")} == {
        f"{TEAM}:{CHANNEL}:{OTHER_THREAD}"
    }
    assert await desk.known(old) == known
    await desk.begin(text="let us go on")
    assert (await desk.decisions.state(TEAM, old)).open_question is not None, "the thread goes on"


@pytest.mark.timeout(60)
async def test_a_thread_in_which_somebody_speaks_just_now_is_left_alone(desk: Desk, checkpoints: Checkpoints) -> None:
    await desk.begin()
    await _grow_old(desk, THREAD, 400)

    async with checkpoints.saver(TEAM, f"{TEAM}:{CHANNEL}:{THREAD}"):
        assert (await Retention(desk.database, DAYS).clear()).threads == 0
    # The lock goes as the pool takes its connection back, a moment after.
    while await _threads(desk):
        await Retention(desk.database, DAYS).clear()
        await asyncio.sleep(0.02)


async def test_events_go_with_age_once_they_were_handled(desk: Desk) -> None:
    for key in ("old", "old, not handled", "new"):
        await desk.received(key, ANA, THREAD, text="hello")
    await desk.run("UPDATE app.slack_event SET handled_at = now() - interval '91 days' WHERE key = 'old'")
    await desk.run("UPDATE app.slack_event SET handled_at = NULL, received_at = now() - interval '91 days' "
                   "WHERE key = 'old, not handled'")  # fmt: skip

    assert (await Retention(desk.database, DAYS).clear()).events == 1
    assert {each["key"] for each in await desk.rows("app.slack_event")} == {"old, not handled", "new"}


async def test_more_than_one_batch_goes_at_once(desk: Desk) -> None:
    await desk.run(
        "INSERT INTO app.slack_event (team_id, key, kind, user_id, body, handled_at) "
        "SELECT %(team)s, 'k' || n, 'home', 'U', '{}', now() - interval '1 year' FROM generate_series(1, 1200) n"
    )
    assert (await Retention(desk.database, DAYS).clear()).events == 1200


async def test_messages_that_were_taken_back_leave_no_card(desk: Desk) -> None:
    conversation = await desk.begin()
    async with desk.database.engine() as connection:
        await connection.execute("UPDATE app.slack_sent SET ts = '1.5', sent_version = wanted_version")
    await desk.forgetting.forget_thread(TEAM, CHANNEL, THREAD, who=ANA, event_key="F1")
    retention = Retention(desk.database, DAYS)
    assert (await retention.clear()).cards == 0, "they still stand in Slack"

    async with desk.database.engine() as connection:
        await connection.execute("UPDATE app.slack_sent SET sent_version = wanted_version")
    assert (await retention.clear()).cards > 0

    assert not [each for each in await desk.rows("app.slack_card") if conversation in each["key"]]


async def test_nothing_goes_where_the_setting_says_never(desk: Desk) -> None:
    await desk.begin()
    await _grow_old(desk, THREAD, 4_000)
    assert (await Retention(desk.database, None).clear()).threads == 0
    assert await _threads(desk) == {THREAD}


async def test_clearing_ends_when_the_process_does(desk: Desk) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(Retention(desk.database, DAYS).keep_clear(stop))
    stop.set()
    await running


def test_what_people_wrote_is_kept_for_90_days_unless_said_otherwise() -> None:
    assert load_settings().retention_days == 90
